// docker-compose.yaml on a container engine of the test's own: podman, with its images, containers, networks
// and volumes in one folder that goes with the test, so that nothing of the machine's is seen or touched.
//
// No registry is asked. The base of all images is what debootstrap makes, and postgres:15-bookworm and
// rabbitmq:3.13 are stand-ins from Debian's packages (test/compose). Steps of a build use the machine's
// network. A machine without systemd has nobody who asks for the health of podman's containers, so
// that is done here.
//
// REELGATE_COMPOSE_DIR=FOLDER keeps the images there for the next run.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './engines.mjs';
import { root, sleep, until } from './reelgate.mjs';

const exec = promisify(execFile);
const BASE = 'docker.io/library/debian:bookworm-slim';
const OURS = { 'docker.io/library/reelgate': [], 'docker.io/library/reelgate-gateway': ['--target', 'gateway'] };
const STAND_INS = { 'docker.io/library/postgres:15-bookworm': 'postgres', 'docker.io/library/rabbitmq:3.13': 'rabbitmq' };
// A network that looks into TLS has its authority in the machine's list. The base has that list for npm, as the base of a
// company with such a network does: then whoever builds, this test or docker-compose, needs nothing more.
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

// What Debian's slim images leave out too.
const SLIM = ['doc', 'man', 'info', 'locale', 'groff', 'lintian'];
function makeBase(dir) {
    execFileSync('debootstrap', ['--variant=minbase', 'bookworm', dir], { stdio: 'pipe', maxBuffer: 1 << 26 });
    writeFileSync(join(dir, 'etc/dpkg/dpkg.cfg.d/slim'), SLIM.map((name) => `path-exclude /usr/share/${name}/*\n`).join('') + 'path-include /usr/share/doc/*/copyright\n');
    execFileSync('find', [join(dir, 'usr/share/doc'), '-type', 'f', '!', '-name', 'copyright', '-delete']);
    for (const name of SLIM.slice(1)) rmSync(join(dir, 'usr/share', name), { recursive: true, force: true });
    for (const name of ['var/lib/apt/lists', 'var/cache/apt/archives', 'var/log'])
        for (const file of readdirSync(join(dir, name))) rmSync(join(dir, name, file), { recursive: true, force: true });
    if (existsSync(AUTHORITIES)) {
        copyFileSync(AUTHORITIES, join(dir, 'root/authorities.crt'));
        writeFileSync(join(dir, 'root/.npmrc'), 'cafile=/root/authorities.crt\n');
    }
}

