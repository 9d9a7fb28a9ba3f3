// Uploads in pieces (tus 1.0): by the real client, and by hand where it matters what a bad one does.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, readFileSync, readdirSync, statSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tus from 'tus-js-client';
import { Client } from './lib/client.mjs';
import { bytes, clip } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres } from './lib/engines.mjs';
import { residentBytes, serve, sleep, until } from './lib/reelgate.mjs';

const T = { 'Tus-Resumable': '1.0.0' };
const PIECE = { ...T, 'Content-Type': 'application/offset+octet-stream' };
const meta = (fields) => Object.entries(fields).map(([k, v]) => `${k} ${Buffer.from(v).toString('base64')}`).join(',');
const create = (client, length, headers = {}) => client.call('POST', '/api/uploads', { headers: { ...T, 'Upload-Length': String(length), ...headers } });
const patch = (client, where, at, data, headers = {}) => client.call('PATCH', where, { body: data, headers: { ...PIECE, 'Upload-Offset': String(at), ...headers } });
const head = (client, where) => client.call('HEAD', where, { headers: T });
const offset = (answer) => Number(answer.headers.get('upload-offset'));
const code = (answer) => [answer.status, answer.json?.code];

async function begun(client, length, headers) {
    const answer = await create(client, length, headers);
    assert.equal(answer.status, 201, answer.text);
    return answer.headers.get('location');
}
// A clip of about so many bytes: a real one, and a box that players pass over.
async function large(size) {
    const data = readFileSync(await clip(1)), free = Buffer.alloc(size - data.length);
    randomBytes(4096).copy(free, 8);
    free.writeUInt32BE(free.length, 0);
    free.write('free', 4);
    return Buffer.concat([data, free]);
}
// A PATCH whose connection is cut after these bytes of it.
function cut(client, where, at, data, after, headers = {}) {
    return new Promise((done) => {
        const request = http.request(new URL(where, client.url), { method: 'PATCH', agent: false,
            headers: { ...PIECE, Authorization: `Bearer ${client.token}`, 'Upload-Offset': at, 'Content-Length': data.length, ...headers } });
        request.on('error', () => done()).on('close', () => done());
        request.write(data.subarray(0, after), () => setTimeout(() => request.destroy(), 50));
    });
}
const clipOf = (server, task) => readFileSync(join(server.dir, 'blobs/clips', task.file_path));

test('what the server can is said, and what is asked for wrongly is refused', async (t) => {
    const server = await serve(t, '--max-upload', '1M');
    const ana = await new Client(server).user('ana'), eva = await new Client(server).user('eva');
    const can = await ana.call('OPTIONS', '/api/uploads');
    assert.equal(can.status, 204);
    assert.deepEqual(['tus-resumable', 'tus-version', 'tus-max-size', 'tus-checksum-algorithm', 'tus-extension'].map((h) => can.headers.get(h)),
        ['1.0.0', '1.0.0', '1048576', 'sha1,sha256', 'creation,creation-with-upload,termination,checksum,expiration']);
    const old = await ana.call('POST', '/api/uploads', { headers: { 'Upload-Length': '5' } });
    assert.deepEqual([...code(old), old.headers.get('tus-version')], [412, 'tus_version', '1.0.0']);
    assert.deepEqual(code(await create(new Client(server), 5)), [401, 'auth_missing']);
    for (const [length, status, slug] of [['0', 400, 'empty_file'], ['x', 400, 'parameter_bad'], ['-5', 400, 'parameter_bad'], ['1048577', 413, 'file_too_large'], ['99999999999999999999', 400, 'parameter_bad']])
        assert.deepEqual(code(await create(ana, length)), [status, slug], length);
    assert.deepEqual(code(await ana.call('POST', '/api/uploads', { headers: T })), [400, 'parameter_bad']);
    for (const bad of ['filename %%%', `fit ${Buffer.from('round').toString('base64')}`, `start ${Buffer.from('soon').toString('base64')}`])
        assert.deepEqual(code(await create(ana, 5, { 'Upload-Metadata': bad })), [400, 'parameter_bad'], bad);
    const where = await begun(ana, 5);
    assert.deepEqual(code(await patch(ana, where, 3, 'ab')), [409, 'offset_wrong']);
    assert.deepEqual(code(await patch(ana, where, 0, 'ab', { 'Content-Type': 'text/plain' })), [415, 'unsupported']);
    assert.deepEqual(code(await patch(ana, where, 'x', 'ab')), [400, 'parameter_bad']);
    assert.deepEqual(code(await patch(ana, where, 0, 'abcdefgh')), [413, 'file_too_large']);
    assert.deepEqual(code(await patch(ana, where, 0, 'ab', { 'Upload-Checksum': 'md5 YQ==' })), [400, 'parameter_bad']);
    for (const [who, path] of [[eva, where], [ana, '/api/uploads/none'], [ana, `/api/uploads/${'x'.repeat(200)}`]]) {
        assert.equal((await head(who, path)).status, 404);
        assert.deepEqual(code(await patch(who, path, 0, 'ab')), [404, 'not_found']);
        assert.equal((await who.call('DELETE', path, { headers: T })).status, 404);
    }
    assert.equal(offset(await head(ana, where)), 0, 'none of it has moved it');
    assert.equal((await ana.call('DELETE', where, { headers: T })).status, 204);
    assert.equal((await head(ana, where)).status, 404);
    assert.deepEqual(server.blobs(), []);
});

