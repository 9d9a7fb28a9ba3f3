// What admins see and change: the whole service, its users, everybody's failed tasks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { Stream } from './lib/events.mjs';
import { Server, folder, run, until } from './lib/reelgate.mjs';

const closing = [];
let server, boss, ana, eva, half;
before(async () => {
    server = new Server(folder({ after: (f) => closing.push(f) }), []);
    closing.unshift(() => server.stop('SIGKILL'));
    await server.start();
    [boss, ana, eva] = await Promise.all(['boss', 'ana', 'eva'].map((name) => new Client(server).user(name)));
    await server.stop();
    assert.equal((await run(['user', 'admin', '--data', server.dir, 'boss'])).code, 0);
    await server.start();
    const whole = readFileSync(await clip(3));
    half = whole.subarray(0, whole.length / 2);
});
test.after(async () => {
    for (const close of closing) await close();
});
const says = async (status, code, answer) => {
    const got = await answer;
    assert.deepEqual([got.status, got.json?.code], [status, code], got.text);
};
const get = async (path) => {
    const answer = await boss.get(path);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
};
const users = async (query = '') => (await get(`/api/admin/users${query}`)).data;
const user = async (name) => (await users(`?q=${name}`))[0];
const change = (id, body, client = boss) => client.call('PATCH', `/api/admin/users/${id}`, { body });
const retry = (body, client = boss) => client.post('/api/admin/tasks/retry', body);

test('nobody else is let in', async () => {
    const key = async (scopes, client = boss) => new Client(server, (await client.post('/api/keys', { name: 'k', scopes })).json.key);
    const [narrow, wide, hers] = [await key(['read', 'upload', 'delete']), await key(['admin']), await key(['admin'], ana)];
    for (const [method, path] of [['GET', 'overview'], ['GET', 'users'], ['PATCH', 'users/1'], ['GET', 'tasks'], ['POST', 'tasks/retry']]) {
        const call = (client) => client.call(method, `/api/admin/${path}`, method === 'GET' ? {} : { body: { status: 'failed' } });
        await says(401, 'auth_missing', call(new Client(server)));
        await says(403, 'forbidden', call(ana));
        await says(403, 'scope_missing', call(narrow));
        await says(403, 'forbidden', call(hers));
        assert.equal((await call(wide)).status, 200);
    }
});

test('the overview counts tasks, workers, bytes', async () => {
    const file = readFileSync(await clip(0.4));
    await ana.processed(await ana.give(file));
    await eva.failed(await eva.give(half));
    const all = await until('the worker rests', async () => {
        const now = await get('/api/admin/overview');
        return now.workers[0]?.busy === 0 && now;
    });
    assert.deepEqual(all.tasks, { uploaded: 0, processing: 0, processed: 1, failed: 1 });
    assert.deepEqual([all.oldest_waiting_ms, all.hooks], [null, { waiting: 0, dead: 0 }]);
    assert.equal(all.workers.length, 1);
    assert.equal(all.workers[0].jobs, 1);
    assert.ok(Math.abs(Date.parse(all.workers[0].seen) - Date.now()) < 60_000);
    const { bytes_used } = await user('ana');
    assert.ok(bytes_used > file.length);
    assert.equal(all.storage.used_bytes, bytes_used + half.length);
    assert.ok(all.storage.free_bytes > 0 && all.storage.free_bytes <= all.storage.total_bytes);
});

test('users are found, page after page', async () => {
    assert.deepEqual((await users()).map((u) => [u.username, u.role]).sort(), [['ana', 'user'], ['boss', 'admin'], ['eva', 'user']]);
    const first = await users('?max=2'), rest = await users(`?max=2&after=${first[1].id}`);
    assert.deepEqual([first.length, rest.length], [2, 1]);
    assert.deepEqual((await users('?q=EVA%40')).map((u) => [u.username, u.email, u.tasks, u.bytes_limit, u.tasks_limit]), [['eva', 'eva@example.org', 1, null, null]]);
    assert.deepEqual(await users('?q=nobody'), []);
    assert.deepEqual(await users('?max=0'), []);
    for (const query of ['?max=x', '?after=-1', `?q=${'x'.repeat(300)}`]) await says(400, 'parameter_bad', boss.get(`/api/admin/users${query}`));
});

