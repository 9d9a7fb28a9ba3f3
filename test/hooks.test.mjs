// Webhooks: receivers that verify as Standard Webhooks says, that fail, are slow or gone; none of it
// loses or doubles what they are told, and nothing is sent into private networks unasked.
import assert from 'node:assert/strict';
import { createServer as createSecure } from 'node:https';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { checkDelivery } from './lib/contract.mjs';
import { Cluster } from './lib/cluster.mjs';
import { certificate, postgres } from './lib/engines.mjs';
import { folder, serve, until } from './lib/reelgate.mjs';

// The answer of a receiver is what `answer` says of the n-th request: a status, or null for silence.
class Receiver {
    constructor(answer = () => 204, make = createServer) {
        this.answer = answer;
        this.secrets = [];
        this.requests = [];
        this.effects = new Map(); // by id: what an honest receiver does once
        this.unsigned = 0;
        this.server = make((request, response) => {
            const parts = [];
            request.on('data', (part) => parts.push(part));
            request.on('end', () => this.take(request, Buffer.concat(parts).toString(), response));
        });
    }
    take(request, text, response) {
        let body = null;
        for (const secret of this.secrets) {
            try {
                body = new Webhook(secret).verify(text, request.headers);
            } catch { /* perhaps the next */ }
        }
        if (!body) this.unsigned++;
        else checkDelivery(request.headers, text);
        const id = request.headers['webhook-id'];
        this.requests.push({ id, body, headers: request.headers, at: Date.now() });
        const status = this.answer(this.requests.length, body);
        if (status === null) return;
        if (body && status < 300) this.effects.set(id, body);
        response.writeHead(status, status === 302 ? { Location: `${this.url}redirected` } : {}).end('thanks');
    }
    async listen(t) {
        await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
        this.url = `http://127.0.0.1:${this.server.address().port}/`;
        t.after(() => { this.server.closeAllConnections(); this.server.close(); });
        return this;
    }
    async hook(client, more = {}) {
        const answer = await client.post('/api/hooks', { url: this.url, ...more });
        assert.equal(answer.status, 201, answer.text);
        this.secrets.push(answer.json.secret);
        return answer.json;
    }
    told() { return [...this.effects.values()]; }
    tells(type, task) { return until(`told of ${type} ${task}`, () => this.told().find((b) => b.type === type && (!task || b.data.task_id === task))); }
}
const receiver = (t, answer, make) => new Receiver(answer, make).listen(t);
const QUICK = ['--hook-private', '--hook-retry', '50ms', '--hook-timeout', '1s'];
const tiny = async () => readFileSync(await clip(0.4));
const log = async (client, hook) => (await client.get(`/api/hooks/${hook.id}/deliveries`)).json.data;

