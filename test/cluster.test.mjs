// Several machines' worth of processes on a real PostgreSQL and a real RabbitMQ, and what happens
// when any of them goes away, freezes, or has a wrong clock: every task ends in one reel that was
// published once, by its newest attempt; and work goes on within seconds of the cause's end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip, ffmpeg } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres, rabbit } from './lib/engines.mjs';
import { run, sleep, until } from './lib/reelgate.mjs';

const RECOVERY_MS = 10_000;
// Not 16:9, so that it is encoded and takes a while.
const slowClip = () => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '8', '-i', 'testsrc2=s=960x720:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35']);
const SLOW = ['--preset', 'slow'];

async function cluster(t) {
    const [database, queue] = await Promise.all([postgres(t), rabbit(t)]);
    const all = new Cluster(t, { database: database.url, queue: queue.url });
    return { all, database, queue };
}
const blobs = (all) => readdirSync(join(all.dir, 'blobs'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).length;

// As many tasks as were acknowledged, each processed once, and no bytes that are nobody's.
function inOrder(database, all, tasks) {
    assert.equal(database.query(`SELECT count(*) FROM tasks WHERE state = 2`), String(tasks));
    assert.equal(database.query(`SELECT count(*) FROM tasks`), String(tasks));
    assert.equal(blobs(all), 3 * tasks, 'clip, reel and poster of each and nothing else');
}

// An attempt at the task has begun, or a further one, in the time that a recovery may take.
const begun = (database, id, fence = 1) => until(`attempt ${fence} has begun`, () => Number(database.query(`SELECT fence FROM tasks WHERE id = ${id}`)) >= fence, RECOVERY_MS);

test('two servers and two workers are one service', async (t) => {
    const { all, database } = await cluster(t);
    const one = await all.serve(), two = await all.serve();
    const workers = [await all.work(), await all.work()];
    const ana = await new Client(one).user('ana');
    const there = new Client(two, ana.token);
    const file = readFileSync(await clip(0.4));
    const ids = [];
    for (let i = 0; i < 8; i++) ids.push(await (i % 2 ? there : ana).give(file));
    for (const id of ids) {
        const task = await there.processed(id);
        const reel = await ana.get(new URL(task.download).pathname + new URL(task.download).search, { token: null });
        assert.deepEqual([reel.status, reel.bytes.length], [200, task.reel.bytes], 'a link made by one server is good at the other');
    }
    assert.equal(new Set(ids).size, 8);
    const worked = workers.map((w) => w.logLines(/ attempt .*task=/).length);
    assert.ok(worked.every((n) => n > 0), `both had work: ${worked}`);
    inOrder(database, all, 8);

    // an admin of either server sees both workers, and one that has ended no more
    assert.equal((await run(['user', 'admin', '--data', all.dir, '--database', database.url, 'ana'])).code, 0);
    const seen = async () => {
        const { status, json, text } = await there.get('/api/admin/overview');
        return status === 200 ? json.workers.map((w) => Number(w.name.split('/')[1])).sort() : text;
    };
    const pids = workers.map((w) => w.pid).sort();
    await until('both are seen', async () => String(await seen()) === String(pids));
    assert.equal((await workers[0].stop()).code, 0);
    assert.deepEqual(await seen(), [workers[1].pid]);
    for (const p of all.programs) assert.equal((await p.stop()).code, 0);
});

test('RabbitMQ is spoken to over TLS, and only where its certificate is trusted', async (t) => {
    const [database, queue] = await Promise.all([postgres(t), rabbit(t, true)]);
    const all = new Cluster(t, { database: database.url, queue: queue.tlsUrl });
    const server = await all.serve();
    const worker = await all.work();
    const ana = await new Client(server).user('ana');
    const file = readFileSync(await clip(0.4));
    await ana.processed(await ana.give(file));
    await worker.stop();
    const stranger = new Cluster(t, { database: database.url, queue: queue.tlsUrl.replace(/cacert=.*/, 'cacert=/etc/ssl/certs/ca-certificates.crt') });
    const wary = await stranger.work();
    await until('it says that it does not trust it', () => wary.logLines(/broker is not reachable.*cert verification failed/).length > 0);
    for (const p of [server, wary]) assert.equal((await p.stop()).code, 0);
});

test('a broker that is down refuses nobody: 201, and the work is done when it is back', async (t) => {
    const { all, database, queue } = await cluster(t);
    const server = await all.serve();
    await all.work();
    const ana = await new Client(server).user('ana');
    await queue.crash();
    const id = await ana.give(await clip(0.4));
    assert.equal((await ana.get('/api/health')).status, 200);
    await queue.start();
    await begun(database, id);
    await ana.processed(id);
    inOrder(database, all, 1);
});

test('a database that is down is a 503 that says when to come again; nothing is half-done, and no restart is needed', async (t) => {
    const { all, database } = await cluster(t);
    const server = await all.serve();
    await all.work();
    const ana = await new Client(server).user('ana');
    const first = await ana.give(await clip(0.4));
    await ana.processed(first);
    await database.kill();
    const file = readFileSync(await clip(0.4));
    const asks = [() => ana.get('/api/tasks'), () => ana.upload(file), () => ana.post('/api/auth/login', { username: 'ana', password: 'correct horse' })];
    for (const ask of asks) {
        const began = Date.now();
        const answer = await ask();
        assert.equal(answer.status, 503, answer.text);
        assert.ok(Number(answer.headers.get('retry-after')) > 0);
        assert.ok(answer.json.message.length > 0);
        assert.ok(Date.now() - began < 15_000);
    }
    assert.equal((await ana.get('/ping')).status, 200, 'what needs no database is answered');
    await database.start();
    await until('it answers again', async () => (await ana.get('/api/tasks')).status === 200, RECOVERY_MS);
    const second = await ana.give(file);
    await begun(database, second);
    await ana.processed(second);
    assert.deepEqual((await ana.tasks()).map((x) => x.id), [first, second]);
    await until('what the failed upload left is gone', () => blobs(all) === 6, RECOVERY_MS);
    inOrder(database, all, 2);
});

test('a worker that is killed in mid-work is replaced by another', async (t) => {
    const { all, database } = await cluster(t);
    const server = await all.serve();
    const doomed = await all.work(SLOW);
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await slowClip());
    await until('it works', async () => (await ana.task(id)).progress >= 3);
    await doomed.kill();
    await all.work();
    await begun(database, id, 2);
    await ana.processed(id);
    inOrder(database, all, 1);
});

