// The client package in clients/typescript: what is in it, its types, the examples of its README, and what it is
// for: uploads and events that go on over lines that break, and requests that are repeated only where that is safe.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip, ffprobe } from './lib/clips.mjs';
import { read } from './lib/docs.mjs';
import { open } from './lib/page.mjs';
import { Reelgate, ReelgateError, checkedFetch, eventsOf, packaged } from './lib/package.mjs';
import { folder, root, run, serve, until } from './lib/reelgate.mjs';
import { Upload, digest, keptClips } from './lib/tus.mjs';

const home = join(root, 'clients/typescript'), manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));

// -- what is in it -------------------------------------------------------------------------------

test('its types are those of the description, and let through and stop what they should', async () => {
    const made = await run(['--check'], { command: join(root, 'script/client') });
    assert.equal(made.code, 0, made.stdout + made.stderr);
});

test('it has the program\'s version, needs nothing else, and brings its code and types alone', async () => {
    assert.equal(manifest.version, /version: '([\d.]+)'/.exec(readFileSync(join(root, 'meson.build'), 'utf8'))[1]);
    assert.deepEqual([manifest.name, manifest.license, manifest.dependencies, manifest.peerDependencies], ['reelgate-client', 'MIT', undefined, undefined]);
    const packed = await run(['pack', '--dry-run', '--json', '--ignore-scripts'], { command: 'npm', cwd: home });
    assert.equal(packed.code, 0, packed.stderr);
    const files = JSON.parse(packed.stdout)[0].files.map((file) => file.path);
    const names = ['api', 'error', 'events', 'index', 'request', 'types', 'upload'];
    assert.deepEqual(files.sort(), ['README.md', 'package.json', ...names.flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`])].sort());
});

test('the examples of its README run', async (t) => {
    const server = await serve(t), dir = folder(t), { blocks } = read('clients/typescript/README.md');
    copyFileSync(await clip(3), join(dir, 'clip.mp4'));
    mkdirSync(join(dir, 'node_modules'));
    symlinkSync(home, join(dir, 'node_modules/reelgate-client'));
    const said = [];
    // the one of the shell is what script/client and npm do for every test of this file
    for (const [i, { language, text }] of blocks.filter((block) => block.language !== 'sh').entries()) {
        assert.equal(language, 'js');
        writeFileSync(join(dir, `${i}.mjs`), text.replaceAll('http://127.0.0.1:8000', server.url));
        const { code, stdout, stderr } = await run(['--no-warnings', `${i}.mjs`], { command: process.execPath, cwd: dir });
        assert.equal(code, 0, `block ${i}: ${stderr}`);
        said.push(stdout.trim());
        if (i === 0) assert.ok(Number((await ffprobe(join(dir, 'reel.mp4'))).format.duration) > 6);
    }
    assert.match(said[0], /^0 %\n(.*\n)*100 %\n(reel: \d+ %\n)*[\d.]+ s$/);
    assert.deepEqual(said.slice(1, 4), ['read upload', '400 parameter_bad: The parameter fit is not valid; allowed: pad, blur, crop, stretch', 'Un gol: true']);
    assert.match(said[4], /^goes on: true; task 2$/);
    assert.deepEqual(said.slice(5), ['a reel is there', '1 hook, enabled: false']);
});

test('a browser uses the same files from a page of another origin', async (t) => {
    const site = createServer((request, response) => {
        const name = /^\/(\w+\.js)$/.exec(request.url)?.[1];
        if (name) return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(join(home, 'dist', name)));
        return response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><html lang="en"><title>app</title><link rel="icon" href="data:,">');
    });
    await new Promise((done) => site.listen(0, '127.0.0.1', done));
    t.after(() => { site.closeAllConnections(); site.close(); });
    const origin = `http://127.0.0.1:${site.address().port}`, server = await serve(t, '--cors-origins', origin);
    await new Client(server).user('ana');
    const { page } = await open(t, { url: origin });
    const seen = await page.evaluate(async ({ url, bytes }) => {
        const { Reelgate, ReelgateError } = await import('/index.js');
        const client = new Reelgate({ url, language: 'en' }), progress = [];
        await client.logIn('ana', 'correct horse');
        const file = new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], 'gol ñ.mp4', { type: 'video/mp4' });
        const id = await client.uploadInPieces(file, { title: 'Un gol', largestPiece: 20_000, onProgress: (n, of) => progress.push(n / of) });
        const task = await client.settled(id), reel = await client.download(task);
        const titles = [];
        for await (const { title, file_name: name } of client.tasks()) titles.push([title, name]);
        const refused = await client.changeTask(id, { start: -1 }).catch((error) => error instanceof ReelgateError && [error.code, error.parameter, error.allowed]);
        return { progress, titles, refused, bytes: (await reel.blob()).size === task.reel.bytes };
    }, { url: server.url, bytes: readFileSync(await clip(3)).toString('base64') });
    assert.equal(seen.progress.at(-1), 1);
    assert.ok(seen.progress.length > 3 && seen.progress.every((n, i) => i === 0 || n > seen.progress[i - 1]), JSON.stringify(seen.progress));
    assert.deepEqual([seen.titles, seen.refused, seen.bytes], [[['Un gol', 'gol ñ.mp4']], ['parameter_bad', 'start', '0 to 86400 (seconds)'], true]);
});

