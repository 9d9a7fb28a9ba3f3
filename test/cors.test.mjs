// Pages of other origins, in a real browser: one that is allowed logs in, uploads with tus-js-client, reads
// the events, the list, the reel and every refusal; one that is not gets nothing. And the headers themselves.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { open } from './lib/page.mjs';
import { folder, run, serve } from './lib/reelgate.mjs';

const TUS = readFileSync(new URL('./node_modules/tus-js-client/dist/tus.min.js', import.meta.url));

// Somebody else's site: a page with tus-js-client in it.
async function site(t) {
    const server = createServer((request, response) => {
        if (request.url === '/tus.js') return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(TUS);
        return response.writeHead(200, { 'Content-Type': 'text/html' })
            .end('<!doctype html><html lang="en"><title>app</title><link rel="icon" href="data:,"><script src="/tus.js"></script>');
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    t.after(() => { server.closeAllConnections(); server.close(); });
    return { url: `http://127.0.0.1:${server.address().port}` };
}

// What the page does, from its log-in to the reel; it runs in the browser. What it could not read is null.
async function walk({ url, clip: base64 }) {
    const refused = async (path, options) => {
        const answer = await fetch(url + path, options);
        const { code, request_id } = await answer.json();
        return [answer.status, code, answer.headers.get('X-Request-Id') === request_id];
    };
    const json = { 'Content-Type': 'application/json' };
    const login = await fetch(`${url}/api/auth/login`, { method: 'POST', headers: json, body: JSON.stringify({ username: 'ana', password: 'correct horse' }) });
    const Authorization = `Bearer ${(await login.json()).token}`, headers = { Authorization, 'X-Request-Id': 'the-page-1' };

    const events = (await fetch(`${url}/api/tasks/events`, { headers: { ...headers, 'Last-Event-ID': '0' } })).body.pipeThrough(new TextDecoderStream()).getReader();
    const file = new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: 'video/mp4' });
    let pieces = 0, task = null;
    await new Promise((done, failed) => new window.tus.Upload(file, {
        endpoint: `${url}/api/uploads`, chunkSize: Math.ceil(file.size / 3), headers: { Authorization, 'Idempotency-Key': 'gol-1' }, retryDelays: [],
        metadata: { filename: 'gol.mp4', title: 'Un gol' },
        onAfterResponse: (request, response) => {
            if (request.getMethod() === 'PATCH') pieces++;
            task = response.getHeader('Reelgate-Task') ?? task;
        },
        onSuccess: done, onError: failed,
    }).start());
    for (let told = ''; !told.includes('task.processed');) {
        const { value, done } = await events.read();
        if (done) throw new Error(`the events end: ${told}`);
        told += value;
    }
    await events.cancel();

    const list = await (await fetch(`${url}/api/tasks?view=full`, { headers })).json();
    const one = await (await fetch(`${url}/api/tasks/${task}`, { headers })).json();
    const part = await fetch(one.download, { headers: { Range: 'bytes=4-7' } });
    const changed = await fetch(`${url}/api/tasks/${task}`, { method: 'PATCH', headers: { ...headers, ...json }, body: '{"title":"Dos"}' });
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(2 << 20)]), 'large.mp4');
    const large = { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(1 << 30) };
    const refusals = {
        stranger: await refused('/api/tasks', { headers: { Authorization: 'Bearer nobody' } }),
        large: await refused('/api/tasks', { method: 'POST', headers, body: form }),
        largeInPieces: await refused('/api/uploads', { method: 'POST', headers: { ...headers, ...large } }),
        version: await refused('/api/uploads', { method: 'POST', headers: { ...headers, 'Tus-Resumable': '0.2' } }),
        method: await refused('/api/tasks', { method: 'PUT', headers, body: 'x' }),
    };
    const gone = await fetch(`${url}/api/tasks/${task}`, { method: 'DELETE', headers });
    return {
        pieces, listed: list.data.map((o) => [o.title, o.status]), id: changed.headers.get('X-Request-Id'), changed: (await changed.json()).title, gone: gone.status,
        part: [part.status, await part.text(), part.headers.get('Content-Range'), part.headers.get('Content-Disposition'), part.headers.get('ETag')], refusals,
    };
}