test('a worker that froze past its lease and wakes up again publishes nothing', async (t) => {
    const { all, database } = await cluster(t);
    const server = await all.serve();
    const frozen = await all.work(SLOW);
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await slowClip());
    await until('it works', async () => (await ana.task(id)).progress >= 3);
    const pids = [frozen.pid, frozen.helper(), ...frozen.attempts()];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await all.work();
    const task = await ana.processed(id);
    for (const pid of pids) try { process.kill(pid, 'SIGCONT'); } catch { /* it has ended */ }
    await until('it is idle again', () => frozen.attempts().length === 0, 60_000);
    await sleep(500);
    assert.equal(database.query(`SELECT fence, attempts FROM tasks WHERE id = ${id}`), '2|2');
    assert.deepEqual((await ana.task(id)).reel, task.reel, 'the reel stayed what the newest attempt made');
    const again = await ana.give(await clip(0.4));
    await ana.processed(again);
    inOrder(database, all, 2);
});

test('restarts of the broker and of the database in the middle of it all lose nothing', async (t) => {
    const { all, database, queue } = await cluster(t);
    const server = await all.serve();
    await all.work(['--jobs', '2']);
    const ana = await new Client(server).user('ana');
    const file = readFileSync(await clip(0.4));
    let given = 0, going = true;
    const giving = (async () => {
        while (going) {
            const answer = await ana.upload(file);
            if (answer.status === 201) given++;
            else assert.equal(answer.status, 503, answer.text);
            await sleep(100);
        }
    })();
    await sleep(1000);
    await queue.crash();
    await sleep(500);
    await queue.start();
    await database.kill();
    await sleep(500);
    await database.start();
    await sleep(1000);
    going = false;
    await giving;
    assert.ok(given >= 5, `${given} were given`);
    const done = () => Number(database.query(`SELECT count(*) FROM tasks WHERE state = 2`));
    const total = Number(database.query(`SELECT count(*) FROM tasks`));
    assert.ok(total >= given, 'what was acknowledged is there');
    await until('all are done', () => done() === total, 60_000, 200);
    await until('nothing is left over', () => blobs(all) === 3 * total, 30_000, 200);
});