// -- lines that break ----------------------------------------------------------------------------

test('an upload goes on over pieces that are cut and a server that is killed, and its bar never runs backwards', async (t) => {
    const server = await serve(t, '--workers', '0'), ana = await new Client(server).user('ana');
    const whole = readFileSync(await clip(8, ['-b:v', '2M'])), size = 64 * 1024, seen = [];
    let where, pieces = 0;
    const api = packaged(ana, {
        longestWait: 100,
        fetch: async (url, init) => {
            if (init.method !== 'PATCH') return checkedFetch(url, init);
            pieces++;
            const offset = Number(init.headers['Upload-Offset']);
            if (pieces === 2) { // half of the piece arrives
                await new Upload(ana, where).cut(offset, init.body.size, whole.subarray(offset, offset + size / 2));
                throw new TypeError('fetch failed');
            }
            if (pieces === 4) { // all of it arrives, and the answer does not
                await checkedFetch(url, init);
                throw new TypeError('terminated');
            }
            if (pieces === 6) {
                await server.kill();
                await server.start();
                throw new TypeError('fetch failed');
            }
            return checkedFetch(url, init);
        },
    });
    const id = await api.uploadInPieces(new Blob([whole]), { name: 'gol.mp4', title: 'Un gol', largestPiece: size, onUpload: (upload) => (where = upload), onProgress: (bytes, of) => seen.push([bytes, of]) });
    assert.ok(pieces > 6, `${pieces} pieces`);
    assert.ok(seen.every(([bytes, of], i) => of === whole.length && (i === 0 ? bytes === 0 : bytes > seen[i - 1][0])), JSON.stringify(seen));
    assert.equal(seen.at(-1)[0], whole.length);
    assert.deepEqual((await ana.tasks()).map((task) => [task.id, task.title, task.file_name]), [[id, 'Un gol', 'gol.mp4']]);
    assert.deepEqual(keptClips(server.dir, server.blobs()), [digest(whole).toString('hex')], 'the very bytes, once');
});

test('the answer that makes the task may be lost: asking again tells the same one', async (t) => {
    const server = await serve(t, '--workers', '0'), ana = await new Client(server).user('ana');
    const whole = readFileSync(await clip(1));
    let lost = false;
    const api = packaged(ana, {
        longestWait: 10,
        fetch: async (url, init) => {
            const answer = await checkedFetch(url, init);
            if (init.method === 'PATCH' && answer.headers.has('Reelgate-Task') && !lost) {
                lost = true;
                throw new TypeError('terminated');
            }
            return answer;
        },
    });
    const id = await api.uploadInPieces(new Blob([whole]));
    assert.ok(lost);
    assert.deepEqual((await ana.tasks()).map((task) => [task.id, task.file_name]), [[id, 'clip']]);
});

