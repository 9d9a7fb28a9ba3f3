// tus 1.0 with the clients that people use, and by hand where they are too polite: whatever breaks
// and whoever goes on, what was acknowledged is there, and a whole clip is one task, byte by byte.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Uppy from '@uppy/core';
import UppyTus from '@uppy/tus';
import * as tus from 'tus-js-client';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres } from './lib/engines.mjs';
import { OCTETS, Upload, ask, digest, keptClips, metadata } from './lib/tus.mjs';
import { serve, sleep, until } from './lib/reelgate.mjs';

const IDLE = ['--workers', '0'];
const rounds = Number(process.env.REELGATE_ROUNDS ?? 8);
const plain = async () => readFileSync(await clip(0.4));
// A clip with as many bytes more, which no player looks at.
async function padded(bytes) {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(bytes + 8);
    head.write('free', 4);
    return Buffer.concat([await plain(), head, randomBytes(bytes)]);
}
const hex = (bytes) => digest(bytes).toString('hex');
async function world(t, ...flags) {
    const server = await serve(t, ...flags);
    return { server, ana: await new Client(server).user('ana') };
}

// tus-js-client to its end; options as its own. Gives the upload when it has ended or was aborted.
function run(client, bytes, options, onChunk) {
    return new Promise((done, fail) => {
        const upload = new tus.Upload(bytes, {
            endpoint: `${client.url}/api/uploads`,
            headers: { Authorization: `Bearer ${client.token}` },
            metadata: { filename: 'clip.mp4', filetype: 'video/mp4' },
            retryDelays: null,
            ...options,
            onChunkComplete: (size, accepted) => {
                if (onChunk?.(accepted) === false) upload.abort().then(() => done(upload), fail);
            },
            onSuccess: () => done(upload),
            onError: fail,
        });
        upload.start();
    });
}
const path = (url) => new URL(url).pathname;

// One task, of exactly these bytes, and nothing left on the way.
async function isOne(server, client, bytes, count = 1) {
    assert.equal((await client.tasks()).length, count, 'each clip is one task');
    assert.deepEqual(keptClips(server.dir, server.files()), Array(count).fill(hex(bytes)), 'byte by byte');
}