test('a clock that is ten minutes wrong at one node changes nothing', async (t) => {
    const { all, database } = await cluster(t);
    // libfaketime in the program itself; what it measures time spans with stays right, as at such a node
    const library = execFileSync('dpkg', ['-L', 'libfaketime'], { encoding: 'utf8' }).split('\n').find((name) => name.endsWith('/libfaketime.so.1'));
    const wrong = (by) => ({ env: { LD_PRELOAD: library, FAKETIME: by, DONT_FAKE_MONOTONIC: '1', ASAN_OPTIONS: 'verify_asan_link_order=0' } });
    const server = await all.serve();
    await all.work([], wrong('-10m'));
    await all.work([], wrong('+10m'));
    const ana = await new Client(server).user('ana');
    const file = readFileSync(await clip(0.4));
    const ids = [];
    for (let i = 0; i < 6; i++) ids.push(await ana.give(file));
    const slow = await ana.give(await slowClip());
    for (const id of [...ids, slow]) await ana.processed(id);
    assert.equal(database.query(`SELECT max(fence), max(attempts) FROM tasks`), '1|1', 'nobody took over what another had');
    const now = Date.now();
    for (const task of await ana.tasks()) assert.ok(Math.abs(now - Date.parse((await ana.task(task.id)).timestamp)) < 120_000);
    inOrder(database, all, 7);
});

// A host of its own for the worker, whose cable is pulled.
test('a network cut between a worker and the database is survived', async (t) => {
    const asRoot = process.getuid() === 0 ? [] : ['sudo'];
    const ip = (...args) => {
        const [program, ...rest] = [...asRoot, 'ip', ...args];
        return execFileSync(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    };
    const name = `rg${process.pid}`, ours = '10.213.7.1', theirs = '10.213.7.2';
    ip('netns', 'add', name);
    t.after(() => ip('netns', 'del', name));
    ip('link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', `${name}b`);
    ip('link', 'set', `${name}b`, 'netns', name);
    ip('addr', 'add', `${ours}/30`, 'dev', `${name}a`);
    ip('link', 'set', `${name}a`, 'up');
    ip('-n', name, 'addr', 'add', `${theirs}/30`, 'dev', `${name}b`);
    ip('-n', name, 'link', 'set', `${name}b`, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    const database = await postgres(t, ours);
    const all = new Cluster(t, { database: database.url });
    const server = await all.serve();
    const far = await all.work(['--database', database.url.replace('127.0.0.1', ours)], { command: [...asRoot, 'ip', 'netns', 'exec', name] });
    const ana = await new Client(server).user('ana');
    const first = await ana.give(await clip(0.4));
    await ana.processed(first);
    const during = await ana.give(await slowClip());
    await until('it works', async () => (await ana.task(during)).status === 'processing');
    ip('link', 'set', `${name}a`, 'down');
    await sleep(5000);
    const after = await ana.give(await clip(0.4));
    ip('link', 'set', `${name}a`, 'up');
    // what it was at is begun again, as its lease ran out, or was finished just before; and what came meanwhile is begun
    await until('work goes on', async () => (await ana.task(during)).status === 'processed' || Number(database.query(`SELECT fence FROM tasks WHERE id = ${during}`)) > 1, RECOVERY_MS);
    await ana.processed(during);
    await begun(database, after);
    await ana.processed(after);
    assert.equal(far.child.exitCode, null, 'without a restart');
    inOrder(database, all, 3);
});
