// Streams of events: what becomes of tasks is told in order, to its owner alone, and nothing is
// missed by who comes back.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip, ffmpeg } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres } from './lib/engines.mjs';
import { Stream, listen } from './lib/events.mjs';
import { residentBytes, serve, until } from './lib/reelgate.mjs';

const slowClip = () => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '8', '-i', 'testsrc2=s=960x720:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35']);

test('a task is told from upload to reel, in order, and to its owner alone', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana'), eva = await new Client(server).user('eva');
    const [hers, other] = [await listen(t, ana), await listen(t, eva)];
    assert.deepEqual([hers.status, hers.headers['content-type'], hers.headers['x-accel-buffering'], hers.headers['cache-control']],
        [200, 'text/event-stream', 'no', 'no-store']);
    await hers.sees('hello');
    await other.sees('hello');
    const id = await ana.give(await slowClip());
    const one = await listen(t, ana, `/api/tasks/${id}/events`);
    await one.sees('hello');
    const done = await hers.sees('task.processed', id);
    assert.deepEqual([done.status, done.progress], ['processed', 100]);
    assert.match(done.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(hers.types(id), ['uploaded', 'processing', 'processed']);
    const steps = hers.events.filter((ev) => ev.type === 'task.progress').map((ev) => ev.progress);
    assert.ok(steps.length > 0 && steps.every((n, i) => i === 0 || n > steps[i - 1]), `progress rises: ${steps}`);
    assert.ok(hers.events.every((ev, i) => i === 0 || ev.id > hers.events[i - 1].id), 'ids rise');

    const bad = await ana.give(await ffmpeg('.m4a', ['-f', 'lavfi', '-t', '1', '-i', 'sine']), { name: 'x.mp4' });
    assert.equal((await hers.sees('task.failed', bad)).code, 'no_video');
    await ana.delete(`/api/tasks/${bad}`);
    await hers.sees('task.deleted', bad);
    await one.sees('task.processed', id);
    assert.ok(one.events.every((ev) => ev.type === 'hello' || ev.task_id === id), 'a stream of one task tells of that one');
    assert.deepEqual(other.events.map((ev) => ev.type), ['hello'], 'nobody hears of the tasks of others');
});

test('who comes back with Last-Event-ID misses nothing and hears nothing twice, also after kill -9', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    let stream = await listen(t, ana);
    await stream.sees('hello');
    const heard = [], ids = [];
    const file = readFileSync(await clip(0.4));
    for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 3; i++) ids.push(await ana.give(file));
        await stream.sees('task.uploaded', ids.at(-2));
        const last = stream.last;
        heard.push(...stream.events);
        if (round === 1) {
            await server.kill();
            await until('the stream ends with its server', () => stream.ended);
            heard.push(...stream.events.slice(heard.length ? stream.events.findIndex((ev) => ev.id === last) + 1 : 0));
            await server.start();
        }
        const from = Math.max(...heard.map((ev) => ev.id));
        stream.close();
        stream = await listen(t, ana, undefined, { after: from });
        assert.equal((await stream.sees('hello')).id, from, 'the first word goes no further than what was heard');
    }
    await stream.sees('task.processed', ids.at(-1));
    for (const id of ids) await ana.processed(id);
    await until('all is heard', () => ids.every((id) => [...heard, ...stream.events].some((ev) => ev.task_id === id && ev.type === 'task.processed')));
    heard.push(...stream.events);
    const told = heard.filter((ev) => ev.task_id && ev.type !== 'task.progress');
    assert.equal(new Set(told.map((ev) => ev.id)).size, told.length, 'nothing is heard twice');
    for (const id of ids) {
        const types = told.filter((ev) => ev.task_id === id).map((ev) => ev.type.slice(5));
        assert.deepEqual([types[0], types.at(-1)], ['uploaded', 'processed'], `task ${id}: ${types}`);
    }
});

test('an id from before what is kept is answered with reset', async (t) => {
    const server = await serve(t, '--events-kept', '1s', '--events-streams', '1000');
    const ana = await new Client(server).user('ana');
    const id = await ana.give(readFileSync(await clip(0.4)));
    const first = await listen(t, ana, undefined, { after: 0 });
    const { id: known } = await first.sees('task.uploaded', id);
    await first.sees('task.processed', id);
    await until('what came after it is forgotten', async () => {
        const stream = await new Stream(ana, undefined, { after: known }).opened;
        await until('a first word', () => stream.events.length);
        stream.close();
        const [{ type, id: now }] = stream.events;
        assert.ok(type === 'hello' ? now === known : type === 'reset' && now > known, `${type} ${now}`);
        return type === 'reset';
    });
    const odd = await ana.get('/api/tasks/events?last_event_id=x');
    assert.deepEqual([odd.status, odd.json.code], [400, 'parameter_bad']);
});