test('what the server says of itself, and to requests that are not tus', async (t) => {
    const { ana } = await world(t, ...IDLE, '--max-upload', '1M');
    const nobody = new Client(ana.server);
    const options = await ask(nobody, 'OPTIONS', '/api/uploads', { headers: { 'Tus-Resumable': null } });
    assert.ok([200, 204].includes(options.status), `OPTIONS: ${options.status}`);
    assert.equal(options.headers['tus-version'], '1.0.0');
    assert.equal(options.headers['tus-resumable'], '1.0.0');
    assert.equal(options.headers['tus-max-size'], String(1 << 20));
    assert.deepEqual(options.headers['tus-extension'].split(',').sort(), ['checksum', 'creation', 'creation-with-upload', 'expiration', 'termination']);
    assert.deepEqual(options.headers['tus-checksum-algorithm'].split(',').sort(), ['sha1', 'sha256']);
    const up = await Upload.create(ana, 1000);
    assert.match(up.created.headers['upload-expires'], /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    assert.equal(up.created.headers['tus-resumable'], '1.0.0');
    const head = await up.head();
    assert.deepEqual([head.status, head.headers['upload-offset'], head.headers['upload-length'], head.headers['cache-control'], head.headers['tus-resumable']],
        [200, '0', '1000', 'no-store', '1.0.0']);
    const body = Buffer.alloc(10);
    const post = (headers) => ask(ana, 'POST', '/api/uploads', { headers: { 'Upload-Length': 1000, ...headers } });
    const said = (name, answer, ...statuses) => {
        assert.ok(statuses.includes(answer.status), `${name}: ${answer.status ?? answer.error} ${answer.text}, not ${statuses}`);
        if (answer.text) assert.ok(answer.json.code && answer.json.message && answer.json.request_id, `${name}: ${answer.text}`);
        return answer;
    };
    for (const version of [null, '0.2.2', '1.0.1', ''])
        assert.equal(said(`version ${version}`, await post({ 'Tus-Resumable': version }), 412).headers['tus-version'], '1.0.0');
    said('HEAD of another version', await up.head({ 'Tus-Resumable': '2.0.0' }), 412);
    said('another type', await up.patch(0, body, { 'Content-Type': 'video/mp4' }), 415);
    said('no type', await up.patch(0, body, { 'Content-Type': null }), 415);
    for (const offset of [1, 999, 1000, 1001]) said(`offset ${offset}`, await up.patch(offset, body), 409);
    for (const offset of [null, '', '-1', 'x', '0x0', '1e3', '99999999999999999999', '0 0', '+0']) said(`offset ${offset}`, await up.patch(offset, body), 400, 409);
    for (const length of [null, '', '-1', 'x', '0x10', '1e3', '99999999999999999999', '9223372036854775808', '1.5', '+1', '1,2', '0'])
        said(`length ${length}`, await post({ 'Upload-Length': length }), 400, 413);
    for (const length of [(1 << 20) + 1, '9223372036854775807']) said(`length ${length}`, await post({ 'Upload-Length': length }), 413);
    said('a length later', await post({ 'Upload-Length': null, 'Upload-Defer-Length': '1' }), 400);
    for (const meta of ['fit d3Jvbmc=', 'start LTE=', 'start bmFu', 'start aW5m', 'title /////w==', 'title AAAA', 'filename ***'])
        said(`metadata ${meta}`, await post({ 'Upload-Metadata': meta }), 400);
    for (const id of ['x', '0', 'a'.repeat(26), 'a'.repeat(300), '..%2f..%2fsecret', '%00', up.path.split('/').at(-1).toUpperCase() + 'a']) {
        said(`HEAD ${id}`, await ask(ana, 'HEAD', `/api/uploads/${id}`), 404, 400);
        said(`PATCH ${id}`, await new Upload(ana, `/api/uploads/${id}`).patch(0, body), 404, 400);
        said(`DELETE ${id}`, await ask(ana, 'DELETE', `/api/uploads/${id}`), 404, 400);
    }
    const eva = await new Client(ana.server).user('eva');
    const hers = up.at(eva);
    assert.deepEqual([(await hers.head()).status, (await hers.patch(0, body)).status, (await hers.remove()).status], [404, 404, 404], "another user's is not there");
    for (const client of [nobody, new Client(ana.server, 'x.y.z')])
        for (const answer of [await ask(client, 'POST', '/api/uploads', { headers: { 'Upload-Length': 5 } }), await up.at(client).head(), await up.at(client).patch(0, body), await up.at(client).remove()])
            assert.equal(answer.status, 401);
    said('too much', await up.patch(0, Buffer.alloc(1001)), 413, 400);
    assert.equal(await up.offset(), 0, 'nothing of all this was kept');
    const over = await ask(ana, 'POST', up.path, { headers: { 'X-HTTP-Method-Override': 'PATCH', 'Content-Type': OCTETS, 'Upload-Offset': 0 }, body: (await plain()).subarray(0, 600) });
    assert.deepEqual([over.status, over.headers['upload-offset']], [204, '600'], over.text);
    const gone = await ask(ana, 'POST', up.path, { headers: { 'X-HTTP-Method-Override': 'DELETE' } });
    assert.equal(gone.status, 204);
    assert.ok([404, 410].includes((await up.head()).status));
    assert.deepEqual(await ana.tasks(), []);
});

test('tus-js-client, stopped at every chunk boundary and begun anew each time', async (t) => {
    const { server, ana } = await world(t);
    const bytes = await plain();
    const size = Math.ceil(bytes.length / 6);
    let url = null, stops = 0;
    for (let ended = false; !ended; stops++) {
        const before = stops * size;
        const upload = await run(ana, bytes, { chunkSize: size, uploadUrl: url }, (accepted) => {
            assert.equal(accepted, Math.min(bytes.length, before + size), 'it goes on where it stopped');
            ended = accepted === bytes.length;
            return ended ? undefined : false;
        });
        url = upload.url;
    }
    assert.equal(stops, 6);
    await isOne(server, ana, bytes);
    const [{ id }] = await ana.tasks();
    assert.equal(await new Upload(ana, path(url)).task(), id, 'HEAD names the task');
    await ana.processed(id);
    assert.equal((await new Upload(ana, path(url)).remove()).status, 204);
    assert.equal((await ana.task(id)).status, 'processed', 'the task outlives its upload');
    await isOne(server, ana, bytes);
});

test('Uppy gives several clips at once, with words of many scripts', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const bytes = await plain();
    const uppy = new Uppy({ autoProceed: false });
    uppy.use(UppyTus, { endpoint: `${ana.url}/api/uploads`, headers: { Authorization: `Bearer ${ana.token}` }, chunkSize: 20_000, allowedMetaFields: ['filename', 'title', 'fit', 'start', 'name', 'type'], limit: 3 });
    const names = ['مقطع الفيديو.mp4', '🎬🏀 gol.mp4', 'niño y mañana.mp4'];
    for (const name of names) uppy.addFile({ name, type: 'video/mp4', data: Object.assign(Buffer.from(bytes), { size: bytes.length }), meta: { filename: name, title: `«${name}»`, fit: 'blur', start: '0.1' } });
    const { successful, failed } = await uppy.upload();
    assert.deepEqual([successful.length, failed.map((f) => f.error)], [3, []]);
    await isOne(server, ana, bytes, 3);
    const tasks = await Promise.all((await ana.tasks()).map(({ id }) => ana.task(id)));
    assert.deepEqual(tasks.map((x) => x.title).sort(), names.map((n) => `«${n}»`).sort());
    uppy.destroy();
});

