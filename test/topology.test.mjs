// script/run --topology, as somebody who tries it: everything starts, says so, comes back when it dies,
// and is there again the next time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { freePort } from './lib/engines.mjs';
import { alive, descendants, folder, program, root, until } from './lib/reelgate.mjs';

function start(t, ...args) {
    const child = spawn('node', [join(root, 'script/topology.mjs'), ...args], { env: { ...process.env, REELGATE: program }, stdio: ['ignore', 'pipe', 'pipe'] });
    const one = { pid: child.pid, said: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (one.said += text));
    one.ended = new Promise((done) => child.on('close', done));
    one.says = (pattern) => until(`it says ${pattern}`, () => {
        assert.equal(child.exitCode, null, one.said);
        return pattern.exec(one.said);
    });
    one.stop = async () => {
        const below = descendants(child.pid);
        child.kill('SIGTERM');
        const code = await one.ended;
        await until('what it had started has ended', () => !below.some(alive));
        return code;
    };
    t.after(() => (child.exitCode === null && child.signalCode === null ? one.stop() : null));
    return one;
}
const words = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
// The first process below that is this part, by its command line.
const part = (one, is) => descendants(one.pid).find((pid) => alive(pid) && is(words(pid)));

test('what was asked for wrongly is said before anything starts', async (t) => {
    for (const [args, says] of [[['most'], /no such topology: most; known are full, redis, database, s3/], [['full', 'redis'], /too much: redis/],
        [['--listen', 'localhost'], /--listen is an IPv4 address and a port/], [['--dta', 'x'], /--dta/]]) {
        const one = start(t, ...args);
        assert.equal(await one.ended, 2, one.said);
        assert.match(one.said, says);
    }
});

test('each part that dies is named and comes back, and --data keeps everything', async (t) => {
    const above = folder(t), data = join(above, 'here'), listen = `127.0.0.1:${await freePort()}`;
    const begin = async () => {
        const one = start(t, 'full', '--listen', listen, '--data', data);
        await one.says(/all of it runs[^]*Ctrl-C ends all/);
        return one;
    };
    const closed = start(t, 'full', '--listen', listen, '--data', data);
    assert.equal(await closed.ended, 1);
    assert.match(closed.said, /cannot pass \S+ \(chmod o\+x\)/);
    chmodSync(above, 0o711);
    let one = await begin();
    for (const name of ['PostgreSQL', 'RabbitMQ', 'API node 1', 'API node 2', 'worker 1', 'worker 2', 'nginx'])
        assert.match(one.said, new RegExp(`^ *\\d+\\.\\d s {2}starting ${name} \\.\\.\\.$`, 'm'));
    const server = { url: `http://${listen}` };
    const ana = await new Client(server).user('ana');
    const first = await ana.give(await clip(0.4));
    await ana.processed(first);

    for (const [name, is] of [['nginx', ([title]) => title.startsWith('nginx: master')], ['worker 1', ([, command]) => command === 'worker'],
        ['API node 1', ([, command]) => command === 'serve'], ['RabbitMQ', ([beam]) => beam.endsWith('/beam.smp')],
        ['PostgreSQL', ([postgres, flag]) => postgres.endsWith('/postgres') && flag === '-D']]) {
        const pid = part(one, is), before = one.said.length;
        assert.ok(pid, name);
        process.kill(pid, 'SIGKILL');
        await until(`${name} is named`, () => one.said.slice(before).includes(`${name} ended (SIGKILL); it is started anew`));
        await until(`${name} comes back`, () => one.said.slice(before).includes(`${name} is back`));
    }
    // A connection to the database of before may still be met: 503, as documented.
    let second;
    await until('a clip is taken again', async () => (second = await ana.upload(await clip(0.4))).status === 201);
    await until('it becomes a reel', async () => (await ana.get(`/api/tasks/${second.json.task_id}`)).json.status === 'processed');
    assert.equal(await one.stop(), 0);
    assert.deepEqual(readdirSync(data).sort(), ['blobs', 'nginx', 'node0', 'node1', 'node2', 'node3', 'postgres', 'rabbit', 'secret']);

    one = await begin();
    assert.equal((await ana.get(`/api/tasks/${first}`)).json.status, 'processed', 'the log-in and the reel are those of before');
    assert.equal((await ana.get(new URL((await ana.get(`/api/tasks/${first}`)).json.download).pathname)).status, 200);
    const taken = start(t, 'database', '--listen', listen);
    assert.equal(await taken.ended, 1);
    assert.match(taken.said, /port \d+ is taken/);
    assert.equal(await one.stop(), 0);
});