export class Engine {
    constructor(t) {
        this.dir = mkdtempSync(join(tmpdir(), 'reelgate-compose-'));
        this.images = process.env.REELGATE_COMPOSE_DIR ?? join(this.dir, 'images');
        for (const name of [this.images, join(this.dir, 'networks'), join(this.dir, 'volumes')]) mkdirSync(name, { recursive: true });
        rmSync(join(this.images, 'libpod'), { recursive: true, force: true }); // what an earlier engine knew of its containers
        const file = (name, text) => {
            writeFileSync(join(this.dir, name), text);
            return join(this.dir, name);
        };
        const files = Math.min(execFileSync('sh', ['-c', 'ulimit -Hn | sed s/unlimited/65536/']), 65536);
        // Limits that this machine allows; crun refuses machines with both kinds of cgroups; locks of its own.
        const conf = file('containers.conf', `[containers]
default_ulimits=["nofile=${files}:${files}","nproc=1024:1024"]
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
lock_type="file"
volume_path="${this.dir}/volumes"
tmp_dir="${this.dir}/tmp"
[network]
network_backend="netavark"
network_config_dir="${this.dir}/networks"
`);
        const storage = file('storage.conf', `[storage]\ndriver="overlay"\ngraphroot="${this.images}"\nrunroot="${this.dir}/run"\n`);
        this.socket = join(this.dir, 'podman.sock');
        this.port = 0;
        this.env = { ...process.env, CONTAINERS_CONF: conf, CONTAINERS_STORAGE_CONF: storage, DOCKER_HOST: `unix://${this.socket}`, COMPOSE_PROJECT_NAME: 'reelgate', COMPOSE_HTTP_TIMEOUT: '600', COMPOSE_DOCKER_CLI_BUILD: '0' }; // no program of Docker's is asked to build
        for (const name of Object.keys(this.env)) if (name.startsWith('REELGATE')) delete this.env[name];
        t.after(() => this.end());
    }
    podman(...args) { return execFileSync('podman', args, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 }).toString(); }
    async start() {
        this.service = spawn('podman', ['system', 'service', '-t', '0', `unix://${this.socket}`], { env: this.env, stdio: 'ignore' });
        this.served = new Promise((done) => this.service.on('exit', done));
        this.keepAddresses();
        await until('podman answers', () => existsSync(this.socket) && this.ask('GET', '/_ping').then((a) => a.status === 200, () => false));
        [this.port, this.tlsPort] = [await freePort(), await freePort()];
        this.url = `http://127.0.0.1:${this.port}`;
        // Only what a test needs: ports that are free, and a network for the steps that install packages.
        this.override = join(this.dir, 'override.yaml');
        writeFileSync(this.override, 'services:\n  secrets: {build: {network: host}}\n  gateway: {build: {network: host}}\n');
        [this.desk, this.bin] = [join(this.dir, 'desk'), join(this.dir, 'bin')];
        for (const name of [this.desk, this.bin]) mkdirSync(name);
        writeFileSync(join(this.bin, 'docker-compose'), `#!/bin/sh\nexec ${execFileSync('which', ['docker-compose']).toString().trim()} -f ${root}/docker-compose.yaml -f ${this.override} "$@"\n`, { mode: 0o755 });
    }
    // A bridge has the lowest address of those on it, so it changes as containers come and go, and those that knew
    // the old one reach the engine's server of names no more, for up to a minute. udev and netavark from 1.9 on give each
    // bridge an address for good; here there may be neither, so that is done for the bridges of this engine.
    keepAddresses() {
        this.monitor = spawn('ip', ['-o', 'monitor', 'link'], { stdio: ['ignore', 'pipe', 'ignore'] });
        this.monitored = new Promise((done) => this.monitor.on('exit', done));
        const kept = (name) => readFileSync(`/sys/class/net/${name}/addr_assign_type`, 'utf8').trim() === '3';
        this.monitor.stdout.on('data', () => {
            for (const file of readdirSync(join(this.dir, 'networks')).filter((name) => name.endsWith('.json')))
                try {
                    const name = JSON.parse(readFileSync(join(this.dir, 'networks', file), 'utf8')).network_interface;
                    if (!kept(name)) execFileSync('ip', ['link', 'set', 'dev', name, 'address', readFileSync(`/sys/class/net/${name}/address`, 'utf8').trim()], { stdio: 'ignore' });
                } catch { /* it has gone, or is being made: then there is more to come */ }
        });
    }
    // Its API: { status, json }.
    ask(method, path) {
        return new Promise((done, failed) => {
            http.request({ socketPath: this.socket, method, path }, (answer) => {
                const parts = [];
                answer.on('data', (part) => parts.push(part));
                answer.on('end', () => {
                    const text = Buffer.concat(parts).toString();
                    let json = null;
                    try { json = JSON.parse(text); } catch { /* a text */ }
                    done({ status: answer.statusCode, json, text });
                });
            }).on('error', failed).end();
        });
    }

    // -- images --
    has(image) { return this.podman('images', '-q', image).trim() !== ''; }
    build(image, flags, folder) {
        return exec('podman', ['build', '--format', 'docker', '--network=host', '-t', image, ...flags, folder], { env: this.env, maxBuffer: 1 << 28 });
    }
    // Seconds that each took; 0 for those that were there.
    async makeImages() {
        const took = {};
        const timed = async (name, make) => {
            const from = Date.now();
            await make();
            took[name] = Math.round((Date.now() - from) / 1000);
        };
        if (!this.has(BASE))
            await timed(BASE, () => {
                const dir = join(this.dir, 'base');
                makeBase(dir);
                execFileSync('sh', ['-c', 'tar -C "$1" -c . | podman import - "$2"', 'sh', dir, BASE], { env: this.env, stdio: 'pipe' });
                rmSync(dir, { recursive: true, force: true });
            });
        for (const [image, name] of Object.entries(STAND_INS))
            if (!this.has(image)) await timed(image, () => this.build(image, ['-f', join(root, 'test/compose', `${name}.Dockerfile`)], join(root, 'test/compose')));
        for (const [image, flags] of Object.entries(OURS)) await timed(image, () => this.build(image, flags, root));
        // As a registry would, for when `down --rmi all` has removed them.
        for (const image of Object.keys(STAND_INS)) this.podman('tag', image, image.replace('docker.io/library', 'localhost/kept'));
        return took;
    }
    fetchStandIns() { for (const image of Object.keys(STAND_INS)) this.podman('tag', image.replace('docker.io/library', 'localhost/kept'), image); }
    // After this nothing of an earlier build is left: neither a page, nor a program, nor packages.
    forgetBuilds() {
        this.podman('image', 'prune', '-f');
        assert.equal(this.podman('images', '-aq', '--filter', 'dangling=true').trim(), '');
    }
    bytes(image) { return Number(this.podman('image', 'inspect', '-f', '{{.Size}}', image)); }
    // What a build of a folder is sent, as our .dockerignore leaves it.
    context(folder) {
        const file = join(this.dir, 'context.Dockerfile');
        writeFileSync(file, `FROM ${BASE}\nCOPY . /context\n`);
        this.podman('build', '-q', '-t', 'localhost/context', '-f', file, '--ignorefile', join(root, '.dockerignore'), folder);
        return this.podman('run', '--rm', '--network=none', 'localhost/context', 'find', '/context', '-type', 'f', '-printf', '%P\n').trim().split('\n');
    }

    // podman's filter of system calls with what Docker's forbids to containers without rights: the calls of mounts and of
    // name spaces; clone with any flag of them; clone3, whose flags a filter cannot see, is not there.
    dockersFilter() {
        const profile = JSON.parse(readFileSync('/usr/share/containers/seccomp.json', 'utf8'));
        const forbidden = /^(unshare|setns|clone3?|u?mount2?|pivot_root|move_mount|open_tree|fs(open|mount|config|pick)|mount_setattr)$/;
        profile.syscalls = profile.syscalls.map((s) => ({ ...s, names: s.names.filter((name) => s.action !== 'SCMP_ACT_ALLOW' || !forbidden.test(name)) })).filter((s) => s.names.length);
        profile.syscalls.push({ names: ['clone'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 0x7e020000, op: 'SCMP_CMP_MASKED_EQ' }] },
            { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38, args: [] });
        delete profile.defaultErrno;
        const file = join(this.dir, 'filter.json');
        writeFileSync(file, JSON.stringify({ ...profile, defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 }));
        return file;
    }

    // -- the service --
    // Commands of an operator's, in an empty folder, while health checks are asked for; docker-compose is the real one,
    // told where the file is. Gives what they said.
    async shell(script, input = '') {
        let over = false;
        const run = exec('bash', ['-euo', 'pipefail', '-c', script], {
            cwd: this.desk, maxBuffer: 1 << 28, encoding: 'latin1',
            env: { ...this.env, PATH: `${this.bin}:${process.env.PATH}`, REELGATE_HTTP_PORT: String(this.port), REELGATE_HTTPS_PORT: String(this.tlsPort) },
        });
        run.child.stdin.end(input);
        run.then(() => (over = true), () => (over = true));
        while (!over) {
            await this.lookAfter();
            await Promise.race([run.catch(() => {}), sleep(500)]);
        }
        return (await run).stdout;
    }
    compose(...args) { return this.shell(`docker-compose ${args.join(' ')}`); }
    async containers() {
        const { json } = await this.ask('GET', '/v4.0.0/libpod/containers/json?all=true');
        return (json ?? []).map((c) => ({ id: c.Id, name: c.Labels['com.docker.compose.service'], state: c.State, pid: c.Pid }));
    }
    async lookAfter() {
        const running = (await this.containers()).filter((c) => c.state === 'running' && c.name !== 'secrets');
        await Promise.all(running.map(({ id }) => this.ask('GET', `/v4.0.0/libpod/containers/${id}/healthcheck`)));
    }
    // { gateway: 'healthy', ... } of those that run.
    async health() {
        await this.lookAfter();
        const all = {};
        for (const { id, name, state } of await this.containers()) {
            if (state !== 'running') continue;
            const { json } = await this.ask('GET', `/v4.0.0/containers/${id}/json`);
            const { Status: status = 'none', Log: checks } = json?.State?.Health ?? {};
            // An engine takes three failed checks before it says so. What counts here is now: the last one.
            all[name] = status === 'healthy' && checks.at(-1).ExitCode !== 0 ? 'failing' : status;
        }
        return all;
    }
    healthy(limit_ms = 180_000) {
        const wanted = ['backend-1', 'backend-2', 'database', 'gateway', 'queue', 'worker-1', 'worker-2'];
        let seen;
        return until('all are healthy', async () => {
            seen = await this.health();
            return wanted.every((name) => seen[name] === 'healthy');
        }, limit_ms, 500).catch((error) => { throw new Error(`${error.message}: ${JSON.stringify(seen)}\n${this.logs()}`); });
    }
    logs() { return this.all().map((id) => `== ${this.podman('inspect', '-f', '{{.Name}}', id)}${this.lines(id).slice(-1500)}`).join('\n'); }
    lines(container) { return execFileSync('sh', ['-c', 'podman logs "$1" 2>&1', 'sh', container], { env: this.env, maxBuffer: 1 << 26 }).toString(); }
    all() { return this.podman('ps', '-aq').split('\n').filter(Boolean); }
    async log(name) { return this.lines((await this.containers()).find((c) => c.name === name).id); }
    // The main process of a container is killed, as the kernel would when memory is gone; true when it has come back.
    async killAndReturn(name) {
        const before = (await this.containers()).find((c) => c.name === name);
        process.kill(before.pid, 'SIGKILL');
        await until(`${name} has come back`, async () => {
            const now = (await this.containers()).find((c) => c.name === name);
            return now?.state === 'running' && now.pid > 0 && now.pid !== before.pid;
        }, 60_000, 100);
    }
    // { gateway: '7.5MB', ... }, as the engine counts: the container's own pages and its files' in use.
    memory() {
        const all = JSON.parse(this.podman('stats', '--no-stream', '--format', 'json'));
        return Object.fromEntries(all.map((c) => [c.name.replace(/^reelgate_|_1$/g, ''), c.mem_usage.split(' / ')[0]]).filter(([name]) => name !== 'secrets'));
    }
    async end() {
        try {
            const ids = this.all();
            if (ids.length) this.podman('rm', '-f', '-t', '0', ...ids);
            for (const name of this.podman('network', 'ls', '-q').split('\n').filter((n) => n && n !== 'podman')) this.podman('network', 'rm', name);
            assert.deepEqual(this.all(), []);
        } finally {
            this.service?.kill('SIGTERM');
            this.monitor?.kill('SIGTERM');
            await Promise.all([this.served, this.monitored]);
            // What watches over commands inside stays for minutes, and would make the folder anew.
            for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
                try {
                    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${this.dir}/`)) process.kill(Number(pid), 'SIGKILL');
                } catch { /* it has ended */ }
            for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
                const at = line.split(' ')[1];
                if (at?.startsWith(`${this.dir}/`) || at?.startsWith(`${this.images}/`)) execFileSync('umount', ['-l', at]);
            }
            rmSync(this.dir, { recursive: true, force: true });
        }
    }
}