test('an upload goes on from what was kept of it, and begins anew where the server has forgotten it', async (t) => {
    const server = await serve(t, '--workers', '0'), ana = await new Client(server).user('ana'), api = ana.api;
    const whole = readFileSync(await clip(3)), blob = new Blob([whole]), stop = new AbortController(), told = [];
    const onUpload = (upload) => told.push(upload), why = new Error('enough');
    await assert.rejects(api.uploadInPieces(blob, { name: 'a.mp4', largestPiece: 5000, onUpload, signal: stop.signal, onProgress: (bytes) => bytes >= 10_000 && stop.abort(why) }), (error) => error === why);
    const progress = [];
    const first = await api.uploadInPieces(blob, { resume: told[0], onUpload, onProgress: (bytes) => progress.push(bytes) });
    assert.equal(progress[0], 10_000);
    assert.deepEqual((await api.task(first)).file_name, 'a.mp4');
    assert.equal(await api.uploadInPieces(blob, { resume: told[0], onUpload }), first, 'one that is done is not sent again');
    assert.equal(told.length, 1);
    const second = await api.uploadInPieces(blob, { name: 'b.mp4', resume: '/api/uploads/forgotten', onUpload });
    assert.notEqual(second, first);
    assert.equal(told.length, 2);
    const other = new Blob([whole.subarray(0, 9000)]);
    await assert.rejects(api.uploadInPieces(other, { resume: told[1] }), { name: 'RangeError', message: /of \d+ bytes, this one has 9000/ }, 'another clip');
    await assert.rejects(api.uploadInPieces(blob, { resume: 'https://elsewhere.example/x' }), /not a path of the server/, 'the token stays here');
    // what the server refuses is not tried again
    await assert.rejects(api.uploadInPieces(new Blob(['#EXTM3U\n'.repeat(999)])), { name: 'ReelgateError', status: 415, code: 'playlist' });
    await assert.rejects(api.uploadInPieces(new Blob([])), { status: 400, code: 'empty_file' });
    await assert.rejects(api.uploadInPieces(blob, { fit: 'round' }), { status: 400, parameter: 'fit', allowed: 'pad, blur, crop, stretch' });
});

test('events go on after kill -9 of the server: none is missed and none is told twice', async (t) => {
    const server = await serve(t, '--workers', '0'), ana = await new Client(server).user('ana');
    const api = packaged(ana, { longestWait: 100 }), stop = new AbortController(), heard = [];
    const over = (async () => {
        for await (const event of eventsOf(api, { signal: stop.signal })) heard.push(event);
    })();
    await until('hello', () => heard.some((event) => event.type === 'hello'));
    const tiny = await clip(0.2), ids = [await ana.give(tiny), await ana.give(tiny)];
    await until('the first two are told', () => heard.filter((event) => event.type === 'task.uploaded').length === 2);
    await server.kill();
    await server.start();
    ids.push(await ana.give(tiny));
    await ana.api.deleteTask(ids[0]);
    await until('all is told', () => heard.some((event) => event.type === 'task.deleted'));
    assert.deepEqual(heard.filter((event) => event.type !== 'hello').map((event) => [event.type, event.task_id]), [...ids.map((id) => ['task.uploaded', id]), ['task.deleted', ids[0]]]);
    assert.ok(heard.every((event, i) => i === 0 || event.id >= heard[i - 1].id), 'numbers rise');
    const why = new Error('enough');
    stop.abort(why);
    await assert.rejects(over, (error) => error === why);
    const rest = [];
    for await (const event of eventsOf(api, { after: heard.find((event) => event.task_id === ids[1]).id })) {
        if (event.task_id) rest.push([event.type, event.task_id]);
        if (event.type === 'task.deleted') break;
    }
    assert.deepEqual(rest, [['task.uploaded', ids[2]], ['task.deleted', ids[0]]]);
    ana.token = 'nobody';
    await assert.rejects(api.events().next(), { name: 'ReelgateError', status: 401, code: 'token_bad' });
});

test('a task is followed to its end, be that a reel, a failure or its deletion', async (t) => {
    const server = await serve(t), ana = await new Client(server).user('ana'), api = ana.api;
    const id = await ana.give(await clip(3)), task = await api.settled(id);
    assert.equal(task.status, 'processed');
    assert.deepEqual(await api.settled(id), { ...task, download: (await api.settled(id)).download, poster: (await api.settled(id)).poster }, 'also when it is there already');
    assert.equal((await ana.reel(id)).length, task.reel.bytes);
    const part = await api.download(task, { headers: { Range: 'bytes=4-7' } });
    assert.deepEqual([part.status, await part.text()], [206, 'ftyp']);
    const bad = readFileSync(await clip(3)).subarray(0, 9000), failed = await api.settled(await ana.give(bad));
    assert.deepEqual([failed.status, failed.error.code], ['failed', 'truncated']);
    await assert.rejects(api.download(failed), { name: 'ReelgateError', status: 409 });
    await api.deleteTask(id);
    await assert.rejects(api.settled(id), { status: 404, code: 'task_not_found' });
});