test('pieces of any size become the very clip, with its wishes', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const data = readFileSync(await clip(3));
    const where = await begun(ana, data.length, { 'Upload-Metadata': meta({ filename: 'gol 🎬 مقطع.mp4', title: 'Gol', fit: 'crop', start: '1' }) });
    let at = 0;
    for (const size of [1, 7, 4095, 4096, 4097, data.length]) {
        const answer = await patch(ana, where, at, data.subarray(at, at + size));
        at = Math.min(at + size, data.length);
        assert.deepEqual([answer.status, offset(answer)], [204, at], answer.text);
        assert.ok(Date.parse(answer.headers.get('upload-expires')) > Date.now());
        assert.equal(offset(await head(ana, where)), at);
    }
    const id = Number((await head(ana, where)).headers.get('reelgate-task'));
    const task = await ana.processed(id);
    assert.deepEqual([task.file_name, task.title, task.fit, task.start], ['gol 🎬 مقطع.mp4', 'Gol', 'crop', 1]);
    assert.deepEqual(clipOf(server, task), data);
    assert.equal((await ana.tasks()).length, 1);
    assert.deepEqual(code(await patch(ana, where, at, 'x')), [413, 'file_too_large']);
    assert.equal((await patch(ana, where, at, '')).headers.get('reelgate-task'), String(id), 'a last piece of nothing');
    const doctor = await server.stop() && await server.doctor();
    assert.equal(doctor.code, 0, doctor.stdout);
});

test('all at once with the creation, by another method, and with a checksum', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const data = readFileSync(await clip(0.4));
    const whole = await ana.call('POST', '/api/uploads', { body: data, headers: { ...PIECE, 'Upload-Length': String(data.length), 'Upload-Metadata': meta({ filename: 'a.mp4' }) } });
    assert.deepEqual([whole.status, offset(whole)], [201, data.length], whole.text);
    await ana.processed(Number(whole.headers.get('reelgate-task')));
    const sum = (kind, bytes) => `${kind} ${createHash(kind).update(bytes).digest('base64')}`;
    const where = await begun(ana, data.length);
    const half = data.length >> 1;
    assert.deepEqual(code(await patch(ana, where, 0, data.subarray(0, half), { 'Upload-Checksum': sum('sha1', 'other') })), [460, 'checksum_wrong']);
    assert.equal(offset(await head(ana, where)), 0, 'bytes of a wrong checksum are dropped');
    assert.equal((await patch(ana, where, 0, data.subarray(0, half), { 'Upload-Checksum': sum('sha1', data.subarray(0, half)) })).status, 204);
    const rest = await ana.call('POST', where, { body: data.subarray(half), headers: { ...PIECE, 'X-HTTP-Method-Override': 'PATCH', 'Upload-Offset': String(half), 'Upload-Checksum': sum('sha256', data.subarray(half)) } });
    assert.equal(rest.status, 204, rest.text);
    const task = await ana.processed(Number(rest.headers.get('reelgate-task')));
    assert.deepEqual(clipOf(server, task), data);
});