test('cut in mid-chunk, again and again: what came is kept, and no byte counts twice', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const bytes = await padded(500_000);
    const up = await Upload.create(ana, bytes.length);
    let at = 0;
    for (const piece of [1, 7, 100, 4095, 4096, 4097, 65_536, 100_001]) {
        await up.cut(at, bytes.length - at, bytes.subarray(at, at + piece));
        const now = await up.offset();
        assert.ok(now >= at && now <= at + piece, `${now} after ${at} and at most ${piece} more`);
        at = now;
        /* who hangs on is heard, and its bytes count; one whom the look overtook was refused, and comes again */
        const to = at + piece;
        for (let tries = 1; at < to; tries++) {
            assert.ok(tries < 12, `what came is kept: ${at} of ${to}`);
            const open = await up.hang(at, bytes.length - at, bytes.subarray(at, to));
            open.request.on('error', () => {});
            await sleep(50 * tries);
            const then = await up.offset();
            open.request.destroy();
            assert.ok(then >= at && then <= to, `${then} after ${at} and at most ${to}`);
            at = then;
        }
    }
    assert.ok(at >= 177_933, `what came is kept: ${at}`);
    await run(ana, bytes, { uploadUrl: new URL(up.path, ana.url).href, chunkSize: 50_000 });
    await isOne(server, ana, bytes);
    const [{ id }] = await ana.tasks();
    assert.equal(await up.task(), id);
    const again = await up.patch(bytes.length, Buffer.alloc(0));
    assert.ok([200, 204].includes(again.status) && Number(again.headers['reelgate-task']) === id, `a last piece of nothing: ${again.status} ${again.text}`);
    assert.equal((await up.patch(0, bytes)).status, 409, 'it has ended');
    await isOne(server, ana, bytes);
});

test('a checksum that does not fit drops its piece alone', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const bytes = await plain(), half = bytes.length >> 1;
    const [first, rest] = [bytes.subarray(0, half), bytes.subarray(half)];
    const sum = (data, algorithm) => ({ 'Upload-Checksum': `${algorithm} ${digest(data, algorithm).toString('base64')}` });
    const up = await Upload.create(ana, bytes.length);
    const pieces = [[0, first], [half, rest]];
    for (const [at, piece] of pieces) {
        const bad = Buffer.from(piece);
        bad[piece.length - 1] ^= 1;
        for (const algorithm of ['sha1', 'sha256']) {
            assert.equal((await up.patch(at, bad, sum(piece, algorithm))).status, 460);
            assert.equal(await up.offset(), at);
        }
        for (const odd of ['md5 AAAA', 'sha1', 'sha1 !!!', 'sha1 AAAA', '', `sha256 ${digest(piece).toString('hex')}`, `sha1 ${digest(piece).toString('base64')}`]) {
            const { status } = await up.patch(at, piece, { 'Upload-Checksum': odd });
            assert.ok([400, 460].includes(status), `checksum ${odd}: ${status}`);
            assert.equal(await up.offset(), at);
        }
        await up.cut(at, piece.length, piece.subarray(0, piece.length >> 1), sum(piece, 'sha1'));
        assert.equal(await up.offset(), at, 'what cannot be checked is not kept');
        assert.equal((await up.patch(at, piece, sum(piece, at ? 'sha256' : 'sha1'))).status, 204);
    }
    await isOne(server, ana, bytes);
});

