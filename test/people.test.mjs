// Keys of the API, roles, limits: who may do what, and how much of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { run, serve, until } from './lib/reelgate.mjs';
import { Upload } from './lib/tus.mjs';

const KEY = /^rg_[1-9]\d*_[A-Za-z0-9_-]{43}$/;
async function key(client, scopes, more = {}) {
    const answer = await client.post('/api/keys', { name: 'prueba', scopes, ...more });
    assert.equal(answer.status, 201, answer.text);
    return { ...answer.json, client: new Client(client.server, answer.json.key) };
}
const says = async (wanted, code, answer) => {
    const { status, json, text } = await answer;
    assert.deepEqual([status, json?.code], [wanted, code], text);
    if (code) assert.ok(json.request_id && json.message, text);
};

test('a key does what its scopes say and nothing else', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const me = (await ana.get('/api/me')).json;
    assert.deepEqual([me.username, me.role, me.scopes], ['ana', 'user', ['read', 'upload', 'delete']]);
    assert.deepEqual(me.quota, { bytes_used: 0, bytes_limit: null, tasks_today: 0, tasks_limit: null });
    assert.deepEqual(me.profile, { bumper_s: 2, longest_s: 20, fit: 'pad' });
    const file = readFileSync(await clip(0.4));
    const [reads, uploads, deletes, admin] = await Promise.all([['read'], ['upload'], ['delete'], ['admin']].map((s) => key(ana, s)));
    assert.match(reads.key, KEY);
    assert.ok(reads.key.startsWith(reads.prefix) && reads.prefix.length < 12);
    assert.deepEqual([reads.name, reads.scopes, reads.expires], ['prueba', ['read'], null]);

    const id = await uploads.client.give(file);
    await says(403, 'scope_missing', reads.client.upload(file));
    await says(403, 'scope_missing', deletes.client.upload(file));
    await says(403, 'scope_missing', uploads.client.get(`/api/tasks/${id}`));
    await says(403, 'scope_missing', uploads.client.get('/api/tasks'));
    await says(403, 'scope_missing', uploads.client.get('/api/tasks/events'));
    await says(403, 'scope_missing', reads.client.delete(`/api/tasks/${id}`));
    await says(403, 'scope_missing', reads.client.post(`/api/tasks/${id}/retry`));
    await says(403, 'scope_missing', admin.client.get('/api/tasks'));
    const done = await reads.client.made(id);
    const bare = new URL(done.download).pathname;
    assert.equal((await reads.client.get(bare)).status, 200);
    await says(403, 'scope_missing', uploads.client.get(bare));
    await says(409, 'retry_state', uploads.client.post(`/api/tasks/${id}/retry`));
    assert.equal((await deletes.client.delete(`/api/tasks/${id}`)).status, 200);

    for (const one of [reads, uploads, deletes]) {
        await says(403, 'scope_missing', one.client.get('/api/keys'));
        await says(403, 'scope_missing', one.client.get('/api/hooks'));
        await says(403, 'scope_missing', one.client.post('/api/hooks', { url: 'https://example.org/' }));
        await says(403, 'scope_missing', one.client.post('/api/keys', { name: 'x', scopes: ['read'] }));
        assert.deepEqual((await one.client.get('/api/me')).json.scopes, one.scopes);
    }
    await says(403, 'scope_missing', admin.client.post('/api/keys', { name: 'x', scopes: ['read'] }));
    assert.deepEqual((await admin.client.get('/api/hooks')).json, { data: [] });
    const child = await key(admin.client, ['admin'], { expires_in: 60 });
    assert.ok(Date.parse(child.expires) - Date.parse(child.created) === 60_000);
    const listed = (await admin.client.get('/api/keys')).json.data;
    assert.deepEqual(listed.map((k) => k.id).sort((a, b) => a - b), [reads.id, uploads.id, deletes.id, admin.id, child.id].sort((a, b) => a - b));
    assert.ok(listed.every((k) => !('key' in k) && !('hash' in k)), 'a key is shown once');
    await until('its use is noted', async () => (await ana.get('/api/keys')).json.data.find((k) => k.id === reads.id).last_used);
});