test('what cannot be a clip ends the upload; a key makes one task', async (t) => {
    const server = await serve(t, '--quota', '100k');
    const ana = await new Client(server).user('ana');
    const text = Buffer.from('only some text\n'.repeat(600));
    const early = await begun(ana, text.length);
    assert.deepEqual(code(await patch(ana, early, 0, text)), [415, 'not_a_video']);
    assert.equal((await head(ana, early)).status, 404);
    const late = await begun(ana, 200);
    for (let at = 0; at < 150; at += 50) assert.equal((await patch(ana, late, at, text.subarray(0, 50))).status, 204);
    assert.deepEqual(code(await patch(ana, late, 150, text.subarray(0, 50))), [415, 'not_a_video'], 'also when its first bytes come in drops');
    assert.deepEqual(server.blobs(), []);
    const data = readFileSync(await clip(0.4)), ids = new Set();
    for (let i = 0; i < 2; i++) {
        const where = await begun(ana, data.length, { 'Idempotency-Key': 'gol-1' });
        const answer = await patch(ana, where, 0, data);
        ids.add(answer.headers.get('reelgate-task'));
    }
    assert.equal(ids.size, 1);
    assert.deepEqual(code(await create(ana, 101 * 1024)), [403, 'quota_exceeded']);
});

test('cut anywhere, it goes on from what came; a piece with a checksum begins again', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const data = await large(3 << 20);
    const where = await begun(ana, data.length, { 'Upload-Metadata': meta({ filename: 'a.mp4' }) });
    let at = 0;
    for (const after of [1, 5000, 65536, 700_001]) {
        await cut(ana, where, at, data.subarray(at), after);
        const now = offset(await head(ana, where));
        assert.ok(now >= at && now <= at + after, `${now} after ${at} and ${after} more`);
        at = now;
    }
    assert.ok(at > 65536, `some of it is kept: ${at}`);
    await cut(ana, where, at, data.subarray(at), 100_000, { 'Upload-Checksum': `sha1 ${createHash('sha1').update('x').digest('base64')}` });
    assert.equal(offset(await head(ana, where)), at);
    const last = await patch(ana, where, at, data.subarray(at));
    assert.equal(last.status, 204, last.text);
    const task = await ana.processed(Number(last.headers.get('reelgate-task')));
    assert.equal(Buffer.compare(clipOf(server, task), data), 0);
});

test('kill -9 at any moment loses no acknowledged byte and makes one task', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const data = await large(2 << 20);
    const where = await begun(ana, data.length);
    let known = 0;
    for (let round = 0; round < 6; round++) {
        const size = round % 2 ? data.length : 300_000;
        const going = (async () => {
            for (let at = known; at < data.length; at += size) {
                const answer = await patch(ana, where, at, data.subarray(at, at + size));
                if (answer.status !== 204) return;
                known = offset(answer);
            }
        })().catch(() => {});
        await sleep(5 + 20 * round);
        await server.kill();
        await going;
        await server.start();
        const answer = await head(ana, where);
        assert.equal(answer.status, 200);
        assert.ok(offset(answer) >= known, `${offset(answer)} bytes are there, ${known} were acknowledged`);
        known = offset(answer);
    }
    if (known < data.length) assert.equal((await patch(ana, where, known, data.subarray(known))).status, 204);
    const task = await ana.processed(Number((await head(ana, where)).headers.get('reelgate-task')));
    assert.equal(Buffer.compare(clipOf(server, task), data), 0);
    assert.equal((await ana.tasks()).length, 1);
});

test('an upload that nobody goes on with expires, bytes and all', async (t) => {
    const server = await serve(t, '--upload-expiry', '1s');
    const ana = await new Client(server).user('ana');
    const data = await large(200_000);
    const where = await begun(ana, data.length);
    assert.equal((await patch(ana, where, 0, data.subarray(0, 100_000))).status, 204);
    await until('it has expired', async () => [410, 404].includes((await head(ana, where)).status));
    await until('its bytes are gone', () => server.blobs().length === 0);
    assert.ok([410, 404].includes((await patch(ana, where, 100_000, data.subarray(100_000))).status));
});

