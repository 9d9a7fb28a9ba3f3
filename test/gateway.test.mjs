// The service as an operator lays it out: nginx with deploy/nginx/reelgate.conf, two API nodes and two
// workers, on a real PostgreSQL and a real RabbitMQ.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { Client, multipart } from './lib/client.mjs';
import { assertReel, clip } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { freePort, postgres, rabbit } from './lib/engines.mjs';
import { BEHIND, Gateway, storage } from './lib/gateway.mjs';
import { until } from './lib/reelgate.mjs';

const NODE_FLAGS = [...BEHIND, '--max-upload', '8M', '--login-tries', '3', '--cors-origins', 'https://app.example.org'];

async function service(t) {
    const [database, queue] = await Promise.all([postgres(t), rabbit(t)]);
    const place = storage(t);
    const all = new Cluster(t, { database: database.url, queue: queue.url, storage: `file://${place.blobs}` });
    const nodes = [await all.serve(...NODE_FLAGS), await all.serve(...NODE_FLAGS)];
    const workers = [await all.work(), await all.work()];
    const gateway = await new Gateway().start(t, nodes, place);
    return { gateway, nodes, workers, place };
}
const bearer = (client) => ({ Authorization: `Bearer ${client.token}` });
function form(file) {
    const { head, tail, type } = multipart();
    return { body: Buffer.concat([head, file, tail]), headers: { 'content-type': type } };
}

// Sends the head of a large upload and a little of its body, and waits for what is said to that.
function refused(start) {
    return new Promise((done, failed) => {
        let sent = 0;
        const timer = setTimeout(() => failed(new Error('no answer')), 20_000);
        const stream = start((status, text) => {
            clearTimeout(timer);
            done({ status, json: JSON.parse(text), sent });
        });
        stream.on('error', () => {}); // the connection may end once it is said
        const piece = Buffer.alloc(16 * 1024);
        stream.write(piece, () => (sent += piece.length));
    });
}
const reading = (response, then) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => then(text));
};

