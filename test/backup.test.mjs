// Backup and restore: what is saved while people upload and reels are made is whole when the data folder
// is lost. doc/backup.md has the same commands, which test/docs.test.mjs runs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, multipart, rawPost } from './lib/client.mjs';
import { clip, ffmpeg } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres } from './lib/engines.mjs';
import { folder, program, run, serve, until } from './lib/reelgate.mjs';

const long = () => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '8', '-i', 'testsrc2=s=960x720:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35']);

async function backup(server, to, flags = []) {
    const { code, stdout, stderr } = await run(['backup', '--json', '--data', server.dir, to, ...flags]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
}
async function isWhole(dir) {
    const { code, stdout } = await run(['doctor', '--json', '--listen', '127.0.0.1:0', '--data', dir, '--free-space-floor', '0']);
    const checks = JSON.parse(stdout).checks.filter(({ check }) => ['data', 'secret', 'database', 'files'].includes(check));
    assert.ok(checks.length >= 4, stdout);
    for (const { check, state, detail } of checks) assert.equal(state, 'ok', `${check}: ${detail}`);
    assert.equal(code, 0, stdout);
}
// The reel's hash, by the link that the task tells.
async function reel(client, id) {
    const { download } = await client.task(id);
    const { status, bytes } = await client.get(download, { token: null });
    assert.equal(status, 200);
    return createHash('sha256').update(bytes).digest('hex');
}

test('a folder whose blobs are those that are served is refused', async (t) => {
    const to = join(folder(t), 'copy');
    mkdirSync(join(to, 'blobs'), { recursive: true });
    const server = await serve(t, '--workers', '0', '--storage', `file://${join(to, 'blobs')}`);
    const ana = await new Client(server).user('ana');
    await ana.give(await clip(1));
    const files = () => readdirSync(join(to, 'blobs'), { recursive: true }).sort().join();
    const before = files();
    const { code, stderr } = await run(['backup', '--data', server.dir, '--storage', `file://${join(to, 'blobs')}`, to]);
    assert.deepEqual([code, /is to be saved/.test(stderr)], [1, true], stderr);
    assert.equal(files(), before);
});

test('a backup made under load brings every acknowledged task, reel and user back', async (t) => {
    const server = await serve(t), to = join(folder(t), 'copy');
    const ana = await new Client(server).user('ana'), eva = await new Client(server).user('eva');
    const small = await clip(1), reels = new Map();
    for (let i = 0; i < 3; i++) reels.set(await ana.give(small), null);
    for (const id of reels.keys()) {
        await ana.processed(id);
        reels.set(id, await reel(ana, id));
    }
    // How reels are made belongs to it as well, with the logo.
    await server.stop();
    assert.equal((await run(['user', 'admin', '--data', server.dir, 'ana'])).code, 0);
    await server.start();
    const png = readFileSync(await ffmpeg('.png', ['-f', 'lavfi', '-i', 'color=red:size=64x64', '-frames:v', '1']));
    const { json: { logo } } = await ana.post('/api/admin/logos', png, { headers: { 'Content-Type': 'image/png' } });
    assert.equal((await ana.call('PUT', '/api/admin/profile', { body: { bumper_s: 1, logo } })).status, 201);
    const gone = await ana.give(small);
    await ana.processed(gone);
    await ana.delete(`/api/tasks/${gone}`);

    // An attempt that runs, a clip that is half here, and one who uploads and deletes all the while.
    const slow = await eva.give(await long());
    await until('an attempt runs', () => server.attempts().length > 0);
    const { head, type } = multipart();
    const half = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': 50_000_000 });
    half.request.write(head);
    half.request.write(readFileSync(small));
    let busy = true;
    const during = [];
    const crowd = (async () => {
        while (busy) {
            const id = await eva.give(small);
            if (during.push(id) % 2 === 0) await eva.delete(`/api/tasks/${id}`);
        }
    })();
    await until('some were uploaded', () => during.length > 2);
    const before = [...during].filter((_, i) => i % 2 === 0);
    const first = await backup(server, to);
    await isWhole(to);
    assert.ok(first.copied >= 9 && first.lost === 0, JSON.stringify(first));
    const kept = await ana.give(small); /* after the first, so in the second alone */
    const second = await backup(server, to);
    assert.ok(second.kept >= 9 && second.lost === 0, JSON.stringify(second));
    await isWhole(to);
    assert.equal(statSync(to).mode & 0o777, 0o700);
    busy = false;
    await crowd;

    await server.kill();
    half.request.destroy();
    await half.answer;
    rmSync(server.dir, { recursive: true });
    cpSync(to, server.dir, { recursive: true, preserveTimestamps: true });
    await server.start();
    for (const [id, hash] of reels) assert.equal(await reel(new Client(server, ana.token), id), hash, 'an old token and an old reel');
    assert.equal((await ana.get(`/api/tasks/${gone}`)).status, 404);
    const { bumper_s, logo_id } = (await ana.get('/api/admin/profile')).json;
    assert.deepEqual([bumper_s, logo_id], [1, logo]);
    assert.equal((await ana.post('/api/admin/profile/preview', {})).status, 200, 'its logo is there');
    for (const id of [slow, ...before]) assert.ok((await eva.task(id)).status !== 'failed');
    await (await new Client(server).login('ana')).processed(kept);
    await eva.processed(slow);
    assert.ok(await ana.give(small) > kept, 'no id twice');
    await until('what was uploaded while it was made is swept', async () => {
        for (const id of during) if ((await eva.get(`/api/tasks/${id}`)).status === 200) await eva.delete(`/api/tasks/${id}`);
        return (await eva.tasks()).length === 1;
    });
    await eva.delete(`/api/tasks/${slow}`);
    await until('only ana has bytes, and the logo is there', () => server.blobs().length === 3 * 5 + 1);
    await server.stop();
    await isWhole(server.dir);
});

test('a task that is deleted while its bytes are waited for is deleted in the copy too', async (t) => {
    const server = await serve(t), dir = folder(t);
    const ana = await new Client(server).user('ana');
    const [first, second] = [await ana.give(await clip(1)), await ana.give(await clip(1))];
    for (const id of [first, second]) await ana.processed(id);
    const trace = (to, ...flags) => ['-f', '-qq', '-o', join(dir, 'trace'), '-e', 'trace=linkat', ...flags, program, 'backup', '--json', '--data', server.dir, join(dir, to)];
    const strace = (args, more) => run(args, { command: 'strace', env: { ASAN_OPTIONS: 'detect_leaks=0' }, ...more });
    assert.equal((await strace(trace('dry'))).code, 0);
    const name = (await ana.task(first)).file_path.split('/').pop();
    const at = readFileSync(join(dir, 'trace'), 'utf8').split('\n').filter((l) => l.includes('linkat(')).findIndex((l) => l.includes(name)) + 1;
    assert.ok(at > 0, 'the clip of the first task gets its name');
    const { code, stdout } = await strace(trace('copy', '-e', `inject=linkat:signal=SIGSTOP:when=${at}`), {
        onStart: async () => {
            const stopped = () => existsSync(join(dir, 'trace')) && /stopped by SIGSTOP/.test(readFileSync(join(dir, 'trace'), 'utf8'));
            await until('it stands before the first clip', stopped);
            await ana.delete(`/api/tasks/${second}`);
            await until('its bytes are gone', () => server.blobs().length === 3);
            process.kill(Number(/^(\d+)/.exec(readFileSync(join(dir, 'trace'), 'utf8').split('\n').find((l) => /stopped by SIGSTOP/.test(l)))[1]), 'SIGCONT');
        },
    });
    assert.equal(code, 0);
    const { tasks, deleted, lost } = JSON.parse(stdout);
    assert.deepEqual({ tasks, deleted, lost }, { tasks: 1, deleted: 1, lost: 0 });
    await isWhole(join(dir, 'copy'));
});

test('a backup that is broken off leaves the earlier one, and what cannot be saved is said', async (t) => {
    const server = await serve(t), dir = folder(t), to = join(dir, 'copy');
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await clip(1));
    await ana.processed(id);
    await backup(server, to);
    const more = await ana.give(await clip(2));
    await ana.processed(more);
    const killed = await run(['-f', '-qq', '-o', '/dev/null', '-e', 'trace=rename,renameat,renameat2', '-e', 'inject=rename,renameat,renameat2:signal=SIGKILL', program, 'backup', '--data', server.dir, to],
        { command: 'strace', env: { ASAN_OPTIONS: 'detect_leaks=0' } });
    assert.notEqual(killed.code, 0);
    assert.ok(existsSync(join(to, 'reelgate.db.next')), 'it had begun');
    const list = await run(['task', 'list', '--json', '--data', to]);
    assert.deepEqual(JSON.parse(list.stdout).map((task) => task.id), [id]);
    assert.deepEqual([(await backup(server, to)).tasks, readdirSync(to).filter((name) => name.includes('next'))], [2, []]);
    await isWhole(to);

    const refused = async (args, pattern) => {
        const { code, stderr } = await run(['backup', ...args]);
        assert.equal(code, 1, stderr);
        assert.match(stderr, pattern);
    };
    await refused(['--data', server.dir, server.dir], /data folder itself/);
    await refused(['--data', join(dir, 'nothing'), join(dir, 'other')], /No such file/);
    await refused(['--data', to, '--database', `sqlite://${to}/reelgate.db`, server.dir], /cannot be replaced/);
    await refused(['--database', 'postgresql://nobody@127.0.0.1:1/x', join(dir, 'other')], /pg_dump/);
    assert.ok(!existsSync(join(dir, 'other')));
    rmSync(join(server.dir, 'blobs/clips'), { recursive: true });
    const { code, stderr } = await run(['backup', '--data', server.dir, join(dir, 'lost')]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`task ${id}: clips/.* is not in the storage`));
});

