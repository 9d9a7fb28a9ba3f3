// The real program, started and stopped by the tests: commands, servers, and what is left of them.
//
// A server gets a port and a data folder of its own; both are gone when its test is over. Only
// processes that were started here are ended, by their number.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const program = resolve(process.env.REELGATE ?? join(root, 'build/reelgate'));
if (!existsSync(program)) throw new Error(`${program} is not there; run script/build first`);

// Time limits are generous: a sanitized program on a busy machine is ten times slower.
export const PATIENCE_MS = 60_000;

// REELGATE_* of the one who runs the tests must not reach the program, nor must what it kept before.
const caches = mkdtempSync(join(tmpdir(), 'reelgate-test-cache-'));
process.on('exit', () => rmSync(caches, { recursive: true, force: true }));
const environment = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('REELGATE'))),
    XDG_CACHE_HOME: caches,
};

export function folder(t) {
    const dir = mkdtempSync(join(tmpdir(), 'reelgate-test-'));
    t?.after(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
}

export async function until(what, check, limit_ms = PATIENCE_MS, pause_ms = 25) {
    const end = Date.now() + limit_ms;
    for (;;) {
        const value = await check();
        if (value) return value;
        if (Date.now() > end) throw new Error(`not within ${limit_ms} ms: ${what}`);
        await sleep(pause_ms);
    }
}

function collect(child) {
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
        child[name].setEncoding('utf8');
        child[name].on('data', (text) => (out[name] += text));
    }
    return out;
}

// Runs one command to its end: { code, signal, stdout, stderr }.
export function run(args, { input = '', env = {}, cwd, limit_ms = PATIENCE_MS, command = program, onStart } = {}) {
    return new Promise((done, fail) => {
        const child = spawn(command, args, { cwd, env: { ...environment, ...env } });
        const out = collect(child);
        const timer = setTimeout(() => child.kill('SIGKILL'), limit_ms);
        child.on('error', fail);
        child.stdin.on('error', () => {});
        child.stdin.end(input);
        child.on('close', (code, signal) => {
            clearTimeout(timer);
            done({ code, signal, ...out });
        });
        onStart?.(child);
    });
}

// -- processes ---------------------------------------------------------------------------------

function parentOf(pid) {
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? 0 : Number(parent);
    } catch {
        return 0; /* it has ended */
    }
}

// All living descendants, parents first.
export function descendants(pid) {
    const parents = new Map();
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(name));
    const found = [];
    const look = (of) => {
        for (const [child, parent] of parents)
            if (parent === of) {
                found.push(child);
                look(child);
            }
    };
    look(pid);
    return found;
}

export const alive = (pid) => parentOf(pid) !== 0;

export function residentBytes(pid) {
    const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line[1]) * 1024;
}

// -- servers -----------------------------------------------------------------------------------

// Cheap hashes and quick sweeps; what a test is about comes after, in flags.
const QUICK = ['--password-memory', '8M', '--password-passes', '1', '--workers', '1', '--sweep', '200ms',
    '--preset', 'ultrafast', '--free-space-floor', '0'];

// A program that goes on until it is stopped.
export class Program {
    constructor(args, { env = {}, command = [] } = {}) {
        this.args = args;
        this.env = env;
        this.command = command; // what runs it, such as [ip, netns, exec, name]
    }

    // Starts it and waits until it says a line that matches.
    async launch(ready) {
        const [command, ...args] = [...this.command, program, ...this.args];
        this.child = spawn(command, args, { env: { ...environment, ...this.env }, stdio: ['ignore', 'pipe', 'pipe'] });
        this.pid = this.child.pid;
        this.out = collect(this.child);
        this.ended = new Promise((done) => this.child.on('close', (code, signal) => done({ code, signal })));
        let over = false;
        this.ended.then(() => (over = true));
        return until(`it says ${ready}`, () => {
            if (over) throw new Error(`it ended:\n${this.log()}`);
            return ready.exec(this.log());
        });
    }

    log() { return this.out.stdout + this.out.stderr; }
    logLines(pattern) { return this.log().split('\n').filter((line) => pattern.test(line)); }

    // The media helper and the children that it has forked for attempts.
    helper() { return descendants(this.pid)[0]; }
    attempts() { return descendants(this.pid).slice(1); }

    // SIGTERM, and the exit code.
    async stop(signal = 'SIGTERM', limit_ms = PATIENCE_MS) {
        if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return this.ended;
        const below = descendants(this.pid);
        this.child.kill(signal);
        const timer = setTimeout(() => this.child.kill('SIGKILL'), limit_ms);
        const end = await this.ended;
        clearTimeout(timer);
        await until('what it had started has ended', () => !below.some(alive), 10_000);
        return end;
    }
    kill() { return this.stop('SIGKILL'); }
}

export class Server extends Program {
    // quick: flags that make tests quick, before all others.
    constructor(dir, flags, quick = QUICK) {
        super([]);
        this.quick = quick;
        this.dir = dir;
        this.flags = flags;
    }

    async start(flags = this.flags) {
        this.args = ['serve', '--listen', '127.0.0.1:0', '--data', this.dir, ...this.quick, ...flags];
        this.url = (await this.launch(/^listening on (http:\/\/127\.0\.0\.1:\d+)$/m))[1];
        return this;
    }

    // Every regular file below the data folder, as paths relative to it.
    files() {
        return readdirSync(this.dir, { recursive: true }).filter((name) => {
            try {
                return statSync(join(this.dir, name)).isFile();
            } catch {
                return false; /* removed since it was listed */
            }
        });
    }
    // Files of clips, reels and posters, and what is on the way to become one. Kept logo parts are no task's.
    blobs() { return this.files().filter((name) => !/^(reelgate\.db|secret|cache\/)/.test(name) && !/lock/.test(name)); }

    doctor(...flags) { return run(['doctor', '--json', '--listen', '127.0.0.1:0', '--data', this.dir, '--free-space-floor', '0', ...flags]); }
}

export async function serve(t, ...flags) {
    const server = new Server(folder(null), flags);
    t.after(async () => {
        await server.stop('SIGKILL');
        rmSync(server.dir, { recursive: true, force: true });
    });
    await server.start();
    return server;
}