test('lists go on to their end, whatever their order', async (t) => {
    const server = await serve(t, '--workers', '0'), ana = await new Client(server).user('ana'), tiny = await clip(0.2);
    const ids = [];
    for (const title of ['c', 'a', 'e', 'b', 'd']) ids.push(await ana.give(tiny, { name: 'x.mp4', fields: { title } }));
    assert.deepEqual((await ana.tasks()).map((task) => task.id), ids);
    assert.deepEqual((await ana.tasks({ max: 2, sort: 'title', order: 1 })).map((task) => task.title), ['e', 'd', 'c', 'b', 'a']);
    const full = await ana.tasks({ max: 2, view: 'full', q: 'b' });
    assert.deepEqual(full.map((task) => [task.title, task.fit]), [['b', 'pad']]);
    assert.deepEqual(await ana.tasks({ status: 'failed' }), []);
});

// -- what is tried again -------------------------------------------------------------------------

// A server that answers as a test says, and what it was asked.
async function stub(t, answer) {
    const asked = [], server = createServer((request, response) => {
        request.resume().on('end', () => {
            asked.push({ method: request.method, url: request.url, headers: request.headers });
            answer(response, asked.length, request);
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    t.after(() => { server.closeAllConnections(); server.close(); });
    return { asked, url: `http://127.0.0.1:${server.address().port}` };
}
const say = (response, status, headers, body) => response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
const BUSY = { message: 'busy', code: 'unavailable', request_id: 'r-1' };

test('a request is repeated where that is safe, as often and as late as it may be', async (t) => {
    const { asked, url } = await stub(t, (response, n, { url: path }) => {
        if (path.includes('gone')) return response.destroy();
        if (path.includes('proxy')) return response.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>502</h1>');
        if (path.includes('long')) return say(response, 429, { 'Retry-After': '3600' }, { ...BUSY, code: 'tasks_limit' });
        return say(response, 503, { 'Retry-After': '0' }, BUSY);
    });
    const api = new Reelgate({ url: `${url}/`, retries: 2, longestWait: 20 });
    const busy = { name: 'ReelgateError', status: 503, code: 'unavailable', message: 'busy', requestId: 'r-1', retryAfter: 0, temporary: true };
    const times = async (n, promise, error) => {
        const before = asked.length;
        await assert.rejects(promise(), error);
        assert.equal(asked.length - before, n, String(promise));
    };
    const key = { body: { name: 'x', scopes: ['read'] } }, profile = { body: { crf: 20 } };
    await times(3, () => api.me(), busy);
    await times(3, () => api.call('put', '/api/admin/profile', profile), busy);
    await times(3, () => api.upload(new Blob(['x'])), busy);
    assert.equal(new Set(asked.slice(-3).map((request) => request.headers['idempotency-key'])).size, 1, 'with one key');
    await times(1, () => api.call('post', '/api/keys', key), busy);
    await times(1, () => api.changeTask(7, { title: 'x' }), busy);
    await times(1, () => api.logIn('ana', 'x'), busy);
    await times(1, () => api.deleteTask(7), busy);
    await times(3, () => api.call('get', '/api/hooks/{hook_id}', { path: { hook_id: 'proxy' } }), { status: 502, code: 'unknown', message: 'HTTP 502' });
    await times(1, () => api.call('delete', '/api/hooks/{hook_id}', { path: { hook_id: 'proxy' } }), { status: 502 });
    await times(1, () => api.call('get', '/api/hooks/{hook_id}', { path: { hook_id: 'long' } }), { status: 429, retryAfter: 3_600_000 });
    await times(3, () => api.call('get', '/api/hooks/{hook_id}', { path: { hook_id: 'gone' } }), TypeError);
    await times(1, () => api.call('delete', '/api/hooks/{hook_id}', { path: { hook_id: 'gone' } }), TypeError);
    await times(1, () => new Reelgate({ url, retries: 0 }).me(), busy);
    await times(1, () => api.uploadInPieces(new Blob(['x'])), busy);
    // a stop in the wait ends it
    const stop = new AbortController(), patient = new Reelgate({ url, longestWait: 60_000 }), why = new Error('enough');
    const waits = patient.call('get', '/api/hooks/{hook_id}', { path: { hook_id: 'gone' }, signal: stop.signal });
    stop.abort(why);
    await assert.rejects(waits, (error) => error === why);
    await assert.rejects(new Reelgate({ url, patience: 0 }).events().next(), busy);
});

test('what answers in the place of the server, such as a portal of a network, is tried for as long as patience lasts', async (t) => {
    const { asked, url } = await stub(t, (response) => response.writeHead(200, { 'Content-Type': 'text/html', Location: '/api/uploads/x' }).end('<p>Log in'));
    const api = new Reelgate({ url, patience: 200, longestWait: 50 });
    await assert.rejects(api.uploadInPieces(new Blob(['x'])), { name: 'TypeError', message: /Upload-Offset/ });
    await assert.rejects(api.events().next(), { name: 'TypeError', message: /no stream of events/ });
    assert.ok(asked.length < 100, `${asked.length} requests`);
});

test('a piece of which nothing is taken is no progress', async (t) => {
    const { asked, url } = await stub(t, (response, n, { method }) =>
        response.writeHead(method === 'HEAD' ? 200 : 204, { 'Upload-Offset': '4', 'Upload-Length': '9' }).end());
    const api = new Reelgate({ url, patience: 200, longestWait: 50 });
    await assert.rejects(api.uploadInPieces(new Blob(['123456789']), { resume: '/api/uploads/x' }), { name: 'TypeError', message: /took nothing/ });
    assert.ok(asked.length < 100, `${asked.length} requests`);
});

test('events go on where the line breaks while whoever listens is busy for longer than patience lasts', async (t) => {
    const { url } = await stub(t, (response, n) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(`id: ${n}\ndata: {"type":"hello"}\n\n`);
        setImmediate(() => response.destroy());
    });
    const heard = [];
    for await (const { id } of new Reelgate({ url, patience: 100, longestWait: 10 }).events()) {
        if (heard.push(id) === 3) break;
        const begun = performance.now();
        await until('the listener has been busy', () => performance.now() - begun > 150);
    }
    assert.deepEqual(heard, [1, 2, 3]);
});

test('language, token and the parts of a path go where they belong', async (t) => {
    const { asked, url } = await stub(t, (response) => say(response, 200, {}, { token: 'of-the-day', data: [], next: null }));
    let token = 'one';
    const api = new Reelgate({ url: `${url}/below/`, token: async () => token, language: 'en' });
    await api.call('delete', '/api/keys/{key_id}', { path: { key_id: 'a/../b?c' } });
    assert.deepEqual([asked[0].url, asked[0].headers.authorization, asked[0].headers['accept-language']], ['/below/api/keys/a%2F..%2Fb%3Fc', 'Bearer one', 'en']);
    token = undefined;
    for await (const task of api.tasks({ q: 'a&b', status: undefined })) assert.fail(String(task));
    assert.deepEqual([asked[1].url, asked[1].headers.authorization], ['/below/api/tasks?q=a%26b', undefined]);
    await api.logIn('ana', 'x');
    await api.download({ status: 'processed', download: `${url}/link?sig=x` });
    assert.deepEqual([asked[3].url, asked[3].headers.authorization], ['/link?sig=x', undefined], 'a link needs no token and gets none');
    await api.me();
    assert.equal(asked[4].headers.authorization, 'Bearer of-the-day');
});

test('a stream is read by the letter of the standard, wherever its pieces end', async (t) => {
    const text = 'retry: 1\r\n: a comment\r\nid: 4\r\nevent: x\rdata: {"type":\rdata:"hello"}\r\r\nid\nretry: soon\ndata: {"type":"reset","t":"ñ: \u2028"}\n\nid: 9\n\ndata: {"type":"hello"}\n\ndata: cut off';
    const { asked, url } = await stub(t, async (response, n) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        if (n > 1) return response.end('data: {"type":"hello"}\n\n');
        for (const byte of Buffer.from(text)) await new Promise((done) => response.write(Buffer.from([byte]), done));
        return response.end();
    });
    const heard = [];
    for await (const event of new Reelgate({ url }).events({ task: 7, after: 3 })) if (heard.push(event) === 4) break;
    assert.deepEqual(heard, [{ type: 'hello', id: 4 }, { type: 'reset', t: 'ñ: \u2028', id: 4 }, { type: 'hello', id: 9 }, { type: 'hello', id: 9 }]);
    assert.deepEqual(asked.map((request) => [request.url, request.headers['last-event-id']]), [['/api/tasks/7/events', '3'], ['/api/tasks/7/events', '9']]);
});

test('a refusal keeps all that the server said of it', async (t) => {
    const server = await serve(t), api = packaged(new Client(server), { language: 'en' });
    await assert.rejects(api.signUp({ username: 'ana', email: 'ana', password: 'correct horse' }), (error) => {
        assert.ok(error instanceof ReelgateError && error instanceof Error);
        assert.deepEqual([error.status, error.code, error.parameter, error.temporary, error.retryAfter], [400, 'email_bad', 'email', false, undefined]);
        assert.match(error.message, /e-mail/);
        assert.match(error.requestId, /^[a-z2-7]{26}$/);
        return true;
    });
    await server.stop();
    await assert.rejects(api.me(), TypeError);
});