test('PostgreSQL and a folder: the dump first, then the files, brings all back', async (t) => {
    const db = await postgres(t);
    const cluster = new Cluster(t, { database: db.url }), saved = folder(t);
    const server = await cluster.serve(), worker = await cluster.work();
    const ana = await new Client(server).user('ana');
    const done = await ana.give(await clip(1));
    await ana.processed(done);
    const hash = await reel(ana, done);
    const slow = await ana.give(await long());
    await until('an attempt runs', async () => (await ana.task(slow)).status === 'processing');
    db.run(join(db.bin, 'pg_dump'), ['--format=custom', '--file=dump', db.url]);
    const later = await ana.give(await clip(1)); /* its bytes are saved, its row is not */
    execFileSync('rsync', ['-a', '--exclude=/.*', `${cluster.dir}/blobs/`, `${saved}/blobs/`]);
    cpSync(join(cluster.dir, 'secret'), join(saved, 'secret'));
    await server.kill();
    await worker.kill();

    rmSync(join(cluster.dir, 'blobs'), { recursive: true });
    rmSync(join(cluster.dir, 'secret'));
    const at = ['-h', '127.0.0.1', '-p', String(db.port), '-U', 'postgres'];
    db.run(join(db.bin, 'dropdb'), [...at, 'reelgate']);
    db.run(join(db.bin, 'createdb'), [...at, 'reelgate']);
    db.run(join(db.bin, 'pg_restore'), ['--no-owner', `--dbname=${db.url}`, 'dump']);
    mkdirSync(join(cluster.dir, 'blobs'));
    cpSync(saved, cluster.dir, { recursive: true });
    const again = await cluster.serve();
    await cluster.work();
    const back = new Client(again, ana.token);
    assert.equal(await reel(back, done), hash);
    await back.processed(slow);
    assert.equal((await back.get(`/api/tasks/${later}`)).status, 404);
    await (await new Client(again).login('ana')).give(await clip(1));
});