test('the newest connection wins at once, also over one that hangs', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const bytes = await padded(100_000);
    const up = await Upload.create(ana, bytes.length);
    let at = 0;
    const old = [], took = [];
    for (const look of [true, false, true]) {
        const piece = 20_000, open = await up.hang(at, bytes.length - at, bytes.subarray(at, at + piece));
        old.push(open);
        open.request.on('error', () => {});
        /* a HEAD asks how far it is; without one, who guesses the offset may be told another */
        const began = Date.now();
        let ended = null;
        void open.answer.then((answer) => ended = answer);
        if (look) {
            /* all of it counts, unless it came after the one who asked, and was told so */
            const from = at;
            at = (await until('what it sent counts', async () => {
                const now = await up.offset();
                assert.ok(now >= from, `${now} after ${from}`);
                return (now >= from + piece || [409, 423].includes(ended?.status)) && { now };
            }, 20_000)).now;
        } else {
            const { status } = await up.patch(at, bytes.subarray(at, at + 10));
            assert.ok([204, 409, 423].includes(status), `${status}: bytes of the old one count, if it was heard before; heard after it, it is the newest`);
            at = await up.offset();
            if (status === 204) continue;
        }
        took.push(Date.now() - began);
        await until('the old connection is ended', () => ended, 20_000);
        assert.ok(ended.error || [409, 423].includes(ended.status), `with ${ended.status}`);
    }
    assert.ok(Math.min(...took) < 3000, `${took} ms: nobody is waited for to the end`);
    const both = await Promise.all([up.patch(at, bytes.subarray(at)), up.patch(at, bytes.subarray(at))]);
    assert.ok(both.some((x) => x.status === 204) || (await up.offset()) >= at, both.map((x) => x.status).join());
    for (const { status, error, text } of both) assert.ok(error || [204, 409, 423].includes(status), `${status} ${text}`);
    const now = await up.offset();
    if (now < bytes.length) assert.equal((await up.patch(now, bytes.subarray(now))).status, 204);
    for (const { request } of old) request.destroy();
    await isOne(server, ana, bytes);
});

test('many who shove each other make one clip', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const bytes = await padded(400_000);
    const up = await Upload.create(ana, bytes.length);
    const seen = {};
    await Promise.all(Array.from({ length: 4 }, async (_, who) => {
        await until('it is whole', async () => {
            const head = await up.head();
            if (head.error || head.status !== 200) {
                assert.ok(head.error || head.status === 503, `HEAD: ${head.status}`);
                return false;
            }
            const at = Number(head.headers['upload-offset']);
            if (at === bytes.length) return true;
            if (who === 0) {
                await up.cut(at, bytes.length - at, bytes.subarray(at, at + 1 + Math.floor(Math.random() * 30_000)));
                return false;
            }
            const answer = await up.patch(at, bytes.subarray(at, at + 1 + Math.floor(Math.random() * 60_000)));
            seen[answer.status ?? 'cut'] = (seen[answer.status ?? 'cut'] ?? 0) + 1;
            assert.ok(answer.error || [204, 409, 423, 503].includes(answer.status), `PATCH: ${answer.status} ${answer.text}`);
            return false;
        });
    }));
    t.diagnostic(JSON.stringify(seen));
    await until('it is a task', () => up.task());
    await isOne(server, ana, bytes);
});

test('a last answer that is lost, and many who ask at the end: one task, whose clip is there', async (t) => {
    const { server, ana } = await world(t);
    const bytes = await padded(3_000_000);
    for (let round = 1; round <= 4; round++) {
        const up = await Upload.create(ana, bytes.length);
        const half = bytes.length >> 1;
        assert.equal((await up.patch(0, bytes.subarray(0, half))).status, 204);
        if (round % 2) {
            await up.cut(half, bytes.length - half, bytes.subarray(half));
            const asked = await Promise.all(Array.from({ length: 6 }, () => up.head()));
            for (const { status } of asked) assert.ok([200, 503].includes(status), `HEAD: ${status}`);
        } else {
            const [answer, ...asked] = await Promise.all([up.patch(half, bytes.subarray(half)), ...Array.from({ length: 6 }, () => up.head())]);
            assert.ok(answer.error || [204, 409, 503].includes(answer.status), `PATCH: ${answer.status}`);
            for (const { status } of asked) assert.ok([200, 503].includes(status), `HEAD: ${status}`);
        }
        /* what was on its way when the others asked has to be sent again */
        await until('all of it is there', async () => {
            const { status, headers } = await up.head(), now = Number(headers?.['upload-offset']);
            assert.ok([200, 503].includes(status), `HEAD: ${status}`);
            if (status === 200 && now < bytes.length) await up.patch(now, bytes.subarray(now));
            return now === bytes.length;
        });
        const id = await until('it is a task', () => up.task());
        await ana.processed(id);
        await isOne(server, ana, bytes, round);
    }
});