test('a receiver verifies what became of a task, and the link that it is given works', async (t) => {
    const server = await serve(t, ...QUICK, '--public-url', 'https://reels.example/');
    const ana = await new Client(server).user('ana'), eva = await new Client(server).user('eva');
    const all = await receiver(t), some = await receiver(t), hers = await receiver(t);
    const hook = await all.hook(ana, { description: 'goles' });
    await some.hook(ana, { events: ['task.processed', 'task.progress'] });
    await hers.hook(eva);
    assert.deepEqual([hook.enabled, hook.description, hook.events], [true, 'goles', ['task.uploaded', 'task.processing', 'task.processed', 'task.failed', 'task.deleted']]);
    assert.match(hook.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const id = await ana.give(await tiny(), { name: 'gol.mp4', fields: { title: 'Un gol' } });
    const done = await all.tells('task.processed', id);
    assert.match(done.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual({ ...done.data, download: null },
        { task_id: id, status: 'processed', progress: 100, title: 'Un gol', file_name: 'gol.mp4', code: null, download: null });
    const link = new URL(done.data.download);
    assert.equal(link.origin, 'https://reels.example');
    assert.equal((await new Client(server).get(link.pathname + link.search)).headers.get('content-type'), 'video/mp4');
    await all.tells('task.uploaded', id);
    await all.tells('task.processing', id);
    await some.tells('task.processed', id);
    assert.ok(some.told().every((b) => ['task.processed', 'task.progress'].includes(b.type)));
    const bad = await ana.give(Buffer.concat([(await tiny()).subarray(0, 3000), Buffer.alloc(9000)]));
    const failed = await all.tells('task.failed', bad);
    assert.equal(failed.data.code, (await ana.task(bad)).error.code);
    assert.equal(failed.data.download, null);
    await ana.delete(`/api/tasks/${bad}`);
    await all.tells('task.deleted', bad);
    assert.equal(all.unsigned, 0);
    assert.equal(hers.requests.length, 0, 'nobody hears of the tasks of others');
    const rows = await until('all is noted', async () => {
        const list = await log(ana, hook);
        return list.length === 7 && list.every((d) => d.state === 'delivered') && list;
    });
    assert.ok(rows.every((d) => d.attempts === 1 && d.status === 204 && d.error === null && d.ended && !d.next_attempt));
    assert.deepEqual([rows[0].event, rows[0].task_id], ['task.deleted', bad]);
    assert.deepEqual((await ana.get(`/api/hooks/${hook.id}/deliveries?max=1&after=${rows[0].id}`)).json.data.map((d) => d.id), [rows[1].id]);
});

test('a receiver that fails, is silent, and a server that is killed: each effect is there once', async (t) => {
    const server = await serve(t, ...QUICK, '--hook-attempts', '50');
    const ana = await new Client(server).user('ana');
    const there = await receiver(t, (n) => (n % 5 === 1 ? null : n % 2 ? 204 : 500));
    const hook = await there.hook(ana);
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(await ana.give(await tiny()));
    await until('some came', () => there.requests.length >= 3);
    await server.kill();
    await server.start();
    ids.push(await ana.give(await tiny()));
    for (const id of ids) await there.tells('task.processed', id);
    await until('all is delivered', async () => (await log(ana, hook)).every((d) => d.state === 'delivered'));
    for (const id of ids) {
        assert.equal(there.told().filter((b) => b.type === 'task.processed' && b.data.task_id === id).length, 1, `${id}`);
        await there.tells('task.uploaded', id);
    }
    assert.equal(there.effects.size, (await log(ana, hook)).length, 'an effect for each event, no more');
    assert.ok(there.requests.length > there.effects.size, 'some came more than once');
    assert.equal(there.unsigned, 0);
});

test('a dead letter is kept and can be replayed under the same id; a slow receiver holds up no other', async (t) => {
    let well = false;
    const server = await serve(t, ...QUICK, '--hook-attempts', '3');
    const ana = await new Client(server).user('ana');
    const ill = await receiver(t, () => (well ? 200 : 503)), slow = await receiver(t, () => null), fine = await receiver(t);
    const hook = await ill.hook(ana, { events: ['task.processed'] });
    await slow.hook(ana);
    await fine.hook(ana);
    const id = await ana.give(await tiny());
    await fine.tells('task.processed', id);
    const dead = await until('it is given up', async () => (await log(ana, hook)).find((d) => d.state === 'dead'));
    assert.deepEqual([dead.attempts, dead.status, dead.error, dead.next_attempt], [3, 503, 'the receiver answered 503', null]);
    assert.equal(ill.requests.length, 3);
    assert.equal(new Set(ill.requests.map((r) => r.id)).size, 1);
    well = true;
    const again = await ana.post(`/api/hooks/${hook.id}/deliveries/${dead.id}/replay`);
    assert.deepEqual([again.status, again.json.delivery], [202, dead.id]);
    await ill.tells('task.processed', id);
    assert.equal(ill.requests[3].id, ill.requests[0].id);
    const tested = await ana.post(`/api/hooks/${hook.id}/test`);
    assert.equal(tested.status, 202);
    await ill.tells('hook.test');
});

test('many with silent receivers leave room for who has an honest one', async (t) => {
    const server = await serve(t, '--hook-private', '--hook-timeout', '20s', '--workers', '0');
    const silent = await receiver(t, () => null), honest = await receiver(t);
    const crowd = await Promise.all(Array.from({ length: 14 }, (_, i) => new Client(server).user(`mudo${i}`)));
    await Promise.all(crowd.flatMap((one) => [0, 1].map(async () => {
        const hook = await silent.hook(one);
        for (let i = 0; i < 6; i++) assert.equal((await one.post(`/api/hooks/${hook.id}/test`)).status, 202);
    })));
    await until('they fill what they may', () => silent.requests.length >= 96);
    const ana = await new Client(server).user('ana'), began = Date.now();
    const hook = await honest.hook(ana);
    assert.equal((await ana.post(`/api/hooks/${hook.id}/test`)).status, 202);
    await honest.tells('hook.test');
    assert.ok(Date.now() - began < 15_000, 'before the first of the others has timed out');
    assert.equal((await ana.call('PATCH', `/api/hooks/${hook.id}`, { body: { enabled: false } })).status, 200);
    const none = await ana.post(`/api/hooks/${hook.id}/test`);
    assert.deepEqual([none.status, none.json.code], [409, 'hook_disabled']);
});

test('while a secret is changed both sign; 410 disables; a hook can be changed and is its owner\'s alone', async (t) => {
    let status = 200;
    const server = await serve(t, ...QUICK);
    const ana = await new Client(server).user('ana'), eva = await new Client(server).user('eva');
    const there = await receiver(t, () => status);
    const hook = await there.hook(ana), path = `/api/hooks/${hook.id}`;
    const { secret } = (await ana.post(`${path}/secret`)).json;
    assert.notEqual(secret, hook.secret);
    for (const known of [[hook.secret], [secret]]) {
        there.secrets = known;
        const before = there.effects.size;
        await ana.post(`${path}/test`);
        await until('it comes', () => there.effects.size > before);
    }
    assert.equal(there.requests[0].headers['webhook-signature'].split(' ').length, 2);
    assert.equal(there.unsigned, 0);
    for (const [method, at] of [['GET', path], ['PATCH', path], ['DELETE', path], ['POST', `${path}/secret`], ['POST', `${path}/test`], ['GET', `${path}/deliveries`]]) {
        const answer = await eva.call(method, at, method === 'PATCH' ? { body: {} } : {});
        assert.deepEqual([answer.status, answer.json.code], [404, 'hook_not_found'], `${method} ${at}`);
    }
    assert.equal((await eva.post(`${path}/deliveries/1/replay`)).json.code, 'delivery_not_found');
    assert.deepEqual((await eva.get('/api/hooks')).json.data, []);
    const [listed] = (await ana.get('/api/hooks')).json.data;
    assert.deepEqual([listed.id, 'secret' in listed], [hook.id, false]);
    status = 410;
    await ana.post(`${path}/test`);
    await until('it is disabled', async () => !(await ana.get(path)).json.enabled);
    await until('the delivery is dead', async () => (await log(ana, hook))[0].state === 'dead');
    const count = (await log(ana, hook)).length;
    await ana.processed(await ana.give(await tiny()));
    assert.equal((await log(ana, hook)).length, count, 'a disabled hook hears of nothing');
    status = 200;
    const changed = await ana.call('PATCH', path, { body: { enabled: true, events: ['task.deleted'], description: 'ñ' } });
    assert.deepEqual([changed.status, changed.json.enabled, changed.json.events, changed.json.description], [200, true, ['task.deleted'], 'ñ']);
    for (const [body, code] of [[{ events: ['x'] }, 'hook_event_bad'], [{ events: [] }, 'hook_event_bad'], [{ url: 'ftp://x/' }, 'hook_url_bad'],
        [{ url: 7 }, 'field_type'], [{ enabled: 1 }, 'field_type'], [{ description: 'x'.repeat(201) }, 'parameter_bad']])
        assert.equal((await ana.call('PATCH', path, { body })).json.code, code);
    assert.equal((await ana.post('/api/hooks', {})).json.code, 'fields_missing');
    assert.equal((await ana.delete(path)).status, 204);
    assert.equal((await ana.get(path)).status, 404);
});

test('nothing is sent into private networks, to redirects, or past a bad certificate', async (t) => {
    const server = await serve(t, '--hook-retry', '50ms', '--hook-timeout', '1s', '--hook-attempts', '2');
    const ana = await new Client(server).user('ana');
    const there = await receiver(t);
    const { port } = new URL(there.url);
    for (const url of [`http://127.0.0.1:${port}/`, `http://2130706433:${port}/`, `http://0x7f.1:${port}/`, `http://[::1]:${port}/`,
        `http://[::ffff:127.0.0.1]:${port}/`, 'http://10.1.2.3/', 'http://192.168.0.1/', 'http://169.254.169.254/latest/meta-data/', 'http://100.64.0.1/',
        'http://0.0.0.0/', 'http://a@example.org/', 'file:///etc/passwd'])
        assert.deepEqual([url, (await ana.post('/api/hooks', { url })).json.code], [url, 'hook_url_bad']);
    const named = await new Client(server, ana.token).post('/api/hooks', { url: `http://localhost:${port}/` });
    assert.equal(named.status, 201, 'names are looked at when they are connected to');
    await ana.post(`/api/hooks/${named.json.id}/test`);
    const dead = await until('it is given up', async () => (await log(ana, named.json)).find((d) => d.state === 'dead'));
    assert.deepEqual([dead.error, dead.status, dead.attempts], ['the address is in a private network', null, 2]);
    assert.equal(there.requests.length, 0);

    const open = await serve(t, ...QUICK, '--hook-attempts', '2');
    const eva = await new Client(open).user('eva');
    const away = await receiver(t, () => 302);
    const moved = await away.hook(eva);
    await eva.post(`/api/hooks/${moved.id}/test`);
    assert.equal((await until('it is given up', async () => (await log(eva, moved)).find((d) => d.state === 'dead'))).status, 302);
    assert.equal(away.requests.length, 2, 'nobody went where it was sent to');
    const dir = folder(t), cert = certificate(dir);
    const secure = await receiver(t, undefined, (handler) => createSecure({ cert, key: readFileSync(join(dir, 'key.pem')) }, handler));
    const hook = await eva.post('/api/hooks', { url: secure.url.replace('http:', 'https:') });
    await eva.post(`/api/hooks/${hook.json.id}/test`);
    const refused = await until('it is given up', async () => (await log(eva, hook.json)).find((d) => d.state === 'dead'));
    assert.match(refused.error, /certificate/i);
    assert.equal(secure.requests.length, 0);
});

test('two servers on one PostgreSQL send each delivery once', async (t) => {
    const database = await postgres(t);
    const all = new Cluster(t, { database: database.url });
    const [one, two] = [await all.serve(...QUICK), await all.serve(...QUICK)];
    await all.work();
    const ana = await new Client(one).user('ana');
    const there = await receiver(t);
    const hook = await there.hook(ana);
    const ids = await Promise.all([one, two, one, two].map(async (node) => new Client(node, ana.token).give(await tiny())));
    for (const id of ids) await there.tells('task.processed', id);
    await until('all is delivered', async () => (await log(ana, hook)).every((d) => d.state === 'delivered'));
    assert.equal(there.requests.length, there.effects.size);
    assert.equal(there.unsigned, 0);
});
