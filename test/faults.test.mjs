// What failing machines may not do: servers killed at any moment, helpers killed, work stopped in
// the middle. After each history: every acknowledged upload is there and comes to its end, nothing
// half-made is visible, nothing is left behind, and doctor agrees. REELGATE_ROUNDS: more rounds.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip, ffmpeg } from './lib/clips.mjs';
import { alive, descendants, serve, sleep, until } from './lib/reelgate.mjs';

const rounds = Number(process.env.REELGATE_ROUNDS ?? 8);
const LEASE = ['--lease', '2s'];
const SLOW = ['--preset', 'slow', ...LEASE];
// Not 16:9, so that it is not copied.
const slowClip = () => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '8', '-i', 'testsrc2=s=960x720:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35']);

const facts = ({ reel }) => [reel.width, reel.height, reel.duration, reel.video.codec, reel.audio.codec, reel.video.fps];

// The server has ended; what lies on its disk must be in order.
async function isClean(server, tasks) {
    const { code, stdout } = await server.doctor();
    const bad = JSON.parse(stdout).checks.filter((c) => c.state === 'fail');
    assert.deepEqual(bad, [], 'doctor finds nothing wrong');
    assert.equal(code, 0);
    assert.equal(server.blobs().length, tasks * 3, `asks 9: clip, reel and poster of ${tasks} tasks and nothing else: ${server.blobs()}`);
}

// Another client for a server that has a new port, with the same user.
const again = (server) => new Client(server).login('ana');

test('asks 3, 24: kill -9 in mid-render; after a restart the same task ends in the same reel', async (t) => {
    const server = await serve(t, ...SLOW);
    let ana = await new Client(server).user('ana');
    const whole = await ana.processed(await ana.give(await slowClip()));
    const id = await ana.give(await slowClip());
    await until('it is in the middle of its work', async () => {
        const task = await ana.task(id);
        return task.status === 'processing' && task.progress >= 5 && task.progress <= 90;
    });
    const below = descendants(server.pid);
    assert.ok(below.length >= 2, 'a helper and a child');
    await server.kill();
    assert.ok(!below.some(alive), 'asks 5: nobody works on for a dead server');
    await server.start();
    const restarted = Date.now();
    ana = await again(server);
    await until('work has begun again', async () => (await ana.task(id)).status !== 'uploaded' && server.attempts().length > 0, 15_000);
    assert.ok(Date.now() - restarted < 10_000, 'recovery takes seconds');
    const task = await ana.processed(id);
    assert.deepEqual(facts(task), facts(whole));
    assert.equal((await ana.reel(task)).length, task.reel.bytes);
    assert.equal((await server.stop()).code, 0);
    await isClean(server, 2);
});

test(`asks 6, 9, 10: kill -9 at ${rounds} random moments with uploads going loses nothing and leaves nothing`, async (t) => {
    const server = await serve(t, ...LEASE);
    let ana = await new Client(server).user('ana');
    const file = readFileSync(await clip(0.4));
    const acknowledged = new Set();
    for (let round = 0; round < rounds; round++) {
        let going = true;
        const uploads = Array.from({ length: 3 }, async () => {
            while (going) {
                const answer = await ana.upload(file).catch(() => null);
                if (answer?.status === 201) acknowledged.add(answer.json.task_id);
                else if (answer) assert.ok(answer.status >= 500, `${answer.status} ${answer.text}`);
                await sleep(50);
            }
        });
        await sleep(50 + Math.random() * 700);
        going = false;
        await server.kill();
        await Promise.all(uploads);
        /* bytes from within a second of the start may be those of a new upload: they stay for an hour */
        if (round === rounds - 1) await sleep(1500);
        await server.start();
        ana = await again(server);
    }
    assert.ok(acknowledged.size >= rounds / 2, `${acknowledged.size} uploads were acknowledged`);
    const there = new Set((await ana.tasks()).map((task) => task.id));
    for (const id of acknowledged) assert.ok(there.has(id), `the acknowledged task ${id} is there`);
    for (const id of there) await ana.processed(id, 120_000);
    /* an upload whose answer was lost may be there as well, whole: at most one for each sender and round */
    assert.ok(there.size - acknowledged.size <= rounds * 3);
    /* bytes whose upload was killed are somebody's for a while, then they are swept away */
    await until('all bytes belong to a task', () => server.blobs().length === there.size * 3).catch((error) => {
        throw new Error(`${error.message}: ${there.size} tasks, ${server.blobs().join(' ')}\n${server.log()}`);
    });
    assert.equal((await server.stop()).code, 0);
    await isClean(server, there.size);
});

test('SIGTERM lets the running attempt finish and takes no new one', async (t) => {
    const server = await serve(t, ...SLOW);
    let ana = await new Client(server).user('ana');
    const [first, second] = [await ana.give(await slowClip()), await ana.give(await slowClip())];
    await until('the first is in work', async () => (await ana.task(first)).progress >= 3);
    const { code } = await server.stop('SIGTERM');
    assert.equal(code, 0);
    await server.start(['--workers', '0']);
    ana = await again(server);
    assert.equal((await ana.task(first)).status, 'processed');
    assert.equal((await ana.task(second)).status, 'uploaded', 'asks 3: a restart is a no-op for waiting work');
});