test('terminated: it is gone with its bytes, also in the middle of a piece', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const bytes = await padded(100_000);
    const up = await Upload.create(ana, bytes.length);
    assert.equal((await up.patch(0, bytes.subarray(0, 50_000))).status, 204);
    assert.equal((await up.remove()).status, 204);
    assert.ok([404, 410].includes((await up.head()).status));
    assert.ok([404, 410].includes((await up.patch(50_000, bytes.subarray(50_000))).status));
    assert.ok([404, 410].includes((await up.remove()).status));
    assert.deepEqual(server.blobs(), []);
    for (const before of [0, 10_000]) {
        const other = await Upload.create(ana, bytes.length);
        if (before) assert.equal((await other.patch(0, bytes.subarray(0, before))).status, 204);
        const open = await other.hang(before, bytes.length - before, bytes.subarray(before, 20_000));
        open.request.on('error', () => {});
        await until('it is removed', async () => (await other.remove()).status === 204, 10_000);
        open.request.destroy();
        assert.ok([404, 410].includes((await other.head()).status));
        await until('its bytes are gone', () => server.blobs().length === 0, 10_000);
    }
    const third = await new Promise((done, fail) => {
        const upload = new tus.Upload(bytes, {
            endpoint: `${ana.url}/api/uploads`, headers: { Authorization: `Bearer ${ana.token}` }, chunkSize: 30_000, retryDelays: null, onError: fail,
            onChunkComplete: () => upload.abort(true).then(() => done(upload), fail),
        });
        upload.start();
    });
    assert.ok([404, 410].includes((await new Upload(ana, path(third.url)).head()).status));
    assert.deepEqual([server.blobs(), await ana.tasks()], [[], []]);
});

test('bytes that come with the creation', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const bytes = await plain();
    const whole = await Upload.create(ana, bytes.length, { body: bytes });
    assert.equal(whole.created.headers['upload-offset'], String(bytes.length));
    assert.ok(Number(whole.created.headers['reelgate-task']) > 0);
    const part = await Upload.create(ana, bytes.length, { body: bytes.subarray(0, 100) });
    assert.equal(part.created.headers['upload-offset'], '100');
    await run(ana, bytes, { uploadUrl: new URL(part.path, ana.url).href });
    await run(ana, bytes, { uploadDataDuringCreation: true });
    await run(ana, bytes, { uploadDataDuringCreation: true, chunkSize: 10_000 });
    await isOne(server, ana, bytes, 4);
    const limited = await world(t, ...IDLE, '--quota', '200k');
    const tries = [
        [415, bytes, { 'Content-Type': 'video/mp4' }],
        [415, Buffer.alloc(bytes.length, 'no clip at all '), {}],
        [460, bytes, { 'Upload-Checksum': `sha1 ${digest('another', 'sha1').toString('base64')}` }],
        [413, Buffer.concat([bytes, bytes]), {}],
    ];
    for (let i = 0; i < 3; i++)
        for (const [status, body, more] of tries) {
            const answer = await ask(limited.ana, 'POST', '/api/uploads', { headers: { 'Upload-Length': bytes.length, 'Content-Type': OCTETS, ...more }, body });
            assert.equal(answer.status, status, answer.text);
        }
    await Upload.create(limited.ana, bytes.length, { body: bytes });
    const bad = await ask(ana, 'POST', '/api/uploads', { headers: { 'Upload-Length': bytes.length, 'Content-Type': 'video/mp4' }, body: bytes });
    assert.ok(bad.status === 415 || bad.status === 400, `another type: ${bad.status}`);
    const much = await ask(ana, 'POST', '/api/uploads', { headers: { 'Upload-Length': 10, 'Content-Type': OCTETS }, body: bytes });
    assert.ok([400, 413].includes(much.status), `more than announced: ${much.status}`);
    await isOne(server, ana, bytes, 4);
});

