// The API as others use it: the Postman collection by newman, and the examples of doc/api.md by the programs that they
// are written for, against one server.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import newman from 'newman';
import { clip, ffprobe } from './lib/clips.mjs';
import { read } from './lib/docs.mjs';
import { Server, folder, root, run } from './lib/reelgate.mjs';

const closing = [];
let server, dir;
before(async () => {
    dir = folder({ after: (f) => closing.push(f) });
    copyFileSync(await clip(1), join(dir, 'clip.mp4'));
    symlinkSync(join(root, 'test/node_modules'), join(dir, 'node_modules'));
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

// -- the examples --------------------------------------------------------------------------------

const { blocks } = read('doc/api.md');
const examples = (language) => blocks.filter((b) => b.language === language).map(({ text }) => text.replaceAll('http://127.0.0.1:8000', server.url));
async function runs(command, name, text, ...args) {
    writeFileSync(join(dir, name), text);
    const { code, stdout, stderr } = await run([...args, name], { command, cwd: dir });
    assert.equal(code, 0, `${name}: ${stderr}`);
    return stdout;
}
async function isReel() {
    const path = join(dir, 'reel.mp4'), { format } = await ffprobe(path);
    assert.ok(Number(format.duration) > 4, `${format.duration} s`);
    rmSync(path);
}

test('the examples are all of these, and each is run below', () => {
    assert.deepEqual(blocks.map((b) => b.language), ['sh', 'python', 'python', 'js', 'js', 'js']);
});

test('doc/api.md: curl', async () => {
    const printed = await runs('bash', 'walk.sh', `set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; }\n${examples('sh')[0]}`);
    assert.match(printed, /"message":"Usuario creado".*"message":"Eliminado"/s);
    await isReel();
});

test('doc/api.md: Python', async () => {
    const [walk, verify] = examples('python');
    const printed = await runs('python3', 'walk.py', walk, '-W', 'error');
    assert.match(printed, /^[4-9]\.?\d* s, \d+x\d+, made by (copy|encode)\n404 task_not_found: Task not found \(\w+\)\n$/);
    await isReel();
    const secret = Buffer.alloc(24, 7), stamp = Math.floor(Date.now() / 1000), body = '{"type":"hook.test"}';
    const sign = (at) => `v1,${createHmac('sha256', secret).update(`evt_1.${at}.${body}`).digest('base64')}`;
    const asks = (at, signature) => `print(verify('whsec_${secret.toString('base64')}', {'webhook-id': 'evt_1', 'webhook-timestamp': '${at}', 'webhook-signature': '${signature}'}, b'${body}'))`;
    const said = await runs('python3', 'verify.py', [verify, asks(stamp, sign(stamp)), asks(stamp, `v1,AAAA ${sign(stamp)}`), asks(stamp, sign(stamp - 1)), asks(stamp - 999, sign(stamp - 999))].join('\n'));
    assert.equal(said, 'True\nTrue\nFalse\nFalse\n');
});

test('doc/api.md: JavaScript', async () => {
    const [walk, pieces, receiver] = examples('js');
    assert.match(await runs('node', 'walk.mjs', walk), /[4-9]\.?\d* s, \d+x\d+\n$/);
    await isReel();
    assert.match(await runs('node', 'pieces.mjs', pieces), /100 %\ntask \d+\n$/);
    assert.equal(await runs('node', 'receiver.mjs', receiver), 'hook.test\n');
});
