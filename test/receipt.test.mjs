// The receipt: what was looked at in a finished reel, on both paths, by the service and by `render`.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { folder, run, serve } from './lib/reelgate.mjs';

const items = ['form', 'times', 'shape', 'length', 'bumpers', 'seams', 'sync'];

// Of a clip of 2 s at 25 pictures a second.
function isWhole(receipt) {
    assert.equal(receipt.ok, true);
    assert.deepEqual(receipt.checks, Object.fromEntries(items.map((item) => [item, true])));
    assert.equal(receipt.pictures, 50 + 50 + 50);
    assert.ok(receipt.sounds >= Math.floor(6 * 48000 / 1024), `${receipt.sounds} packets of sound`);
    assert.ok(receipt.decoded >= 4 && receipt.decoded <= 50, `${receipt.decoded} pictures were decoded`);
    assert.ok(Math.abs(receipt.length_error_ms) < 1);
    assert.deepEqual(Object.keys(receipt.sync_ms).sort(), ['end', 'first_seam', 'second_seam']);
    for (const late of Object.values(receipt.sync_ms)) assert.ok(Math.abs(late) <= 20, `${late} ms late`);
}

test('a task has its receipt once it is processed, whichever path it took', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const good = await Promise.all([clip(2), clip(2, { size: '180x320' })].map(async (made) => ana.give(await made)));
    const paths = [];
    for (const id of good) {
        const task = await ana.made(id);
        isWhole(task.receipt);
        paths.push(task.path);
    }
    assert.deepEqual(paths, ['copy', 'encode']);
});
test('render has its reel looked at too, and prints the receipt', async (t) => {
    const reel = join(folder(t), 'reel.mp4');
    for (const [path, ...flags] of [['copy'], ['encode', '--force-encode']]) {
        const done = await run(['render', '--json', ...flags, await clip(2), reel]);
        assert.equal(done.code, 0, done.stderr);
        const report = JSON.parse(done.stdout);
        assert.deepEqual([report.path, report.remade], [path, false]);
        isWhole(report.receipt);
    }
});