test('nginx before two API nodes and two workers is one service', async (t) => {
    const { gateway, nodes, workers, place } = await service(t);
    assert.match(gateway.tested, /syntax is ok[^]*test is successful/);
    const ana = await new Client(gateway).user('ana');
    const file = readFileSync(await clip(0.4));
    let id, link;

    await t.test('an upload comes through TLS, by HTTP/1.1 and HTTP/2, and becomes a reel', async () => {
        const { body, headers } = form(file);
        for (const version of ['tls', 'h2']) {
            const up = await gateway[version]('POST', '/api/tasks', { headers: { ...bearer(ana), ...headers }, body });
            assert.equal(up.status, 201, up.bytes.toString());
            id = up.json.task_id;
            await ana.processed(id);
        }
        const task = (await gateway.h2('GET', `/api/tasks/${id}`, { headers: bearer(ana) })).json;
        assert.ok(task.download.startsWith(`https://127.0.0.1:${gateway.tlsPort}/api/video/download/`), task.download);
        link = task.download.slice(new URL(task.download).origin.length);
        const reel = await gateway.h2('GET', link);
        assert.deepEqual([reel.status, reel.bytes.length], [200, task.reel.bytes]);
        const path = join(place.dir, 'reel.mp4');
        writeFileSync(path, reel.bytes);
        await assertReel(path, 0.4, { copied: true });
        const worked = workers.reduce((n, w) => n + w.logLines(/ attempt .*task=/).length, 0);
        assert.ok(worked >= 2);
    });

    await t.test('events pass as they happen, and an upload in pieces goes to any node', async (t) => {
        const session = http2.connect(`https://127.0.0.1:${gateway.tlsPort}`, { ca: gateway.ca });
        t.after(() => session.destroy());
        let told = '';
        const stream = session.request({ ':path': '/api/tasks/events', ...bearer(ana) }).setEncoding('utf8').on('data', (part) => (told += part));
        t.after(() => stream.close());
        await until('the first word has come', () => /^event: hello$/m.test(told), 5000); // nothing follows that could push it
        const tus = { ...bearer(ana), 'tus-resumable': '1.0.0' };
        const made = await gateway.h2('POST', '/api/uploads', { headers: { ...tus, 'upload-length': String(file.length), 'upload-metadata': `filename ${btoa('pieces.mp4')}` } });
        assert.equal(made.status, 201, made.bytes.toString());
        const where = new URL(made.headers.location, `https://127.0.0.1:${gateway.tlsPort}`);
        assert.equal(where.origin, `https://127.0.0.1:${gateway.tlsPort}`, made.headers.location);
        const size = Math.ceil(file.length / 5);
        for (let at = 0, i = 0; at < file.length; at += size, i++) {
            const headers = { ...tus, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(at) }, body = file.subarray(at, at + size);
            // the gateway picks a node; here each has its turn as well
            const sent = i % 3 ? await fetch(new URL(where.pathname, nodes[i % 2].url), { method: 'PATCH', headers, body }) : await gateway.h2('PATCH', where.pathname, { headers, body });
            const now = i % 3 ? sent.headers.get('upload-offset') : sent.headers['upload-offset'];
            assert.deepEqual([sent.status, Number(now)], [204, Math.min(at + size, file.length)], `piece ${i}`);
        }
        const task = await ana.processed((await ana.tasks()).at(-1).id);
        assert.equal(task.file_name, 'pieces.mp4');
        await until('its end is told', () => told.includes(`"type":"task.processed","task_id":${task.task_id}`), 10_000);
    });

    await t.test('reels are sent by nginx itself, with ranges, conditions and what a node says about them', async () => {
        const whole = await gateway.tls('GET', link);
        const etag = whole.headers.etag;
        assert.equal(whole.headers['content-type'], 'video/mp4');
        assert.match(whole.headers['content-disposition'], /^inline; filename="clip\.mp4"/);
        assert.match(etag, /^"[0-9a-f]+-[0-9a-f]+"$/, 'made by nginx');
        assert.equal(whole.headers['accept-ranges'], 'bytes');
        assert.equal(whole.headers['x-accel-redirect'], undefined);
        assert.equal(whole.headers['x-content-type-options'], 'nosniff');
        assert.equal(whole.headers['content-security-policy'], "default-src 'none'; media-src 'self'; base-uri 'none'; form-action 'none'");
        assert.match(whole.headers['cache-control'], /private/);
        for (const [Origin, allowed] of [['https://app.example.org', 'https://app.example.org'], ['https://other.example.org', undefined]]) {
            const { headers } = await gateway.tls('GET', link, { headers: { Origin } });
            assert.deepEqual([headers['access-control-allow-origin'], headers.vary], [allowed, 'Origin']);
            assert.equal(/Content-Range/.test(headers['access-control-expose-headers']), !!allowed);
        }
        for (const [version, path, wanted] of [['tls', link, 'max-age=31536000'], ['h2', '/ping', 'max-age=31536000'], ['h2', '/', 'max-age=31536000']])
            assert.equal((await gateway[version]('GET', path)).headers['strict-transport-security'], wanted, `${version} ${path}`);
        assert.equal((await fetch(new URL('/ping', gateway.url))).headers.get('strict-transport-security'), null, 'not without TLS');
        assert.match(whole.headers['x-request-id'], /^[0-9a-f]{32}$/, 'the id that nginx gave it');
        await until('a node knows it by that', () => nodes.some((node) => node.log().includes(`request=${whole.headers['x-request-id']}`)));
        const n = whole.bytes.length, part = whole.bytes.subarray(10, 20);
        const facts = [
            [{ Range: 'bytes=10-19' }, 206, part, `bytes 10-19/${n}`],
            [{ Range: 'bytes=10-19', 'If-Range': etag }, 206, part, `bytes 10-19/${n}`],
            [{ Range: 'bytes=10-19', 'If-Range': '"other"' }, 200, whole.bytes, undefined],
            [{ Range: `bytes=${n}-` }, 416, null, `bytes */${n}`],
            [{ Range: 'bytes=0-1,5-6' }, 200, whole.bytes, undefined],
            [{ 'If-None-Match': etag }, 304, Buffer.alloc(0), undefined],
            [{ 'If-Match': etag }, 200, whole.bytes, undefined],
            [{ 'If-Match': '"other"' }, 412, null, undefined],
        ];
        for (const [headers, status, bytes, range] of facts)
            for (const version of ['tls', 'h2']) {
                const a = await gateway[version]('GET', link, { headers });
                assert.deepEqual([a.status, a.headers['content-range']], [status, range], `${version} ${JSON.stringify(headers)}`);
                if (bytes) assert.ok(a.bytes.equals(bytes), JSON.stringify(headers));
            }
        const head = await gateway.tls('HEAD', link);
        assert.deepEqual([head.status, head.headers['content-length'], head.bytes.length], [200, String(n), 0]);
        assert.match((await gateway.tls('GET', `${link}&download=1`)).headers['content-disposition'], /^attachment/);
        const sent = nodes.flatMap((node) => node.logLines(/path=\/api\/video\/download/)).filter((line) => !/ bytes=0 /.test(line));
        assert.deepEqual(sent, [], 'no node has sent a byte of a reel');
    });

    await t.test('nobody gets a file past the nodes', async () => {
        const path = new URL(link, 'http://x').pathname;
        assert.equal((await gateway.tls('GET', path)).status, 401, 'no signature');
        assert.equal((await gateway.tls('GET', link.replace(/sig=./, 'sig=_'))).status, 401);
        for (const way of [path.replace('/api/video/download/', '/internal/reels/'), '/internal/', '/internal/../internal/reels'])
            assert.equal((await gateway.tls('GET', way)).status, 404, way);
        const eva = await new Client(gateway).user('eva');
        assert.equal((await gateway.tls('GET', path, { headers: bearer(eva) })).status, 404, "another user's");
        assert.equal((await gateway.tls('GET', path, { headers: bearer(ana) })).status, 200);
        assert.doesNotMatch(gateway.log(), /sig=/, 'no signature is in the log');
    });

    await t.test('an upload that is too large is refused at its head, by the node', async () => {
        const headers = { ...bearer(ana), 'content-type': multipart().type, 'content-length': String(500 << 20) };
        const one = await refused((then) => https.request({ host: '127.0.0.1', port: gateway.tlsPort, method: 'POST', path: '/api/tasks', headers, ca: gateway.ca, agent: false })
            .on('response', (response) => reading(response, (text) => then(response.statusCode, text))));
        const session = http2.connect(`https://127.0.0.1:${gateway.tlsPort}`, { ca: gateway.ca });
        const two = await refused((then) => {
            let status;
            const stream = session.request({ ':method': 'POST', ':path': '/api/tasks', ...headers });
            stream.on('response', (h) => (status = h[':status']));
            reading(stream, (text) => then(status, text));
            return stream;
        });
        session.destroy();
        for (const a of [one, two]) {
            assert.equal(a.status, 413);
            assert.equal(a.json.code, 'file_too_large', JSON.stringify(a.json));
            assert.ok(a.sent <= 16 * 1024, `${a.sent} bytes of 500 MB were sent`);
        }
    });

    await t.test("a client is known by its own address, whatever it says, and not by nginx's", async () => {
        const log_in = (from, name) => gateway.tls('POST', '/api/auth/login', {
            from, headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9' }, body: JSON.stringify({ username: name, password: 'not this one' }),
        });
        let status = 0;
        for (let i = 0; i < 40 && status !== 429; i++) {
            ({ status } = await log_in('127.0.0.2', `nobody${i}`));
            assert.ok(status === 401 || status === 429, String(status));
        }
        assert.equal(status, 429, 'many names from one address have to wait');
        assert.equal((await log_in('127.0.0.3', 'nobody-else')).status, 401, 'another address has not');
        await ana.login('ana');
        const lines = nodes.flatMap((node) => node.logLines(/path=\/api\/auth\/login/));
        assert.ok(lines.some((line) => / address=127\.0\.0\.2 /.test(line)) && lines.some((line) => / address=127\.0\.0\.3 /.test(line)));
        assert.ok(!lines.some((line) => line.includes('203.0.113.9')));
    });

    await t.test('an address with too many connections is told so as the API says it, and others are served', async () => {
        const held = await Promise.all(Array.from({ length: 100 }, () => new Promise((done, failed) => {
            const socket = tls.connect({ host: '127.0.0.1', port: gateway.tlsPort, localAddress: '127.0.0.9', ca: gateway.ca }, () => {
                socket.write('POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n', () => done(socket));
            });
            socket.on('error', failed);
        })));
        await until('the last is refused', async () => (await gateway.tls('GET', '/ping', { from: '127.0.0.9' })).status === 429);
        const many = await gateway.tls('GET', '/api/tasks', { from: '127.0.0.9', headers: { 'accept-language': 'en' } });
        assert.deepEqual([many.status, many.json, many.headers['retry-after']], [429, { message: 'Too many connections at once; wait a moment', code: 'too_many_requests', request_id: many.headers['x-request-id'] }, '2']);
        assert.match(many.json.request_id, /^[0-9a-f]{32}$/);
        const page = await gateway.tls('GET', '/', { from: '127.0.0.9', headers: { accept: 'text/html' } });
        assert.match(page.bytes.toString(), /lang="es"[^]*Demasiadas conexiones/);
        assert.equal((await gateway.tls('GET', '/ping')).status, 200);
        for (const socket of held) socket.destroy();
    });

    await t.test('one node is killed: the service goes on; both: it says when to come again', async () => {
        await nodes[0].kill();
        for (let i = 0; i < 20; i++) assert.equal((await gateway.tls('GET', '/api/tasks', { headers: bearer(ana) })).status, 200);
        const { body, headers } = form(file);
        for (let i = 0; i < 4; i++) {
            const up = await gateway.h2('POST', '/api/tasks', { headers: { ...bearer(ana), ...headers }, body });
            assert.equal(up.status, 201, up.bytes.toString());
            id = up.json.task_id;
        }
        await ana.processed(id);
        assert.equal((await gateway.tls('GET', link)).status, 200, 'a link that the dead node may have made');
        await nodes[1].kill();
        const away = await gateway.tls('GET', '/api/tasks', { headers: bearer(ana) });
        assert.deepEqual([away.status, away.json.code, away.headers['retry-after']], [503, 'unavailable', '2']);
        assert.ok(away.json.request_id && away.json.request_id === away.headers['x-request-id'], JSON.stringify(away.json));
        for (const [language, words] of [['en-GB,en', 'The service is busy; try again'], ['es-CO', 'El servicio está ocupado']]) {
            const page = await gateway.tls('GET', '/', { headers: { accept: 'text/html,*/*', 'accept-language': language } });
            assert.deepEqual([page.status, page.headers['retry-after'], page.headers['content-type']], [503, '2', 'text/html; charset=utf-8']);
            assert.match(page.bytes.toString(), new RegExp(`lang="${language.slice(0, 2)}"[^]*http-equiv="refresh"[^]*${words}`));
            assert.equal((await gateway.tls('GET', '/api/tasks', { headers: { 'accept-language': language } })).json.message.startsWith(words), true);
        }
        const large = await gateway.tls('POST', '/api/auth/login', { headers: { 'content-type': 'application/json', 'accept-language': 'en' }, body: Buffer.alloc(200 << 10, 32) });
        assert.deepEqual([large.status, large.json], [413, { message: 'The request is too large', code: 'too_large', request_id: large.headers['x-request-id'] }]);
        assert.ok(large.json.request_id);
        await nodes[1].start(['--listen', new URL(nodes[1].url).host, ...nodes[1].flags]);
        await until('it is back', async () => (await gateway.tls('GET', '/api/tasks', { headers: bearer(ana) })).status === 200, 15_000);
    });
});

test('nodes that are back are asked at once, though nginx has just found all of them away', async (t) => {
    const ports = [await freePort(), await freePort()];
    const listen = () => Promise.all(ports.map((port) => new Promise((done) => {
        const node = http.createServer((request, answer) => answer.end('{"message":"Ok"}')).listen(port, '127.0.0.1', () => done(node));
    })));
    const leave = (nodes) => Promise.all(nodes.map((node) => new Promise((done) => {
        node.close(done);
        node.closeAllConnections();
    })));
    let nodes = await listen();
    t.after(() => leave(nodes));
    const gateway = await new Gateway().start(t, ports.map((port) => ({ url: `http://127.0.0.1:${port}` })), storage(t));
    for (let i = 0; i < 5; i++) {
        await leave(nodes);
        assert.equal((await gateway.tls('GET', '/ping')).status, 503);
        nodes = await listen();
        assert.equal((await gateway.tls('GET', '/ping')).status, 200);
        assert.equal((await gateway.tls('POST', '/api/tasks', { body: 'a body that is passed as it comes' })).status, 200);
    }
});