test('SIGTERM hands work back when it does not end in time; a second SIGTERM stops at once', async (t) => {
    for (const [flags, signals] of [[['--drain', '300ms'], 1], [[], 2]]) {
        const server = await serve(t, ...SLOW, ...flags);
        let ana = await new Client(server).user('ana');
        const id = await ana.give(await slowClip());
        await until('it is in work', async () => (await ana.task(id)).progress >= 3);
        const begun = Date.now();
        server.child.kill('SIGTERM');
        if (signals === 2) {
            await sleep(200);
            server.child.kill('SIGTERM');
        }
        const { code } = await server.ended;
        assert.equal(code, 0);
        assert.ok(Date.now() - begun < 3000, `${Date.now() - begun} ms`);
        await server.start(['--workers', '0']);
        ana = await again(server);
        assert.equal((await ana.task(id)).status, 'uploaded', 'handed back');
        await server.stop();
        await server.start([]);
        ana = await again(server);
        await ana.processed(id);
        await server.stop();
        await isClean(server, 1);
    }
});

test('a media helper that is killed is started again, and the task ends processed', async (t) => {
    const server = await serve(t, ...SLOW, '--retry-wait', '200ms');
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await slowClip());
    await until('it is in work', async () => (await ana.task(id)).progress >= 3);
    const helper = server.helper(), children = server.attempts();
    process.kill(helper, 'SIGKILL');
    await until('asks 5: its children end with it', () => !children.some(alive), 5000);
    await ana.processed(id);
    assert.notEqual(server.helper(), helper);
    assert.equal((await server.stop()).code, 0);
    await isClean(server, 1);
});

test('an attempt that is killed again and again is tried again, and the task ends processed', async (t) => {
    const server = await serve(t, ...SLOW, '--retry-wait', '200ms');
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await slowClip());
    for (let times = 0; times < 3; times++) {
        const [child] = await until('a child works', () => server.attempts().length > 0 && server.attempts());
        process.kill(child, 'SIGKILL');
        await until('it has ended', () => !alive(child));
    }
    await ana.processed(id);
    assert.equal((await server.stop()).code, 0);
    await isClean(server, 1);
});

test('a helper that is frozen is replaced, and no clip is blamed for it', async (t) => {
    const server = await serve(t, '--progress-limit', '1s', '--retry-wait', '200ms');
    const ana = await new Client(server).user('ana');
    const frozen = server.helper();
    process.kill(frozen, 'SIGSTOP');
    const id = await ana.give(await clip(0.4));
    await ana.processed(id);
    assert.notEqual(server.helper(), frozen);
    assert.equal((await server.stop()).code, 0);
    await isClean(server, 1);
});

test('asks 4: an attempt that is frozen is ended by the watchdog and its lease is not kept for ever', async (t) => {
    const server = await serve(t, ...SLOW, '--progress-limit', '1s', '--attempts', '2', '--retry-wait', '100ms');
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await slowClip());
    const [child] = await until('a child works', () => server.attempts().length > 0 && server.attempts());
    process.kill(child, 'SIGSTOP');
    await until('the frozen child has been ended', () => !alive(child), 15_000);
    assert.equal((await ana.failed(id)).error.code, 'no_progress');
});

test('asks 16: a flood by one user delays another by at most one job a worker', async (t) => {
    const server = await serve(t, '--workers', '1', '--preset', 'medium');
    const anyone = new Client(server), ana = await anyone.user('ana'), eva = await anyone.user('eva');
    const file = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '3', '-i', 'testsrc2=s=640x360:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35']);
    const flood = [];
    for (let i = 0; i < 10; i++) flood.push(await ana.give(file));
    const done = async () => (await ana.get('/api/tasks')).json.data.filter((task) => task.status === 'processed').length;
    await until('the flood is being worked on', async () => (await done()) >= 1);
    const before = await done();
    const id = await eva.give(file);
    await eva.processed(id);
    const during = (await done()) - before;
    assert.ok(during <= 2, `${during} of the flood were done first`); /* the one at work, and one that ends as this is asked */
    assert.ok(during < 8);
});

test('asks 7: with four workers each task is worked on once', async (t) => {
    const server = await serve(t, '--workers', '4', '--log-level', 'debug');
    const ana = await new Client(server).user('ana');
    const file = await clip(0.4), ids = [];
    for (let i = 0; i < 12; i++) ids.push(await ana.give(file));
    const links = new Set();
    for (const id of ids) links.add(new URL((await ana.processed(id)).download).pathname);
    assert.equal(links.size, 12);
    await server.stop();
    await isClean(server, 12);
});

test('asks 21: without being told to, clips are opened in the jail', async (t) => {
    const server = await serve(t, ...SLOW);
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await slowClip());
    await until('it is in work', async () => (await ana.task(id)).progress >= 3);
    const status = (pid) => Object.fromEntries(readFileSync(`/proc/${pid}/status`, 'utf8').split('\n').map((line) => line.split(':\t')));
    const [child] = server.attempts();
    const worn = status(child), own = status(server.pid);
    assert.deepEqual([worn.Seccomp, worn.NoNewPrivs, /^0+$/.test(worn.CapEff)], ['2', '1', true]);
    assert.equal(own.Seccomp, '0', 'the service itself is not what is seen');
    if (process.getuid() === 0) {
        const open = readdirSync(`/proc/${child}/fd`).map((fd) => readlinkSync(`/proc/${child}/fd/${fd}`));
        assert.deepEqual(open.filter((name) => name.startsWith(server.dir)).length, open.filter((name) => name.startsWith('/') && name !== '/dev/null').length,
            `the clip and what is made of it, and no other file: ${open}`);
        assert.ok(!open.some((name) => /reelgate\.db|secret/.test(name)), `${open}`);
        if (server.log().includes('jail_missing=none'))
            for (const space of ['user', 'net', 'mnt', 'ipc', 'uts', 'pid'])
                assert.notEqual(readlinkSync(`/proc/${child}/ns/${space}`), readlinkSync(`/proc/${server.pid}/ns/${space}`), space);
    }
    await ana.processed(id);
});