test('limits of a user: each by itself, felt at once', async () => {
    const { id } = await user('ana'), file = readFileSync(await clip(0.2));
    const small = await change(id, { bytes_limit: 10 });
    assert.deepEqual([small.status, small.json.bytes_limit, small.json.tasks_limit, small.json.role], [200, 10, null, 'user']);
    await says(403, 'quota_exceeded', ana.upload(file));
    assert.deepEqual((await change(id, { tasks_limit: 1 })).json.bytes_limit, 10);
    assert.equal((await change(id, { bytes_limit: 0 })).json.bytes_limit, 0);
    await says(429, 'tasks_limit', ana.upload(file));
    assert.equal((await change(id, { tasks_limit: null })).json.tasks_limit, null);
    assert.equal((await ana.upload(file)).status, 201);
    assert.deepEqual((await change(id, { unknown: 1 })).json, await user('ana'));
    await says(400, 'json_bad', change(id, '['));
    await says(400, 'field_type', change(id, { bytes_limit: '5' }));
    await says(400, 'field_type', change(id, { role: 1 }));
    await says(400, 'parameter_bad', change(id, { tasks_limit: -1 }));
    await says(400, 'parameter_bad', change(id, { role: 'king' }));
    await says(404, 'user_not_found', change(9999, { role: 'user' }));
    await says(404, 'user_not_found', change('x', { role: 'user' }));
});

test('roles change at once, and the last admin stays', async () => {
    const mine = (await user('boss')).id, hers = (await user('eva')).id;
    await says(409, 'last_admin', change(mine, { role: 'user' }));
    assert.equal((await change(hers, { role: 'admin' })).json.role, 'admin');
    assert.equal((await eva.get('/api/admin/overview')).status, 200);
    assert.equal((await change(mine, { role: 'user' }, eva)).status, 200);
    await says(403, 'forbidden', boss.get('/api/admin/users'));
    await says(409, 'last_admin', change(hers, { role: 'user', bytes_limit: 5 }, eva));
    assert.equal((await change(mine, { role: 'admin' }, eva)).status, 200);
    assert.equal((await change(hers, { role: 'user' })).json.bytes_limit, null, 'a refused change changes nothing');
    await says(403, 'forbidden', eva.get('/api/admin/overview'));
});

test('what failed is seen with its owner, and retried: by id, or all of it', async () => {
    for (const client of [ana, ana, eva]) await client.failed(await client.give(half));
    const failed = async (query = '') => (await get(`/api/admin/tasks?status=failed${query}`)).data;
    const all = await failed();
    assert.deepEqual(all.map((task) => task.username), ['eva', 'ana', 'ana', 'eva']);
    for (const task of all) assert.deepEqual([task.error.code, task.status, task.task_id], ['truncated', 'failed', task.id]);
    const ids = all.map((task) => task.id);
    assert.deepEqual((await failed(`&max=2&after=${ids[0]}`)).map((task) => task.id), ids.slice(1, 3));
    assert.deepEqual((await failed('&order=1&max=1')).map((task) => task.id), ids.slice(-1));
    assert.ok((await get('/api/admin/tasks?max=1000')).data.length > 4);
    await says(400, 'parameter_bad', boss.get('/api/admin/tasks?status=deleted'));

    const done = (await ana.tasks()).find((task) => task.status === 'processed').id;
    const stream = await new Stream(ana, '/api/tasks/events').opened;
    await stream.sees('hello');
    const some = await retry({ ids: [ids[1], done, 9999] });
    assert.deepEqual([some.status, some.json], [200, { retried: 1, after: null }], some.text);
    await stream.sees('task.uploaded', ids[1]);
    await stream.sees('task.failed', ids[1]);
    stream.close();
    assert.deepEqual((await retry({ status: 'failed', after: ids[2] })).json, { retried: 1, after: null });
    await eva.failed(ids[3]);
    const rest = await retry({ status: 'failed' });
    assert.deepEqual(rest.json, { retried: 4, after: null });
    await until('they failed again', async () => (await failed()).length === 4);

    for (const [body, code] of [[{}, 'fields_missing'], [{ ids: 'all' }, 'field_type'], [{ ids: ['1'] }, 'field_type'], [{ status: 'processed' }, 'parameter_bad'],
        [{ status: 'failed', after: 'x' }, 'field_type'], [{ status: 'failed', after: -1 }, 'parameter_bad'], [{ ids: Array(1001).fill(1) }, 'parameter_bad'], ['[]', 'json_bad']])
        await says(400, code, retry(body));
});
