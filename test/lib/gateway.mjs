// nginx as an operator lays it out, with deploy/nginx/reelgate.conf: only ports, paths and the number
// of nodes are put into the file.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificate, freePort } from './engines.mjs';
import { root, until } from './reelgate.mjs';

const asRoot = process.getuid() === 0;

// As the comment in the file says: a folder that nginx's group may read.
export function storage(t, keep) {
    const dir = keep ?? mkdtempSync(join(tmpdir(), 'reelgate-gateway-'));
    if (!keep) t.after(() => rmSync(dir, { recursive: true, force: true }));
    const blobs = join(dir, 'blobs');
    mkdirSync(blobs, { recursive: true });
    if (asRoot) {
        chownSync(blobs, 0, Number(execFileSync('id', ['-g', 'www-data']).toString()));
        chmodSync(blobs, 0o2750);
    }
    chmodSync(dir, 0o755);
    return { dir, blobs };
}

// What nodes behind it are told.
export const BEHIND = ['--trusted-proxies', '127.0.0.1', '--connections-per-address', '0', '--accel-redirect', '/internal/'];

export class Gateway {
    // nodes: Servers. { dir, blobs }: of storage. port: without TLS; a free one if not told. host: an address.
    async start(t, nodes, { dir, blobs }, port, host = '127.0.0.1') {
        this.dir = join(dir, 'nginx');
        mkdirSync(this.dir, { recursive: true });
        this.host = host;
        [this.port, this.tlsPort] = [port ?? await freePort(), await freePort()];
        this.ca = certificate(this.dir);
        const site = this.site(nodes.map((n) => new URL(n.url).port), blobs);
        const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${this.dir}/${name};`).join('\n');
        writeFileSync(join(this.dir, 'reelgate.conf'), site);
        writeFileSync(join(this.dir, 'nginx.conf'), `${asRoot ? 'user www-data;' : ''}
            worker_processes 1; daemon off; pid ${this.dir}/pid; error_log ${this.dir}/error.log;
            events { worker_connections 512; }
            http { ${places}\ninclude ${this.dir}/reelgate.conf; }`);
        const flags = ['-p', this.dir, '-e', join(this.dir, 'error.log'), '-c', join(this.dir, 'nginx.conf')];
        this.tested = execFileSync('sh', ['-c', 'exec nginx -t "$@" 2>&1', 'sh', ...flags]).toString();
        this.flags = flags;
        t.after(async () => {
            if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
            await this.child.ended;
            this.clear();
        });
        this.url = `http://${host}:${this.port}`;
        await this.run();
        return this;
    }
    // A process group of its own: its workers outlive a master that was killed, and keep the port.
    async run() {
        this.child = spawn('nginx', this.flags, { stdio: 'ignore', detached: true });
        this.child.ended = new Promise((done) => this.child.on('exit', (code, signal) => done({ code, signal })));
        const at = new URL(this.url.replace('0.0.0.0', '127.0.0.1'));
        await until('nginx answers', () => fetch(new URL('/ping', at)).then((r) => r.ok, () => false));
    }
    clear() {
        try {
            process.kill(-this.child.pid, 'SIGKILL');
        } catch (error) {
            if (error.code !== 'ESRCH') throw error; // all of them have ended
        }
    }
    // The file itself: each of the texts that change must be there.
    site(ports, blobs) {
        let text = readFileSync(join(root, 'deploy/nginx/reelgate.conf'), 'utf8');
        const put = (what, by) => {
            assert.ok(text.includes(what), `deploy/nginx/reelgate.conf has ${what}`);
            text = text.replaceAll(what, by);
        };
        put('server 127.0.0.1:8000', `server 127.0.0.1:${ports[0]}`);
        put('#server 127.0.0.1:8001', `server 127.0.0.1:${ports[1]}`);
        put('listen [::]:80;', '');
        put('listen [::]:443 ssl http2;', '');
        put('listen 80;', `listen ${this.host}:${this.port};`);
        put('listen 443 ssl http2;', `listen ${this.host}:${this.tlsPort} ssl http2;`);
        put('/etc/reelgate/tls/', `${this.dir}/`);
        put('/var/log/nginx/', `${this.dir}/`);
        put('alias /srv/reelgate/blobs/', `alias ${blobs}/`);
        return text;
    }
    // Over TLS and HTTP/1.1: { status, headers, bytes, json }. from: the client's own address.
    tls(method, path, { headers = {}, body, from = '127.0.0.1' } = {}) {
        return new Promise((done, failed) => {
            const request = https.request({ host: '127.0.0.1', port: this.tlsPort, localAddress: from, method, path, headers, ca: this.ca, agent: false }, (response) => {
                const parts = [];
                response.on('data', (part) => parts.push(part));
                response.on('end', () => done(answer(response.statusCode, response.headers, parts)));
                response.on('error', failed);
            });
            request.on('error', failed);
            request.end(body);
        });
    }
    // Over TLS and HTTP/2.
    async h2(method, path, { headers = {}, body } = {}) {
        const session = http2.connect(`https://127.0.0.1:${this.tlsPort}`, { ca: this.ca });
        try {
            return await new Promise((done, failed) => {
                session.on('error', failed);
                const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: !body });
                const parts = [];
                let head;
                stream.on('response', (h) => (head = h));
                stream.on('data', (part) => parts.push(part));
                stream.on('end', () => done(answer(head[':status'], head, parts)));
                stream.on('error', failed);
                if (body) stream.end(body);
            });
        } finally {
            session.destroy();
        }
    }
    log() { return readFileSync(join(this.dir, 'reelgate.log'), 'utf8'); }
}
function answer(status, headers, parts) {
    const bytes = Buffer.concat(parts);
    let json = null;
    try {
        json = JSON.parse(bytes.toString());
    } catch { /* a reel */ }
    return { status, headers, bytes, json };
}
