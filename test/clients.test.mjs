// The API as others use it: the Postman collection by newman, and the examples of doc/api.md by the programs that they
// are written for, against one server.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import newman from 'newman';
import { clip } from './lib/clips.mjs';
import { Server, folder, root, run } from './lib/reelgate.mjs';

const closing = [];
let server, dir;
before(async () => {
    dir = folder({ after: (f) => closing.push(f) });
    copyFileSync(await clip(1), join(dir, 'clip.mp4'));
    server = new Server(folder({ after: (f) => closing.push(f) }), ['--hook-private', '--hook-retry', '50ms']);
    closing.unshift(() => server.stop('SIGKILL'));
    await server.start();
});
after(async () => {
    for (const close of closing) await close();
});

test('api/postman.json is what is made of the description', async () => {
    const made = await run(['lib/postman.mjs', '--check'], { command: 'node', cwd: join(root, 'test') });
    assert.deepEqual([made.code, made.stderr], [0, '']);
});

test('newman walks the collection from the sign-up to the end', async () => {
    const summary = await new Promise((done, fail) => newman.run({
        collection: JSON.parse(readFileSync(join(root, 'api/postman.json'), 'utf8')), folder: 'Walk', workingDir: dir, reporters: [],
        envVar: [{ key: 'baseUrl', value: server.url }, { key: 'size', value: String(statSync(join(dir, 'clip.mp4')).size) }],
    }, (error, result) => (error ? fail(error) : done(result))));
    const { stats, failures } = summary.run;
    assert.deepEqual(failures.map((f) => `${f.source?.name}: ${f.error.message}`), []);
    assert.ok(stats.requests.total >= 17 && stats.assertions.total >= 25, JSON.stringify(stats));
});
