// A large clip in pieces costs the server time and room on the disk, but no memory. 200 MB, or
// REELGATE_TEST_UPLOAD MiB; with 2048 this is the long form.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { residentBytes, serve, until } from './lib/reelgate.mjs';
import { OCTETS, Upload } from './lib/tus.mjs';

const MOST_BYTES = 8e6;
const block = Buffer.alloc(1 << 20, 'reel by reel ');

test('a large clip in pieces is kept byte by byte, and costs no memory', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    const size = Number(process.env.REELGATE_TEST_UPLOAD ?? 200) * 2 ** 20;
    const first = readFileSync(await clip(0.4)), box = Buffer.alloc(8);
    box.writeUInt32BE(size - first.length);
    box.write('free', 4);
    const head = Buffer.concat([first, box]);
    // The bytes from..to of the clip, one block after another.
    function* bytes(from, to) {
        for (let at = from; at < to;) {
            const phase = (at - head.length) % block.length;
            const part = at < head.length ? head.subarray(at, Math.min(to, head.length)) : block.subarray(phase, Math.min(block.length, phase + to - at));
            yield part;
            at += part.length;
        }
    }
    const send = (up, from, to) => new Promise((done, fail) => {
        const request = http.request(new URL(up.path, ana.url), { method: 'PATCH', agent: false, headers: { Authorization: `Bearer ${ana.token}`,
            'Tus-Resumable': '1.0.0', 'Content-Type': OCTETS, 'Upload-Offset': from, 'Content-Length': to - from } }, (answer) => {
            answer.resume();
            answer.on('end', () => done(answer));
        }).on('error', fail);
        const source = bytes(from, to);
        (function more() {
            for (let next; !(next = source.next()).done;) {
                if (!request.write(next.value)) return request.once('drain', more);
            }
            request.end();
        })();
    });
    const warm = await Upload.create(ana, size);
    assert.equal((await send(warm, 0, 4 << 20)).statusCode, 204);
    await warm.remove();
    const up = await Upload.create(ana, size);
    const before = residentBytes(server.pid);
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, residentBytes(server.pid))), 10);
    const began = Date.now();
    const all = createHash('sha256');
    for (const part of bytes(0, size)) all.update(part);
    for (let at = 0; at < size;) {
        const to = Math.min(size, at + Math.floor(size / 4) + 1);
        const answer = await send(up, at, to);
        assert.equal(answer.statusCode, 204);
        at = to;
    }
    clearInterval(watch);
    t.diagnostic(`${((most - before) / 1e6).toFixed(1)} MB more for ${size / 2 ** 20} MiB in ${Date.now() - began} ms`);
    assert.ok(most - before < MOST_BYTES, `${most - before} bytes more`);
    const id = await until('it is a task', () => up.task());
    assert.equal((await ana.task(id)).clip?.bytes ?? size, size);
    const kept = createHash('sha256');
    const [name] = server.files().filter((f) => /(^|\/)clips\//.test(f));
    for await (const part of createReadStream(join(server.dir, name), { highWaterMark: 1 << 20 })) kept.update(part);
    assert.equal(kept.digest('hex'), all.digest('hex'));
});