test('what cannot be a clip is refused as soon as that is seen', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const text = Buffer.alloc(100_000, 'no clip at all. ');
    const up = await Upload.create(ana, text.length);
    assert.equal((await up.patch(0, text)).status, 415);
    const slow = await Upload.create(ana, 1000);
    assert.equal((await slow.patch(0, text.subarray(0, 10))).status, 204, 'ten bytes say nothing yet');
    assert.equal((await slow.patch(10, text.subarray(10, 1000))).status, 415);
    const list = Buffer.from('#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n');
    assert.equal((await (await Upload.create(ana, list.length)).patch(0, list)).status, 415);
    await until('nothing is kept', () => server.blobs().length === 0);
    assert.deepEqual(await ana.tasks(), []);
});

test('expired: nobody goes on with it, and its bytes go', async (t) => {
    const { server, ana } = await world(t, ...IDLE, '--upload-expiry', '1s');
    const bytes = await plain();
    const up = await Upload.create(ana, bytes.length), empty = await Upload.create(ana, bytes.length);
    assert.equal((await up.patch(0, bytes.subarray(0, 500))).status, 204);
    assert.ok(server.blobs().length > 0);
    await until('it has expired', async () => [404, 410].includes((await up.head()).status) && [404, 410].includes((await empty.head()).status), 15_000);
    assert.ok([404, 410].includes((await up.patch(500, bytes.subarray(500))).status));
    await until('its bytes are gone', () => server.blobs().length === 0, 15_000);
    const other = await Upload.create(ana, bytes.length, { body: bytes });
    const id = Number(other.created.headers['reelgate-task']);
    await until('the upload is forgotten', async () => [404, 410].includes((await other.head()).status), 15_000);
    assert.equal((await ana.task(id)).status, 'uploaded');
    await isOne(server, ana, bytes);
});

test('limits are told before any byte comes', async (t) => {
    const bytes = await padded(200_000);
    const { server, ana } = await world(t, ...IDLE, '--quota', '300k');
    const announce = (length) => ask(ana, 'POST', '/api/uploads', { headers: { 'Upload-Length': length } });
    const over = await announce(310_000);
    assert.deepEqual([over.status, over.json?.code], [403, 'quota_exceeded']);
    await Upload.create(ana, bytes.length, { body: bytes });
    assert.equal((await announce(bytes.length)).status, 403);
    await isOne(server, ana, bytes);
    const full = await world(t, ...IDLE, '--free-space-floor', '1000T');
    const none = await ask(full.ana, 'POST', '/api/uploads', { headers: { 'Upload-Length': 10 } });
    assert.equal(none.status, 507, none.text);
});

test('uploads that are not done count against the quota', async (t) => {
    const { ana } = await world(t, ...IDLE, '--quota', '300k');
    const bytes = await padded(150_000);
    const first = await Upload.create(ana, bytes.length);
    assert.equal((await first.patch(0, bytes.subarray(0, 140_000))).status, 204);
    const second = await ask(ana, 'POST', '/api/uploads', { headers: { 'Upload-Length': bytes.length } });
    assert.deepEqual([second.status, second.json?.code], [403, 'quota_exceeded']);
    assert.equal((await first.remove()).status, 204);
    await Upload.create(ana, bytes.length);
});

test('the same Idempotency-Key: one task', async (t) => {
    const { server, ana } = await world(t, ...IDLE);
    const bytes = await plain(), headers = { 'Idempotency-Key': 'once' };
    const ids = [];
    for (let i = 0; i < 2; i++) {
        const up = await Upload.create(ana, bytes.length, { headers });
        if ((await up.offset()) < bytes.length) assert.equal((await up.patch(0, bytes)).status, 204);
        ids.push(await up.task());
    }
    assert.ok(ids[0] > 0 && ids[0] === ids[1], `${ids}`);
    await until('only one clip is kept', () => keptClips(server.dir, server.files()).length === 1);
    await isOne(server, ana, bytes);
});

