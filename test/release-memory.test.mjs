// What the real program keeps in memory; under a sanitizer such figures mean nothing. The limits are
// far above what is measured (bench/memory), and far below what a copy of the upload would take.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Client, multipart, rawPost } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { serve } from './lib/reelgate.mjs';

const MB = 1 << 20;
const peakBytes = (pid) => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

test('asks 12: an upload of 300 MB is never in memory', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    await ana.give(await clip(0.2));
    const before = peakBytes(server.pid);
    const { head, tail, type } = multipart();
    const first = readFileSync(await clip(0.2)), piece = Buffer.alloc(4 * MB), pieces = 75;
    const size = first.length + pieces * piece.length;
    const { request, answer } = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': head.length + size + tail.length });
    request.write(head);
    request.write(first);
    for (let i = 0; i < pieces; i++) await new Promise((done) => request.write(piece, done));
    request.end(tail);
    const { status, text } = await answer;
    assert.equal(status, 201, text);
    const { clip: facts } = await ana.task(JSON.parse(text).task_id);
    assert.equal(facts.bytes, size);
    const grown = peakBytes(server.pid) - before;
    assert.ok(grown < 8 * MB, `${(grown / MB).toFixed(1)} MB more`);
});