test('keys of others, forged ones and bad wishes are refused', async (t) => {
    const server = await serve(t);
    const [ana, eva] = [await new Client(server).user('ana'), await new Client(server).user('eva')];
    const hers = await key(ana, ['read', 'admin']);
    await says(404, 'key_not_found', eva.delete(`/api/keys/${hers.id}`));
    await says(404, 'key_not_found', eva.delete('/api/keys/x'));
    assert.deepEqual((await eva.get('/api/keys')).json, { data: [] });
    const secret = hers.key.slice(-43);
    for (const bad of [`rg_${hers.id + 1}_${secret}`, `rg_${hers.id}_${'A'.repeat(43)}`, `rg_0${hers.id}_${secret}`, `rg_${hers.id}_${secret}=`, hers.key.slice(0, -1), 'rg_'])
        await says(401, 'token_bad', new Client(server, bad).get('/api/me'));
    await says(400, 'fields_missing', ana.post('/api/keys', { name: 'x' }));
    await says(400, 'field_type', ana.post('/api/keys', { name: 'x', scopes: 'read' }));
    await says(400, 'field_type', ana.post('/api/keys', { name: 7, scopes: ['read'] }));
    await says(400, 'parameter_bad', ana.post('/api/keys', { name: 'x', scopes: [] }));
    await says(400, 'parameter_bad', ana.post('/api/keys', { name: 'x', scopes: ['write'] }));
    await says(400, 'parameter_bad', ana.post('/api/keys', { name: 'x', scopes: ['read'], expires_in: 0 }));
    await says(400, 'key_name_bad', ana.post('/api/keys', { name: '\u0007', scopes: ['read'] }));
    await says(400, 'json_bad', ana.post('/api/keys', '[]', { headers: { 'Content-Type': 'application/json' } }));
    await says(401, 'auth_missing', new Client(server).get('/api/keys'));

    assert.equal((await hers.client.get('/api/me')).status, 200);
    assert.equal((await ana.delete(`/api/keys/${hers.id}`)).status, 204);
    await says(401, 'token_bad', hers.client.get('/api/me')); // at once
    const brief = await key(ana, ['read'], { expires_in: 1 });
    assert.equal((await brief.client.get('/api/me')).status, 200);
    await until('it runs out', async () => (await brief.client.get('/api/me')).json.code === 'token_expired');
    await server.stop();
    for (const name of ['reelgate.db', 'reelgate.db-wal'].filter((n) => server.files().includes(n)))
        assert.ok(!readFileSync(join(server.dir, name)).includes(secret), 'the secret part is kept nowhere');
    assert.ok(!server.log().includes(secret), 'nor logged');
});

test('limits: of the settings, and of a user\'s own', async (t) => {
    const server = await serve(t, '--quota-tasks', '2');
    const ana = await new Client(server).user('ana');
    let eva = await new Client(server).user('eva');
    const file = readFileSync(await clip(0.4));
    const first = await ana.upload(file);
    assert.equal(first.status, 201);
    assert.equal((await ana.upload(file)).status, 201);
    const over = await ana.upload(file);
    await says(429, 'tasks_limit', over);
    const told = (answer) => ['ratelimit-policy', 'ratelimit'].map((name) => answer.headers.get(name));
    const left = (n) => new RegExp(`^"tasks";r=${n};t=[1-9]\\d{0,4}$`);
    for (const [answer, n] of [[first, 1], [over, 0]]) {
        const [policy, now] = told(answer);
        assert.equal(policy, '"tasks";q=2;w=86400');
        assert.match(now, left(n));
    }
    const piece = await Upload.create(eva, file.length);
    assert.match(piece.created.headers.ratelimit, left(2));
    const wait = Number(over.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 86400, `until midnight: ${wait}`);
    const { quota } = (await ana.get('/api/me')).json;
    assert.deepEqual([quota.tasks_today, quota.tasks_limit], [2, 2]);
    assert.ok(quota.bytes_used >= 2 * file.length);
    await server.stop();

    const cli = (...args) => run(['user', ...args.slice(0, 1), '--json', '--data', server.dir, ...args.slice(1)]);
    const small = JSON.parse((await cli('quota', 'ana', '1k', '9')).stdout);
    assert.deepEqual([small.bytes_limit, small.tasks_limit], [1024, 9]);
    assert.equal(JSON.parse((await cli('admin', 'eva')).stdout).admin, true);
    assert.notEqual((await cli('quota', 'ana', 'much')).code, 0);
    assert.notEqual((await cli('admin', 'nobody')).code, 0);
    await server.start();
    await says(403, 'quota_exceeded', ana.upload(file));
    assert.deepEqual((({ bytes_limit, tasks_limit }) => [bytes_limit, tasks_limit])((await ana.get('/api/me')).json.quota), [1024, 9]);
    eva = await new Client(server).login('eva');
    assert.deepEqual((({ role, scopes }) => [role, scopes])((await eva.get('/api/me')).json), ['admin', ['read', 'upload', 'delete', 'admin']]);
    await server.stop();
    assert.equal((await cli('quota', 'ana', 'preset', '0')).code, 0);
    await server.start();
    assert.equal((await ana.upload(file)).status, 201);
});