test('a page of an origin that is allowed does all that the API can; another one nothing', async (t) => {
    const [app, foreign] = [await site(t), await site(t)];
    const server = await serve(t, '--cors-origins', `https://app.example.org, ${app.url}`, '--max-upload', '1M');
    await new Client(server).user('ana');
    const { page, troubles, context } = await open(t, app);
    const given = { url: server.url, clip: readFileSync(await clip(1)).toString('base64') };
    const did = await page.evaluate(walk, given);
    assert.equal(did.pieces, 3);
    assert.deepEqual(did.listed, [['Un gol', 'processed']]);
    const [status, text, range, disposition, etag] = did.part;
    assert.deepEqual([status, text], [206, 'ftyp']);
    assert.match(range, /^bytes 4-7\/\d+$/);
    assert.match(disposition, /^inline; filename="Un gol\.mp4"/);
    assert.match(etag, /^"[^"]+"$/);
    assert.deepEqual([did.changed, did.id, did.gone], ['Dos', 'the-page-1', 200]);
    assert.deepEqual(did.refusals, {
        stranger: [401, 'token_bad', true], large: [413, 'file_too_large', true], largeInPieces: [413, 'file_too_large', true],
        version: [412, 'tus_version', true], method: [405, 'method_not_allowed', true],
    });
    // refused answers are told in the console; nothing was blocked, and no header was out of reach
    assert.deepEqual(troubles.filter((text) => !/^Failed to load resource: the server responded with a status of 4\d\d/.test(text)), []);

    const other = await context.newPage();
    await other.goto(foreign.url);
    const tries = await other.evaluate(async (url) => {
        const attempt = (options) => (path) => fetch(url + path, options).then((answer) => answer.status, (error) => error.name);
        const upload = new Promise((done) => new window.tus.Upload(new Blob(['x']), {
            endpoint: `${url}/api/uploads`, retryDelays: [], onSuccess: () => done('it went'), onError: () => done('refused'),
        }).start());
        return [await attempt({})('/ping'), await attempt({})('/api/tasks/events'), await attempt({ headers: { Authorization: 'Bearer x' } })('/api/tasks'),
            await attempt({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })('/api/auth/login'), await upload];
    }, server.url);
    assert.deepEqual(tries, ['TypeError', 'TypeError', 'TypeError', 'TypeError', 'refused']);
});

const CORS = ['access-control-allow-origin', 'access-control-allow-methods', 'access-control-allow-headers', 'access-control-expose-headers', 'access-control-max-age',
    'access-control-allow-credentials'];
const allowed = (answer) => CORS.filter((name) => answer.headers.has(name)).map((name) => name.slice(15));

test('the headers of answers and preflights', async (t) => {
    const Origin = 'https://app.example.org', wants = { 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' };
    const PREFLIGHT = ['allow-origin', 'allow-methods', 'allow-headers', 'max-age'], READABLE = ['allow-origin', 'expose-headers'];
    for (const [list, origin, vary] of [['', null, null], ['*', '*', null], [Origin, Origin, 'Origin']]) {
        const server = await serve(t, '--cors-origins', list);
        const anyone = new Client(server), ana = await anyone.user('ana');
        const answers = [];
        const look = async (method, path, headers, status, names) => {
            const answer = await ana.call(method, path, { headers: { Origin, ...headers } });
            const what = `${list}: ${method} ${path}`;
            answers.push(answer);
            assert.equal(answer.status, status, what);
            assert.deepEqual(allowed(answer), origin ? names : [], what);
            assert.equal(answer.headers.get('access-control-allow-origin'), origin, what);
            const own = path === '/' ? 'Accept-Encoding' : /video/.test(path) ? 'Accept, Accept-Language' : null;
            assert.equal(answer.headers.get('vary') ?? '', [own, vary].filter(Boolean).join(', '), what);
        };
        for (const path of ['/api/tasks', '/api/tasks/events', '/api/uploads', '/api/uploads/x', '/api/me']) await look('OPTIONS', path, wants, 204, PREFLIGHT);
        await look('OPTIONS', '/api/uploads', {}, 204, READABLE);
        assert.equal(answers.at(-1).headers.get('tus-version'), '1.0.0');
        for (const [path, status] of [['/', 200], ['/api/tasks', 200], ['/api/me', 200], ['/api/tasks/7', 404], ['/api/video/download/2026/1/1/x', 404]])
            await look('GET', path, {}, status, READABLE);
        if (vary) assert.deepEqual(allowed(await ana.get('/api/me', { headers: { Origin: 'https://other.example.org' } })), []);
        if (vary) assert.deepEqual(allowed(await ana.call('OPTIONS', '/api/me', { headers: { Origin: 'null', ...wants } })), []);
        assert.deepEqual(allowed(await ana.get('/api/me')), [], 'no page asks');
    }
    const wrong = await run(['serve', '--listen', '127.0.0.1:0', '--data', folder(t), '--workers', '0', '--cors-origins', 'https://app.example.org/path']);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /cors-origins: "https:\/\/app\.example\.org\/path" is no origin/);
});