test('of two clients on one upload the newest wins, though the older one hangs', async (t) => {
    const database = await postgres(t);
    const all = new Cluster(t, { database: database.url });
    const [one, two] = [await all.serve(), await all.serve()];
    await all.work();
    const ana = await new Client(one).user('ana'), there = new Client(two, ana.token);
    const data = await large(1 << 20);
    const where = await begun(ana, data.length);
    let closed = false;
    const hanging = http.request(new URL(where, ana.url), { method: 'PATCH', agent: false,
        headers: { ...PIECE, Authorization: `Bearer ${ana.token}`, 'Upload-Offset': 0, 'Content-Length': data.length } });
    hanging.on('error', () => (closed = true)).on('close', () => (closed = true));
    hanging.write(data.subarray(0, 300_000));
    await until('the first one has it', () => database.query('SELECT holder FROM uploads') !== '0');
    await sleep(200);
    const began = Date.now();
    const state = await head(there, where);
    assert.ok(closed || (await until('the older connection is ended', () => closed)));
    assert.ok(Date.now() - began < 5000);
    const at = offset(state);
    assert.ok(at > 0 && at <= 300_000, `what the older one sent is kept: ${at}`);
    const last = await patch(there, where, at, data.subarray(at));
    assert.equal(last.status, 204, last.text);
    await there.processed(Number(last.headers.get('reelgate-task')));
    assert.equal(database.query('SELECT count(*) FROM tasks'), '1');
});

test('tus-js-client uploads in chunks, and goes on at another node after the first was killed', async (t) => {
    const database = await postgres(t);
    const all = new Cluster(t, { database: database.url });
    const [one, two] = [await all.serve(), await all.serve()];
    await all.work();
    const ana = await new Client(one).user('ana');
    const data = await large(4 << 20), file = await bytes('.mp4', data);
    const options = (endpoint, more) => ({ endpoint: `${endpoint.url}/api/uploads`, headers: { Authorization: `Bearer ${ana.token}` }, chunkSize: 512 * 1024,
        metadata: { filename: 'gol.mp4', title: 'Gol' }, uploadSize: statSync(file).size, retryDelays: null, ...more });
    let url;
    await new Promise((done) => {
        const upload = new tus.Upload(createReadStream(file), options(one, {
            onChunkComplete: (size, sent) => { if (sent > 1 << 20) one.kill(); },
            onError: () => { url = upload.url; done(); },
            onSuccess: () => done(),
        }));
        upload.start();
    });
    assert.ok(url, 'the first node went away in the middle');
    let id;
    await new Promise((done, failed) => {
        new tus.Upload(createReadStream(file), options(two, {
            uploadUrl: url.replace(one.url, two.url),
            onAfterResponse: (request, response) => (id = response.getHeader('Reelgate-Task') ?? id),
            onSuccess: () => done(), onError: failed,
        })).start();
    });
    const task = await new Client(two, ana.token).processed(Number(id));
    assert.deepEqual([task.file_name, task.title, task.clip.bytes], ['gol.mp4', 'Gol', data.length]);
    const clips = readdirSync(join(all.dir, 'blobs/clips'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
    assert.equal(Buffer.compare(readFileSync(join(clips[0].parentPath ?? clips[0].path, clips[0].name)), data), 0);
});

test('a large one costs the server no memory', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    const data = await large(Number(process.env.REELGATE_TEST_UPLOAD ?? 96) << 20);
    const where = await begun(ana, data.length);
    const warm = 1 << 20;
    assert.equal((await patch(ana, where, 0, data.subarray(0, warm))).status, 204);
    const before = residentBytes(server.pid);
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, residentBytes(server.pid))), 20);
    const half = data.length >> 1;
    assert.equal((await patch(ana, where, warm, data.subarray(warm, half))).status, 204);
    assert.equal((await patch(ana, where, half, data.subarray(half))).status, 204);
    clearInterval(watch);
    t.diagnostic(`${((most - before) / 1e6).toFixed(1)} MB more for ${data.length >> 20} MB`);
    assert.ok(most - before < 24e6, 'what a sanitizer keeps included');
});