test(`kill -9 at ${rounds} random moments: what was acknowledged is there, and the clip is one task`, async (t) => {
    const { server, ana: first } = await world(t, ...IDLE);
    let ana = first;
    const bytes = await padded(2_000_000);
    let up = await Upload.create(ana, bytes.length), known = 0, kills = 0;
    while (known < bytes.length || kills < rounds) {
        if (known === bytes.length) {
            up = await Upload.create(ana, bytes.length);
            known = 0;
        }
        const killed = kills < rounds ? sleep(Math.random() * 250).then(() => server.kill()) : null;
        for (;;) {
            if (known === bytes.length && killed) await sleep(Math.random() * 50);
            const answer = known < bytes.length ? await up.patch(known, bytes.subarray(known, known + 1 + Math.floor(Math.random() * 200_000))) : { error: 'done' };
            if (answer.error) break;
            assert.equal(answer.status, 204, answer.text);
            known = Number(answer.headers['upload-offset']);
        }
        if (!killed) continue;
        await killed;
        kills++;
        await server.start();
        ana = await new Client(server).login('ana');
        up = up.at(ana);
        const now = await up.offset();
        assert.ok(now >= known, `${now} of ${known} acknowledged bytes are there`);
        known = now;
        if (known === bytes.length) await until('it is a task', () => up.task());
    }
    const tasks = (await ana.tasks()).length;
    assert.ok(tasks >= 1);
    await isOne(server, ana, bytes, tasks);
    await until('nothing is left on the way', () => server.blobs().length === tasks);
});

test('cut at one server, gone on with at another', async (t) => {
    const database = await postgres(t);
    const all = new Cluster(t, { database: database.url });
    const [one, two] = [await all.serve(), await all.serve()];
    await all.work();
    const ana = await new Client(one).user('ana'), there = new Client(two, ana.token);
    const bytes = await padded(500_000);
    const up = await Upload.create(ana, bytes.length);
    let at = 0;
    for (let i = 0; i < 6; i++) {
        const mine = i % 2 ? up : up.at(there), other = i % 2 ? up.at(there) : up;
        const open = await mine.hang(at, bytes.length - at, bytes.subarray(at, at + 50_000));
        open.request.on('error', () => {});
        const began = Date.now();
        at = await until('the other server has what came', async () => {
            const now = await other.offset();
            return now > at && now;
        }, 10_000);
        assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
        const ended = await Promise.race([open.answer, sleep(10_000).then(() => null)]);
        assert.ok(ended, 'the old connection is ended');
        const piece = await other.patch(at, bytes.subarray(at, at + 10_000));
        assert.equal(piece.status, 204, piece.text);
        at += 10_000;
        open.request.destroy();
    }
    await one.kill();
    assert.equal(await up.at(there).offset(), at);
    await run(there, bytes, { uploadUrl: new URL(up.path, two.url).href, chunkSize: 100_000 });
    const id = await up.at(there).task();
    await there.processed(id);
    assert.equal(database.query('SELECT count(*) FROM tasks'), '1');
    const dir = join(all.dir, 'blobs');
    assert.deepEqual(keptClips(dir, readdirSync(dir, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => join(f.path ?? f.parentPath, f.name).slice(dir.length + 1))), [hex(bytes)]);
});

test('metadata of every kind becomes what the task says', async (t) => {
    const { ana } = await world(t, ...IDLE);
    const bytes = await plain();
    const shapes = [
        [{ filename: 'مقطع.mp4', title: 'كرة السلة 🏀', fit: 'crop', start: '0.25' }, { title: 'كرة السلة 🏀' }],
        [{ filename: '../../../etc/passwd', title: 'x' }, { title: 'x' }],
        [{ filename: '👩‍👩‍👧‍👦.mp4', filetype: 'video/mp4', unknown: 'yes', flag: null }, { title: '' }],
        [{}, { title: '' }],
    ];
    for (const [meta, want] of shapes) {
        const up = await Upload.create(ana, bytes.length, { meta, headers: Object.keys(meta).length ? {} : { 'Upload-Metadata': null } });
        assert.equal((await up.patch(0, bytes)).status, 204);
        const task = await ana.task(await up.task());
        assert.equal(task.title ?? '', want.title);
        assert.ok(!/\.\.|etc\/passwd/.test(task.file_path), task.file_path);
        if (meta.filename === 'مقطع.mp4') {
            assert.deepEqual([task.file_name, task.fit, task.start], ['مقطع.mp4', 'crop', 0.25]);
        }
    }
    const head = await (await Upload.create(ana, 10, { meta: shapes[0][0] })).head();
    assert.equal(head.headers['upload-metadata'], metadata({ ...shapes[0][0], start: '0.250000' }), 'what is kept is said again');
});
