// Real servers for tests: each started in a folder of its own on free loopback ports, stopped by
// process id when the test ends. As root they run as the users that Debian's packages made.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root as top, sleep, until } from './reelgate.mjs';

const root = process.getuid() === 0;

function account(name) {
    if (!root) return {};
    const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((l) => l.startsWith(`${name}:`));
    assert.ok(line, `there is no user ${name}`);
    const [, , uid, gid] = line.split(':');
    return { uid: Number(uid), gid: Number(gid) };
}

// wish: that one, if it is free.
export function freePort(wish = 0) {
    return new Promise((done, failed) => {
        const server = net.createServer().listen(wish, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => done(port));
        }).on('error', (error) => (wish ? done(freePort()) : failed(error)));
    });
}
// key.pem and cert.pem in a folder, for localhost; gives what trusts it.
export function certificate(dir) {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
        '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'pipe' });
    return readFileSync(join(dir, 'cert.pem'));
}
const listens = (port) => new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(true); }).on('error', () => done(false));
});

// A server process that can be killed and started again on the same files.
class Engine {
    // keep: a folder to lie in and to stay in when it ends; else one of its own, which goes with it.
    constructor(name, user, keep) {
        this.name = name;
        this.kept = Boolean(keep);
        this.dir = keep ? join(keep, name) : mkdtempSync(join(tmpdir(), `reelgate-${name}-`));
        mkdirSync(this.dir, { recursive: true });
        this.account = account(user);
        if (root) chownSync(this.dir, this.account.uid, this.account.gid);
        chmodSync(this.dir, 0o755);
        this.log = join(this.dir, 'server.log');
    }
    run(program, args, env = {}) {
        return execFileSync(program, args, { cwd: this.dir, ...this.account, env: { PATH: process.env.PATH, HOME: this.dir, LANG: 'C.UTF-8', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    }
    spawn(program, args, env = {}) {
        const log = openSync(this.log, 'a');
        const child = spawn(program, args, { cwd: this.dir, ...this.account, env: { PATH: process.env.PATH, HOME: this.dir, LANG: 'C.UTF-8', ...env }, stdio: ['ignore', log, log] });
        child.ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
        return child;
    }
    async listening(port, child) {
        await until(`${this.name} listens (see ${this.log})`, async () => {
            assert.equal(child.exitCode, null, `${this.name} ended: ${readFileSync(this.log, 'utf8').slice(-2000)}`);
            return listens(port);
        }, 60_000);
    }
    async kill(signal = 'SIGKILL') {
        if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
        this.child.kill(signal);
        await this.child.ended;
    }
    async end() {
        await this.kill(this.kept ? this.gently : 'SIGKILL');
        if (this.helper) {
            this.helper.kill('SIGKILL');
            await this.helper.ended;
        }
        if (!this.kept) rmSync(this.dir, { recursive: true, force: true });
    }
    gently = 'SIGTERM';
}

class Postgres extends Engine {
    gently = 'SIGINT'; // without waiting for those who are connected
    // address: of another network, beside loopback
    async begin(address) {
        this.addresses = ['127.0.0.1', ...(address ? [address] : [])].join(',');
        this.bin = execFileSync('pg_config', ['--bindir']).toString().trim();
        this.port = await freePort();
        const fresh = !existsSync(join(this.dir, 'data/PG_VERSION'));
        if (fresh) this.run(join(this.bin, 'initdb'), ['-D', 'data', '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
        if (address) appendFileSync(join(this.dir, 'data/pg_hba.conf'), `host all all ${address}/24 trust\n`);
        await this.start();
        if (fresh) this.run(join(this.bin, 'createdb'), ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres', 'reelgate']);
        this.url = `postgresql://postgres@127.0.0.1:${this.port}/reelgate`;
        return this;
    }
    async start() {
        this.child = this.spawn(join(this.bin, 'postgres'), ['-D', 'data', '-p', String(this.port), '-k', this.dir, '-c', `listen_addresses=${this.addresses}`]);
        await until('postgres answers', () => {
            try {
                this.run(join(this.bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(this.port)]);
                return true;
            } catch { return false; }
        }, 60_000);
    }
    query(sql) { return this.run(join(this.bin, 'psql'), ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres', '-d', 'reelgate', '-Atc', sql]).toString().trim(); }
}

class Rabbit extends Engine {
    // tls: it is also to be had over TLS, at tlsUrl and tlsPort.
    async begin(tls) {
        this.port = await freePort();
        this.mapper = await freePort();
        this.dist = await freePort();
        this.helper = this.spawn('epmd', ['-port', String(this.mapper), '-address', '127.0.0.1']);
        await this.listening(this.mapper, this.helper);
        this.conf = '/nonexistent';
        if (tls) {
            this.tlsPort = await freePort();
            certificate(this.dir);
            chmodSync(join(this.dir, 'key.pem'), 0o644);
            this.conf = join(this.dir, 'rabbitmq.conf');
            writeFileSync(this.conf, ['listeners.ssl.default = 127.0.0.1:' + this.tlsPort, `ssl_options.cacertfile = ${this.dir}/cert.pem`,
                `ssl_options.certfile = ${this.dir}/cert.pem`, `ssl_options.keyfile = ${this.dir}/key.pem`, 'ssl_options.verify = verify_none', ''].join('\n'));
            this.tlsUrl = `amqps://guest:guest@localhost:${this.tlsPort}/%2f?cacert=${this.dir}/cert.pem`;
        }
        await this.start();
        this.url = `amqp://guest:guest@127.0.0.1:${this.port}/%2f`;
        return this;
    }
    async start() {
        this.child = this.spawn('/usr/lib/rabbitmq/bin/rabbitmq-server', [], {
            RABBITMQ_ALLOW_INPUT: '1',
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput +S 2:2 +sbwt none',
            RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
            [this.conf.endsWith('.conf') ? 'RABBITMQ_CONFIG_FILE' : 'RABBITMQ_CONFIG_FILES']: this.conf,
            RABBITMQ_NODE_PORT: this.port,
            RABBITMQ_DIST_PORT: this.dist,
            ERL_EPMD_PORT: this.mapper,
            RABBITMQ_NODENAME: 'reelgate@localhost', // known to its own epmd alone
            RABBITMQ_MNESIA_BASE: join(this.dir, 'mnesia'),
            RABBITMQ_LOG_BASE: join(this.dir, 'log'),
            RABBITMQ_PID_FILE: join(this.dir, 'pid'),
            RABBITMQ_ENABLED_PLUGINS_FILE: join(this.dir, 'plugins'),
        });
        await this.listening(this.port, this.child);
    }
    // RabbitMQ 3.10 notes a new quorum queue on disk a moment late.
    async crash() {
        await sleep(1500);
        await this.kill();
    }
}

async function begun(t, engine, ...args) {
    t.after(() => engine.end());
    return engine.begin(...args);
}
export const postgres = (t, address, keep) => begun(t, new Postgres('postgres', 'postgres', keep), address);
export const rabbit = (t, tls, keep) => begun(t, new Rabbit('rabbit', 'rabbitmq', keep), tls);

class Redis extends Engine {
    async begin() {
        this.port = await freePort();
        await this.start();
        this.url = `redis://127.0.0.1:${this.port}/0`;
        return this;
    }
    async start() {
        this.child = this.spawn('redis-server', ['--port', String(this.port), '--bind', '127.0.0.1', '--appendonly', 'yes', '--appendfsync', 'always', '--save', '']);
        await this.listening(this.port, this.child);
    }
    crash() { return this.kill(); }
}
class Prometheus extends Engine {
    // files: of its folder, by name; prometheus.yml is one.
    async begin(files) {
        this.port = await freePort();
        this.url = `http://127.0.0.1:${this.port}`;
        for (const [name, text] of Object.entries(files)) writeFileSync(join(this.dir, name), text);
        this.child = this.spawn('prometheus', ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=127.0.0.1:${this.port}`, '--log.level=warn']);
        await until('prometheus is ready', async () => (await fetch(`${this.url}/-/ready`).catch(() => ({}))).ok, 60_000);
        return this;
    }
    async ask(path, values) { return (await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(values)}`)).json(); }
    // The value of an expression that has one; undefined: it has none now.
    async value(query) {
        const { status, error, data } = await this.ask('query', { query });
        assert.equal(status, 'success', `${query}: ${error}`);
        return data.result.length ? Number(data.result[0].value[1]) : undefined;
    }
}
export const prometheus = (t, files) => begun(t, new Prometheus('prometheus', 'prometheus'), files);
export const redis = (t, keep) => begun(t, new Redis('redis', 'redis', keep));

// An S3 server, OpenStack Swift, with a bucket "reels". Programs that use it need `env`.
class Swift extends Engine {
    async begin() {
        this.port = await freePort();
        this.endpoint = `http://127.0.0.1:${this.port}`;
        this.env = { AWS_ACCESS_KEY_ID: 'test:tester', AWS_SECRET_ACCESS_KEY: 'testing' };
        this.url = `s3://reels/one?endpoint=${this.endpoint}`;
        await this.start();
        return this;
    }
    async start() {
        const said = () => (existsSync(this.log) ? readFileSync(this.log, 'utf8') : '');
        const before = said().length;
        this.child = this.spawn(join(top, 'script/swift'), [this.dir, String(this.port), 'reels']);
        await until('the bucket is there', () => {
            assert.equal(this.child.exitCode, null, `swift ended: ${said().slice(-2000)}`);
            return /^ready$/m.test(said().slice(before));
        }, 60_000);
    }
}
export const swift = (t, keep) => begun(t, new Swift('swift', 'root', keep));