test('without a token, of another user, and too many: each has its answer', async (t) => {
    const server = await serve(t, '--events-streams', '3');
    const ana = await new Client(server).user('ana'), eva = await new Client(server).user('eva');
    const id = await ana.give(readFileSync(await clip(0.4)));
    assert.equal((await new Client(server).get('/api/tasks/events')).status, 401);
    assert.equal((await eva.get(`/api/tasks/${id}/events`)).json.code, 'task_not_found');
    assert.equal((await ana.get('/api/tasks/x/events')).status, 404);
    const streams = [];
    for (let i = 0; i < 3; i++) streams.push(await listen(t, ana));
    const more = await ana.get('/api/tasks/events');
    assert.deepEqual([more.status, more.json.code, more.headers.get('retry-after')], [429, 'streams_limited', '10']);
    assert.equal((await listen(t, eva)).status, 200, 'the limit is of each user');
    streams[0].close();
    await until('its place is free', async () => {
        const again = await new Stream(ana).opened;
        again.close();
        return again.status === 200;
    });
});

test('a stream ends with the key that it came with, whether that is deleted or runs out', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    const [kept, gone, brief] = await Promise.all([{}, {}, { expires_in: 3 }].map((more) => ana.post('/api/keys', { name: 'oído', scopes: ['read'], ...more })));
    const streams = await Promise.all([kept, gone, brief].map(({ json }) => listen(t, new Client(server, json.key))));
    assert.equal((await ana.delete(`/api/keys/${gone.json.id}`)).status, 204);
    await until('both have ended', () => streams[1].ended && streams[2].ended);
    const id = await ana.give(readFileSync(await clip(0.4)));
    await streams[0].sees('task.uploaded', id);
    assert.deepEqual([streams[1].types(id), streams[2].types(id)], [[], []]);
});

test('a quiet stream sends comments, outlives the idle time, and ends at once with the server', async (t) => {
    const server = await serve(t, '--events-beat', '200ms', '--idle-timeout', '1s');
    const ana = await new Client(server).user('ana');
    const stream = await listen(t, ana);
    await until('some comments came', () => stream.comments >= 10);
    assert.ok(!stream.ended);
    const began = Date.now();
    assert.equal((await server.stop()).code, 0);
    assert.ok(Date.now() - began < 10_000, 'nobody waits for a stream to end');
    await until('the stream ends', () => stream.ended);
});

test('hundreds that only listen cost little, and all hear', async (t) => {
    const LISTENERS = 400;
    const server = await serve(t, '--events-streams', '1000', '--connections', '2000');
    const ana = await new Client(server).user('ana');
    const before = residentBytes(server.pid);
    const streams = await Promise.all(Array.from({ length: LISTENERS }, () => listen(t, ana)));
    await Promise.all(streams.map((s) => s.sees('hello')));
    const each = (residentBytes(server.pid) - before) / LISTENERS;
    t.diagnostic(`${(each / 1024).toFixed(0)} kB a listener`);
    const id = await ana.give(readFileSync(await clip(0.4)));
    await Promise.all(streams.map((s) => s.sees('task.processed', id)));
});

test('an event of one node is heard at another', async (t) => {
    const database = await postgres(t);
    const all = new Cluster(t, { database: database.url });
    const [one, two] = [await all.serve(), await all.serve()];
    await all.work();
    const ana = await new Client(one).user('ana');
    const there = await listen(t, new Client(two, ana.token));
    await there.sees('hello');
    const ids = await Promise.all(Array.from({ length: 6 }, async () => ana.give(readFileSync(await clip(0.4)))));
    for (const id of ids) await there.sees('task.processed', id);
    for (const id of ids) assert.deepEqual(there.types(id), ['uploaded', 'processing', 'processed']);
    const again = await listen(t, ana, undefined, { after: there.events[0].id });
    for (const id of ids) await again.sees('task.processed', id);
    const state = (list) => list.filter((ev) => ev.task_id && ev.type !== 'task.progress').map((ev) => ev.id);
    assert.deepEqual(state(again.events), state(there.events), 'what is told later is what was told then');
});
