// The contract of the HTTP API, asked of the real server: what existing clients rely on, and what
// happens to requests that are wrong, too much, or somebody else's.
import assert from 'node:assert/strict';
import { readFileSync, statSync, statfsSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, multipart, rawPost } from './lib/client.mjs';
import { clip, ffmpeg } from './lib/clips.mjs';
import { listen } from './lib/events.mjs';
import { serve, sleep, until } from './lib/reelgate.mjs';

const EN = { headers: { 'Accept-Language': 'en' } };

function isError(answer, status, code, message) {
    assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.text);
    if (message) assert.equal(answer.json.message, message);
    assert.match(answer.json.request_id, /^[\w-]{6,}$/);
    assert.match(answer.headers.get('content-type'), /^application\/json/);
}
async function start(t, ...flags) {
    const server = await serve(t, ...flags);
    return { server, anyone: new Client(server) };
}
async function startWithUser(t, ...flags) {
    const { server, anyone } = await start(t, ...flags);
    return { server, anyone, ana: await anyone.user('ana') };
}
// A clip that takes the worker long enough to be caught at it.
const slowClip = () => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '16', '-i', 'testsrc2=s=1280x720:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35']);
const SLOW = ['--preset', 'slow'];

test('ping and health answer as they always did, with and without a trailing slash', async (t) => {
    const { server, anyone } = await start(t);
    for (const slash of ['', '/']) {
        assert.deepEqual((await anyone.get(`/ping${slash}`)).json, { message: 'Ok' });
        assert.deepEqual((await anyone.get(`/api/auth/login/ping${slash}`)).json, { message: 'pong' });
        assert.deepEqual((await anyone.get(`/api/auth/signup/ping${slash}`)).json, { message: 'pong' });
        const { status, json } = await anyone.get(`/api/health${slash}`);
        assert.deepEqual([status, json.status, json.database], [200, 'healthy', 'connected']);
    }
    assert.equal((await anyone.get('/api/ready')).status, 200);
    assert.equal((await anyone.post('/ping')).status, 405);
    await until('the last of them is logged', () => server.logLines(/ request .*path=\/ping /).length);
    assert.match(server.logLines(/ request /).join('\n'), /^.* path=\/ping status=405 .*$/, 'probes with good answers leave no line at the level of info');
});

test('signing up: the good answer, and each complaint in Spanish and in English', async (t) => {
    const { anyone } = await start(t);
    const good = { username: 'ana', email: 'ana@example.org', password1: 'correct horse', password2: 'correct horse' };
    const signup = (change, options) => anyone.post('/api/auth/signup', { ...good, ...change }, options);
    const first = await signup({});
    assert.deepEqual([first.status, first.json.message], [201, 'Usuario creado']);
    const english = await signup({ username: 'eve', email: 'eve@example.org' }, EN);
    assert.deepEqual([english.status, english.json.message], [201, 'User created']);
    for (const [change, code, es, en] of [
        [{ email: undefined }, 'fields_missing', 'Faltan campos por llenar', 'Some fields are missing'],
        [{ username: '' }, 'fields_missing', 'Faltan campos por llenar', 'Some fields are missing'],
        [{ password2: 'correct house' }, 'passwords_differ', 'Las contraseñas no coinciden', 'The passwords do not match'],
        [{ password1: 'short', password2: 'short' }, 'password_short', 'La contraseña debe tener al menos 8 caracteres', 'The password must have at least 8 characters'],
        [{ email: 'other@example.org' }, 'user_exists', 'El usuario ya existe', 'The user already exists'],
        [{ username: 'other', email: 'ANA@example.org' }, 'email_exists', 'El correo electrónico ya existe', 'The e-mail address already exists'],
    ]) {
        isError(await signup(change), 400, code, es);
        isError(await signup(change, EN), 400, code, en);
    }
    for (const change of [{ email: 'no-at-sign' }, { username: 'a\nb' }, { username: 'x'.repeat(400) }, { password1: 'x'.repeat(200), password2: 'x'.repeat(200) }])
        assert.equal((await signup({ username: 'new', email: 'new@example.org', ...change })).status, 400, JSON.stringify(change));
});

test('logging in: a token whose subject is the user; wrong password and unknown user look alike', async (t) => {
    const { anyone } = await start(t);
    await anyone.signup('ana');
    const login = (username, password, options) => anyone.post('/api/auth/login', { username, password }, options);
    const good = await login('ana', 'correct horse');
    assert.deepEqual([good.status, Object.keys(good.json)], [200, ['token']]);
    const [head, body] = good.json.token.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    assert.deepEqual([head.alg, body.sub, body.exp - body.iat], ['HS256', 'ana', 86400]);
    isError(await login('ana', 'wrong horse'), 401, 'login_wrong', 'Contraseña incorrecta');
    isError(await login('nobody', 'wrong horse'), 401, 'login_wrong', 'Contraseña incorrecta');
    isError(await login('nobody', 'wrong horse', EN), 401, 'login_wrong', 'Wrong password');
    isError(await login('ana', undefined), 400, 'fields_missing');
});

test('log-ins that keep failing have to wait, and are told how long', async (t) => {
    const { anyone } = await start(t, '--login-tries', '4');
    await anyone.signup('ana');
    const tries = [];
    for (let i = 0; i < 7; i++) tries.push(await anyone.post('/api/auth/login', { username: 'ana', password: 'wrong horse' }));
    isError(tries[0], 401, 'login_wrong');
    const told = (answer) => ['ratelimit-policy', 'ratelimit'].map((name) => answer.headers.get(name));
    assert.equal(told(tries[0])[0], '"login";q=4;w=60');
    assert.match(told(tries[0])[1], /^"login";r=3;t=1[45]$/);
    assert.match(told(tries.at(-1))[1], /^"login";r=0;t=\d\d$/);
    isError(tries.at(-1), 429, 'login_limited');
    assert.match(tries.at(-1).headers.get('retry-after'), /^[1-9]\d?$/);
});

test('without a good token: 401 with msg', async (t) => {
    const { anyone, ana } = await startWithUser(t);
    const none = await anyone.get('/api/tasks');
    assert.deepEqual([none.status, none.json.msg], [401, 'Missing Authorization Header']);
    const [head, body, sign] = ana.token.split('.');
    const flip = (s) => (s[5] === 'A' ? 'B' : 'A');
    const forged = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    for (const [name, token] of [['nonsense', 'nonsense'], ['three parts', 'a.b.c'], ['another signature', `${head}.${body}.${sign.slice(0, 5)}${flip(sign)}${sign.slice(6)}`],
        ['alg none', `${forged}.${body}.`], ['alg none with the old signature', `${forged}.${body}.${sign}`], ['long', 'x'.repeat(6000)]]) {
        for (const [method, path] of [['GET', '/api/tasks'], ['GET', '/api/tasks/1'], ['POST', '/api/tasks'], ['DELETE', '/api/tasks/1'], ['POST', '/api/tasks/1/retry']]) {
            const answer = await anyone.call(method, path, { token });
            assert.equal(answer.status, 401, `${name}: ${method} ${path}: ${answer.text}`);
            assert.equal(typeof answer.json.msg, 'string');
        }
    }
    const basic = await anyone.get('/api/tasks', { headers: { Authorization: 'Basic YTpi' } });
    assert.equal(basic.status, 401);
});

test('the list: order, max, after; anything but numbers is 400', async (t) => {
    const { ana } = await startWithUser(t, '--workers', '0');
    const file = await clip(0.2), ids = [];
    for (let i = 0; i < 5; i++) ids.push(await ana.give(file));
    const list = async (query) => {
        const { status, json, text } = await ana.get(`/api/tasks${query}`);
        assert.equal(status, 200, text);
        assert.ok(json.data.every((task) => task.status === 'uploaded'));
        return json.data.map((task) => task.id);
    };
    const down = [...ids].reverse();
    assert.deepEqual(await list(''), ids);
    assert.deepEqual(await list('/'), ids);
    assert.deepEqual(await list('?order=0'), ids);
    assert.deepEqual(await list('?order=1'), down);
    assert.deepEqual(await list('?max=2'), ids.slice(0, 2));
    assert.deepEqual(await list('?max=2&order=1'), down.slice(0, 2));
    assert.deepEqual(await list(`?max=2&after=${ids[1]}`), ids.slice(2, 4));
    assert.deepEqual(await list(`?max=2&order=1&after=${ids[3]}`), down.slice(2, 4));
    assert.deepEqual(await list('?max=0'), []);
    for (const query of ['?sort=', '?sort=name', '?after=1.x', '?sort=size&after=1', '?sort=size&after=1.x', '?sort=length&after=1.-5', '?sort=title&after=x.a', `?q=${'x'.repeat(257)}`, '?q=%ff', '?max=x', '?order=x', '?max=1e1', '?max=', '?max=-3', '?order=7', '?after=x', '?max=99999999999999999999', '?status=', '?status=deleted', '?status=done', '?view=', '?view=brief'])
        isError(await ana.get(`/api/tasks${query}`), 400, 'parameter_bad');
});

test('the list is searched and sorted, and says where it goes on', async (t) => {
    const { anyone, ana } = await startWithUser(t, '--workers', '0');
    const eve = await anyone.user('eve');
    const small = await clip(0.2), large = await clip(0.4);
    const names = [['Árbitro & co', 'a.mp4', large], ['', 'Zorro 100%.mp4', small], ['banda', 'ÁRBOL.mp4', small], ['Final "ñ" / 5', 'd.mp4', large], ['الهدف', 'e.mp4', small]];
    const ids = [];
    for (const [title, name, file] of names) ids.push(await ana.give(readFileSync(file), { name, fields: title ? { title } : {} }));
    await eve.give(small, { fields: { title: 'arbitro' } });
    // Every page by `next`, as places in `names`.
    const walk = async (query) => {
        const pages = [];
        for (let url = `/api/tasks?${query}`; url; ) {
            const { status, json, text } = await ana.get(url);
            assert.equal(status, 200, text);
            pages.push(json.data.map((task) => ids.indexOf(task.id)));
            url = json.next;
            assert.ok(url === null || url.startsWith('/api/tasks?'), url);
        }
        return pages;
    };
    const rows = {
        '': [[0, 1, 2, 3, 4]], 'order=1': [[4, 3, 2, 1, 0]], 'max=2': [[0, 1], [2, 3], [4]], 'max=5': [[0, 1, 2, 3, 4]], 'max=0': [[]], 'max=2&order=1&view=full': [[4, 3], [2, 1], [0]],
        'sort=title': [[0, 2, 3, 1, 4]], 'sort=title&max=1&view=full': [[0], [2], [3], [1], [4]], 'sort=title&order=1&max=2': [[4, 1], [3, 2], [0]],
        'sort=size&max=2': [[1, 2], [4, 0], [3]], 'sort=size&order=1&max=4&status=uploaded': [[3, 0, 4, 2], [1]], 'sort=length&max=3': [[0, 1, 2], [3, 4]], 'sort=created&max=3': [[0, 1, 2], [3, 4]],
        'q=arb': [[0, 2]], 'q=ARB%C3%8D': [[0]], 'q=%25&max=1': [[1]], 'q=/+5': [[3]], 'q=%D9%87%D8%AF%D9%81': [[4]], 'q=mp4&max=3&sort=title': [[0, 2, 3], [1, 4]], 'q=': [[0, 1, 2, 3, 4]], 'q=eve': [[]], 'q=mp4&status=failed': [[]],
    };
    for (const [query, pages] of Object.entries(rows)) assert.deepEqual(await walk(query), pages, query);
    // Whoever goes away between two pages takes nobody along.
    const { json } = await ana.get('/api/tasks?sort=title&max=2');
    await ana.delete(`/api/tasks/${ids[2]}`);
    assert.deepEqual((await ana.get(json.next)).json.data.map((task) => ids.indexOf(task.id)), [3, 1]);
});

test('a waiting task tells its place, one that failed whether a try can help', async (t) => {
    const { server, anyone, ana } = await startWithUser(t, '--workers', '0');
    const eve = await anyone.user('eve'), file = await clip(0.2);
    const first = await ana.give(file), second = await ana.give(file), other = await eve.give(file);
    // The picture of the line is of up to a second ago.
    const places = async (who, ids) => (await Promise.all(ids.map((id) => who.task(id)))).map((task) => task.queue?.place);
    await until('places are told', async () => `${await places(ana, [first, second])} ${await places(eve, [other])}` === '1,3 2');
    const full = (await ana.get('/api/tasks?view=full')).json.data;
    assert.deepEqual(full.map(({ queue, retryable }) => [queue, retryable]), [[{ place: 1, seconds: null }, false], [{ place: 3, seconds: null }, false]], 'nobody works here');
    await server.stop();
    await server.start(['--workers', '1']);
    const back = new Client(server, ana.token);
    for (const id of [first, second]) await back.processed(id);
    const broken = await back.give(readFileSync(file).subarray(0, 5000));
    const { error, queue, retryable } = await back.failed(broken);
    assert.deepEqual([error.code, queue, retryable], ['truncated', null, false]);
});

test('one task: the fields of the contract, before and after it is processed', async (t) => {
    const { server, ana } = await startWithUser(t);
    const answer = await ana.upload(await clip(1), { name: 'gol.mp4' });
    assert.deepEqual([answer.status, answer.json.message], [201, 'Video gol.mp4 uploaded']);
    assert.equal(typeof answer.json.task_id, 'number');
    const task = await ana.processed(answer.json.task_id);
    assert.match(task.timestamp, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/);
    assert.ok(Math.abs(Date.parse(task.timestamp) - Date.now()) < 120_000);
    assert.equal(task.task_id, answer.json.task_id);
    assert.equal(typeof task.file_path, 'string');
    assert.match(task.download, /\/api\/video\/download\/\d{4}\/\d\d\/\d\d\/[^/?]+/);
    assert.ok(new URL(task.download).origin === server.url, task.download);
    assert.ok(!JSON.stringify(task).includes(server.dir), 'nothing of the inside');
});

test('before it is processed a task says that there is nothing to download', async (t) => {
    const { ana } = await startWithUser(t, '--workers', '0');
    const id = await ana.give(await clip(0.2));
    assert.equal((await ana.task(id)).download, 'No disponible para descarga. El video no se ha procesado.');
    const english = await ana.get(`/api/tasks/${id}`, EN);
    assert.equal(english.json.download, 'Not available for download. The video has not been processed.');
    assert.equal(english.json.progress, 0);
});

test('a title is changed in any state; another fit or start makes the reel anew', async (t) => {
    const { server, anyone, ana } = await startWithUser(t);
    const eve = await anyone.user('eve');
    const id = await ana.give(await clip(2), { fields: { title: 'Uno' } });
    const old = await ana.processed(id);
    const stream = await listen(t, ana), other = await listen(t, eve);
    await stream.sees('hello');
    const change = (body, who = ana) => who.call('PATCH', `/api/tasks/${id}`, { body });
    const same = await change({});
    assert.deepEqual([same.status, same.json.status, same.json.title], [200, 'processed', 'Uno']);
    const titled = await change({ title: 'الهدف ⚽ "uno", dos/tres' });
    assert.deepEqual([titled.status, titled.json.title, titled.json.status], [200, 'الهدف ⚽ "uno", dos/tres', 'processed'], titled.text);
    assert.equal((await stream.sees('task.changed', id)).status, 'processed');
    assert.equal((await ana.get('/api/tasks?q=dos/tres')).json.data.length, 1);
    assert.equal((await change({ title: null })).json.title, '');
    for (const [body, code] of [[{ title: 'x'.repeat(201) }, 'parameter_bad'], [{ title: 'a\nb' }, 'parameter_bad'], [{ title: '\u009f' }, 'parameter_bad'], [{ title: 'a\u0000' }, 'json_bad'], [{ title: ['x'] }, 'field_type'],
        [{ fit: 'round' }, 'parameter_bad'], [{ fit: null }, 'field_type'], [{ start: -1 }, 'parameter_bad'], [{ start: 1e9 }, 'parameter_bad'], [{ start: '1' }, 'field_type'], [{ start: 2.5 }, 'parameter_bad'], ['nonsense', 'json_bad']])
        isError(await change(body), 400, code);
    isError(await change({ title: 'mine' }, eve), 404, 'task_not_found');
    const key = async (scopes) => new Client(server, (await ana.post('/api/keys', { name: 'k', scopes })).json.key);
    isError(await change({ title: 'x' }, await key(['read'])), 403, 'scope_missing');
    assert.equal((await change({ title: 'By key' }, await key(['upload']))).json.title, 'By key');

    const before = (await ana.get('/api/me')).json;
    assert.equal(before.limits.used_bytes, before.quota.bytes_used);
    const anew = await change({ fit: 'crop', start: 0.5, title: 'Dos' });
    assert.ok(['uploaded', 'processing'].includes(anew.json.status), 'a worker may have it already');
    assert.deepEqual([anew.status, anew.json.fit, anew.json.start, anew.json.title, anew.json.reel, anew.json.receipt], [200, 'crop', 0.5, 'Dos', null, null], anew.text);
    const made = await ana.processed(id);
    assert.ok(Math.abs(made.reel.duration - old.reel.duration + 0.5) < 0.1, `${old.reel.duration} s, then ${made.reel.duration} s`);
    assert.notEqual(new URL(made.download).pathname, new URL(old.download).pathname);
    assert.equal((await ana.get(made.download)).status, 200);
    await until('the old reel goes', async () => (await ana.get(old.download)).status === 404 && server.blobs().length === 3);
    const { limits, quota } = (await ana.get('/api/me')).json;
    assert.deepEqual([limits.used_bytes, quota.bytes_used], Array(2).fill(made.clip.bytes + made.reel.bytes + server.blobs().filter((name) => /posters/.test(name)).reduce((sum, name) => sum + statSync(join(server.dir, name)).size, 0)));
    await until('the others are told', () => stream.types(id).filter((type) => type === 'processed').length === 1);
    assert.deepEqual(stream.types(id).filter((type) => type !== 'changed'), ['uploaded', 'processing', 'processed']);
    assert.deepEqual(other.events.filter((ev) => ev.task_id), []);
    await server.stop();
    assert.equal((await server.doctor()).code, 0);
});

test("another user's task is a 404 with the very body of none", async (t) => {
    const { anyone, ana } = await startWithUser(t, '--workers', '0');
    const eve = await anyone.user('eve');
    const id = await ana.give(await clip(0.2));
    const bare = ({ json }) => ({ ...json, request_id: '' });
    for (const [method, path] of [['GET', ''], ['DELETE', ''], ['POST', '/retry']]) {
        const theirs = await eve.call(method, `/api/tasks/${id}${path}`), none = await eve.call(method, `/api/tasks/999999${path}`);
        isError(theirs, 404, 'task_not_found', 'Task not found');
        assert.deepEqual(bare(theirs), bare(none));
        assert.deepEqual([...theirs.headers.keys()].sort(), [...none.headers.keys()].sort());
    }
    assert.equal((await ana.task(id)).status, 'uploaded');
    assert.deepEqual((await eve.get('/api/tasks')).json, { data: [], next: null });
    for (const id of ['0', '-1', 'x', '1x', '99999999999999999999', '%2e%2e', '1%00'])
        assert.equal((await ana.get(`/api/tasks/${id}`)).status, 404, id);
});

test('delete: the answer of the contract, and gone', async (t) => {
    const { server, ana } = await startWithUser(t);
    const id = await ana.give(await clip(0.2), { name: 'gol.mp4' });
    const { download, poster } = await ana.processed(id);
    const { status, json } = await ana.delete(`/api/tasks/${id}/`);
    assert.equal(status, 200);
    assert.deepEqual([json.message, json.Task], ['Eliminado', id]);
    assert.match(json.file, /gol\.mp4/);
    isError(await ana.get(`/api/tasks/${id}`), 404, 'task_not_found');
    isError(await ana.delete(`/api/tasks/${id}`), 404, 'task_not_found');
    assert.equal((await ana.get(download)).status, 404);
    assert.equal((await ana.get(poster)).status, 404);
    await until('its bytes are gone', () => server.blobs().length === 0);
});

test('asks 8: delete stops the work within 1 s', async (t) => {
    const { server, ana } = await startWithUser(t, ...SLOW);
    const id = await ana.give(await slowClip());
    await ana.status(id, 'processing');
    const [attempt] = await until('a child works on it', () => server.attempts().length > 0 && server.attempts());
    const begun = Date.now();
    assert.equal((await ana.delete(`/api/tasks/${id}`)).status, 200);
    await until('the child has ended', () => !server.attempts().includes(attempt), 5000, 10);
    assert.ok(Date.now() - begun < 1000, `${Date.now() - begun} ms`);
    await until('its bytes are gone', () => server.blobs().length === 0);
    await ana.processed(await ana.give(await clip(0.2))); /* and the worker goes on */
});

test('asks 2: a failed task gets a fresh start, any other is a 409; lists by state, and with all there is', async (t) => {
    const { ana } = await startWithUser(t);
    const whole = readFileSync(await clip(3));
    const id = await ana.give(whole.subarray(0, whole.length / 2));
    await ana.failed(id);
    const answer = await ana.post(`/api/tasks/${id}/retry`);
    assert.ok(answer.status === 200 || answer.status === 202, answer.text);
    assert.equal((await ana.failed(id)).error.code, 'truncated');
    const good = await ana.give(await clip(0.2));
    await ana.processed(good);
    isError(await ana.post(`/api/tasks/${good}/retry`), 409, 'retry_state');

    const short = { id, status: 'failed', progress: 0, title: '', file_name: 'clip.mp4' };
    const list = async (query) => (await ana.get(`/api/tasks?${query}`)).json.data;
    assert.deepEqual((await list('status=failed')).map((task) => ({ ...task, progress: 0 })), [short]);
    assert.deepEqual((await list('status=processed')).map((task) => task.id), [good]);
    assert.deepEqual(await list('status=uploaded&view=full'), []);
    const whole_list = await list('view=full&order=1');
    assert.deepEqual(whole_list.map((task) => task.id), [good, id]);
    for (const task of whole_list) {
        const alone = await ana.task(task.id);
        const strip = ({ id: _, download, poster, ...rest }) => ({ ...rest, download: download.split('?')[0], poster: poster && poster.split('?')[0] });
        assert.deepEqual(strip(task), strip(alone));
    }
    assert.deepEqual((await list('view=full&order=1&max=1')).map((task) => task.id), [good]);
    assert.deepEqual((await list(`view=full&status=failed&after=${id}`)), []);
    assert.equal((await list('view=full&status=failed'))[0].error.code, 'truncated');
});

test('asks 13: an upload sent twice with one Idempotency-Key is one task', async (t) => {
    const { anyone, ana } = await startWithUser(t, '--workers', '0');
    const eve = await anyone.user('eve');
    const one = await clip(0.2), other = await clip(0.4), headers = { 'Idempotency-Key': 'key-1' };
    const id = await ana.give(one, { idempotencyKey: 'key-1' });
    const again = await ana.upload(one, { headers });
    assert.ok(again.status === 200 || again.status === 201, again.text);
    assert.equal(again.json.task_id, id);
    isError(await ana.upload(other, { headers }), 409, 'idempotency_mismatch');
    assert.notEqual(await eve.give(one, { idempotencyKey: 'key-1' }), id);
    assert.equal((await ana.get('/api/tasks')).json.data.length, 1);
});

test('an Idempotency-Key goes by what was asked for at the upload, whatever the task was changed to since', async (t) => {
    const { ana } = await startWithUser(t, '--workers', '0');
    const one = await clip(2), fields = { title: 'Uno', fit: 'blur', start: '0.5' }, headers = { 'Idempotency-Key': 'key-1' };
    const id = await ana.give(one, { idempotencyKey: 'key-1', fields });
    for (const change of [{ title: 'Dos' }, { fit: 'crop', start: 1 }, { title: 'Tres', fit: 'pad' }]) {
        await ana.api.changeTask(id, change);
        const again = await ana.upload(one, { headers, fields });
        assert.deepEqual([again.status, again.json.task_id], [201, id], again.text);
    }
    const task = await ana.task(id);
    assert.deepEqual([task.title, task.fit, task.start], ['Tres', 'pad', 1], 'the repeat changes nothing');
    isError(await ana.upload(one, { headers, fields: { title: 'Tres', fit: 'pad', start: '1' } }), 409, 'idempotency_mismatch');
    isError(await ana.upload(one, { headers, fields: { ...fields, title: 'Dos' } }), 409, 'idempotency_mismatch');
    // in pieces as well
    assert.equal(await ana.api.uploadInPieces(new Blob([readFileSync(one)]), { name: 'x.mp4', title: 'Uno', fit: 'blur', start: 0.5, idempotencyKey: 'key-1' }), id);
    assert.equal((await ana.tasks()).length, 1);
});

test('asks 14: the same file twice is two tasks with reels of their own', async (t) => {
    const { ana } = await startWithUser(t);
    const file = await clip(0.2);
    const [a, b] = [await ana.give(file), await ana.give(file)];
    const links = [(await ana.processed(a)).download, (await ana.processed(b)).download].map((link) => new URL(link).pathname);
    assert.notEqual(a, b);
    assert.notEqual(links[0], links[1]);
});

test('the fields fit, start and title are checked', async (t) => {
    const { ana } = await startWithUser(t, '--workers', '0');
    const file = await clip(0.2);
    for (const fields of [{ fit: 'magic' }, { start: 'soon' }, { start: '-1' }, { start: 'nan' }, { start: '1e999' }])
        isError(await ana.upload(file, { fields }), 400, 'parameter_bad');
    assert.equal((await ana.upload(file, { fields: { fit: 'blur', start: '0.1', title: 'Gol', more: 'ignored' } })).status, 201);
    assert.equal((await ana.get('/api/tasks')).json.data.length, 1);
});

test('names of files are text only: paths, 5000 characters, Arabic, none', async (t) => {
    const { server, ana } = await startWithUser(t, '--workers', '0');
    const file = readFileSync(await clip(0.2));
    const before = server.blobs().length;
    const names = ['../../../evil.mp4', '..\\..\\evil.mp4', '/etc/passwd', `${'x'.repeat(5000)}.mp4`, 'مقطع فيديو.mp4', 'noext', 'clip.txt', 'a"b;c.mp4', '....', 'ñandú 🎬.mp4'];
    for (const name of names) {
        const answer = await ana.upload(file, { name });
        assert.equal(answer.status, 201, `${name.slice(0, 40)}: ${answer.text}`);
        assert.ok(!answer.json.message.includes('/') && answer.json.message.length < 400, answer.json.message);
        const task = await ana.task(answer.json.task_id);
        assert.ok(!task.file_path.includes('..'), task.file_path);
    }
    assert.match((await ana.upload(file, { name: 'مقطع فيديو.mp4' })).json.message, /مقطع فيديو\.mp4/);
    const stored = server.blobs().slice(before);
    assert.equal(stored.length, names.length + 1);
    assert.ok(stored.every((name) => /^blobs\/[a-z0-9./-]+$/.test(name)), 'asks 14: names on disk are ours');
});

test('an upload without the part "file" is told so', async (t) => {
    const { server, ana } = await startWithUser(t, '--workers', '0');
    const form = new FormData();
    form.append('title', 'no file');
    isError(await ana.post('/api/tasks', form), 400, 'no_file_part', 'No file part');
    const other = new FormData();
    other.append('video', new Blob([readFileSync(await clip(0.2))]), 'clip.mp4');
    isError(await ana.post('/api/tasks', other), 400, 'no_file_part', 'No file part');
    for (const type of ['application/json', 'text/plain', 'multipart/form-data', 'multipart/form-data; boundary=x']) {
        const answer = await ana.post('/api/tasks', '{}', { headers: { 'Content-Type': type } });
        assert.ok([400, 415].includes(answer.status), `${type}: ${answer.status} ${answer.text}`);
        assert.equal(typeof answer.json.code, 'string');
    }
    assert.deepEqual(server.blobs(), []);
});

test('JSON that is broken, of the wrong type, too much or more than asked for', async (t) => {
    const { anyone } = await start(t);
    const send = (path, body) => anyone.post(path, body, { headers: { 'Content-Type': 'application/json' } });
    for (const path of ['/api/auth/signup', '/api/auth/login']) {
        for (const body of ['{', '{"username":', 'hello', '', '\xff\xfe', '{"username":"a"}}', '{"username":"\ud800"}'])
            assert.ok(['json_bad', 'fields_missing'].includes((await send(path, body)).json.code), `${path} ${body}`);
        isError(await send(path, '{"username":'), 400, 'json_bad');
        for (const body of ['[]', '"text"', '7', 'null', 'true'])
            assert.equal((await send(path, body)).status, 400, `${path} ${body}`);
        isError(await send(path, '{}'), 400, 'fields_missing');
        const all = (value) => JSON.stringify({ username: value, password: value, password1: value, password2: value, email: value });
        for (const value of [7, true, [], {}, ['x']]) isError(await send(path, all(value)), 400, 'field_type');
        assert.equal((await send(path, `{"username":"${'x'.repeat(1 << 20)}"}`)).status, 413);
        assert.equal((await send(path, '['.repeat(5000))).status, 400, 'nested deeply');
        assert.equal((await send(path, '{"username":"a\\u0000b","password":"correct horse","password1":"correct horse","password2":"correct horse","email":"n@example.org"}')).status >= 400, true, 'a NUL in a name');
    }
    const more = await anyone.post('/api/auth/signup', { username: 'ana', email: 'a@example.org', password1: 'correct horse', password2: 'correct horse', admin: true, x: [1] });
    assert.equal(more.status, 201, 'unknown fields are passed over');
});

test('a wrong method is a 405 that names the right ones', async (t) => {
    const { anyone, ana } = await startWithUser(t, '--workers', '0');
    for (const [method, path, allowed] of [
        ['GET', '/api/auth/signup', ['POST']], ['DELETE', '/api/auth/login', ['POST']], ['POST', '/ping', ['GET']], ['PUT', '/api/tasks', ['GET', 'POST']],
        ['POST', '/api/tasks/1', ['GET', 'PATCH', 'DELETE']], ['GET', '/api/tasks/1/retry', ['POST']], ['POST', '/api/health', ['GET']], ['DELETE', '/', ['GET']],
    ]) {
        const answer = await (path.startsWith('/api/tasks') ? ana : anyone).call(method, path);
        assert.deepEqual([answer.status, answer.json?.code], [405, 'method_not_allowed'], `${method} ${path}: ${answer.text}`);
        const allow = answer.headers.get('allow').split(/, */);
        for (const name of allowed) assert.ok(allow.includes(name), `${path}: Allow: ${allow}`);
        assert.ok(!allow.includes(method));
    }
});

test('an unknown path is a 404, and no path climbs', async (t) => {
    const { server, anyone } = await start(t);
    for (const path of ['/nothing', '/api', '/api/', '/api/nothing', '/api/tasksx', '/index.php', '/api/video/download/', '/api/video/download/2026/11/23/none.mp4', '/.git/config'])
        assert.ok([401, 404].includes((await anyone.get(path)).status), path);
    isError(await anyone.get('/nothing'), 404, 'not_found', 'No encontrado');
    isError(await anyone.get('/nothing', EN), 404, 'not_found', 'Not found');
    const port = new URL(server.url).port;
    for (const path of ['/../../etc/passwd', '/api/video/download/../../../../secret', '/api/video/download/%2e%2e/%2e%2e/secret', '/assets/../../secret', '/%00', '//etc/passwd']) {
        const reply = await raw(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        assert.match(reply, /^HTTP\/1\.1 40[0134]/, `${path}: ${reply.slice(0, 60)}`);
        assert.ok(!reply.includes('root:'));
    }
});

// Sends bytes and gives all that comes back.
function raw(port, text) {
    return new Promise((done) => {
        let reply = '';
        const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
        socket.setEncoding('latin1');
        socket.on('data', (part) => (reply += part));
        socket.on('error', () => done(reply));
        socket.on('close', () => done(reply));
    });
}

test('requests that are not HTTP, or too long, harm nobody', async (t) => {
    const { server, anyone } = await start(t);
    const port = new URL(server.url).port;
    const long = await raw(port, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(long, /^HTTP\/1\.1 414/);
    const heads = await raw(port, `GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: ${'a'.repeat(60_000)}\r\n\r\n`);
    assert.match(heads, /^HTTP\/1\.1 431/);
    const line = (size) => raw(port, `GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: ${'a'.repeat(size)}\r\n\r\n`);
    assert.match(await line(9000), /^HTTP\/1\.1 431[^]*header_too_long/);
    assert.match(await line(8000), /^HTTP\/1\.1 200/);
    await raw(port, 'hello there\r\n\r\n');
    await raw(port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n');
    assert.equal((await anyone.get('/ping')).status, 200);
});

test('a body over the limit is a 413 that does not read it all', async (t) => {
    const { server, ana } = await startWithUser(t, '--max-upload', '1M', '--workers', '0');
    const first = readFileSync(await clip(0.2)), { head, tail, type } = multipart();
    const length = 200 << 20;
    const { request, answer } = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': length });
    request.write(head);
    request.write(first);
    let open = true, taken = 0;
    answer.then(() => (open = false));
    const part = Buffer.alloc(256 << 10);
    for (let sent = 0; open && sent < length - (1 << 20); sent += part.length) {
        await new Promise((done) => {
            const timer = setTimeout(done, 2000);
            request.write(part, () => { taken += part.length; clearTimeout(timer); done(); });
        });
    }
    const { status, json, error } = await answer;
    request.destroy();
    assert.ok(status === 413, `status ${status}, ${error}, after ${taken} bytes`);
    assert.equal(json.code, 'file_too_large');
    assert.ok(taken < 32 << 20, `${taken} bytes were taken`);
    /* one byte too many, whole and with its length told; and without */
    const fits = Buffer.concat([first, Buffer.alloc((1 << 20) - first.length)]);
    assert.equal((await ana.upload(fits)).status, 201, 'the limit itself is fine');
    isError(await ana.upload(Buffer.concat([fits, Buffer.alloc(1)])), 413, 'file_too_large');
    const chunked = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Transfer-Encoding': 'chunked' });
    chunked.request.end(Buffer.concat([head, fits, Buffer.alloc(1), tail]));
    assert.equal((await chunked.answer).status, 413);
    assert.equal(server.blobs().length, 1);
});

test('a client that waits for 100-continue is refused before it sends the body', async (t) => {
    const { ana } = await startWithUser(t, '--max-upload', '1M', '--workers', '0');
    const { type } = multipart();
    const big = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': 1 << 30, Expect: '100-continue' });
    let continued = false;
    big.request.on('continue', () => (continued = true));
    big.request.flushHeaders();
    const { status } = await big.answer;
    big.request.destroy();
    assert.deepEqual([status, continued], [413, false]);
    const stranger = rawPost({ url: ana.url, token: 'nonsense' }, '/api/tasks', { 'Content-Type': type, 'Content-Length': 5000, Expect: '100-continue' });
    stranger.request.on('continue', () => (continued = true));
    stranger.request.flushHeaders();
    assert.deepEqual([(await stranger.answer).status, continued], [401, false]);
    stranger.request.destroy();
});

test('a client gone in mid-upload leaves no row and no byte', async (t) => {
    const { server, ana } = await startWithUser(t, '--workers', '0');
    const data = readFileSync(await clip(3)), { head, type } = multipart();
    for (const end of ['destroy', 'end']) {
        const { request, answer } = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': head.length + data.length + 50 });
        request.write(head);
        await new Promise((done) => request.write(data, done));
        await sleep(200);
        if (end === 'destroy') request.destroy();
        else request.socket.end();
        await Promise.race([answer, sleep(1000)]);
        request.destroy();
    }
    await until('nothing is left', () => server.blobs().length === 0);
    assert.deepEqual((await ana.get('/api/tasks')).json, { data: [], next: null });
    assert.equal((await ana.upload(data)).status, 201);
});

test('asks 11: without room on the disk an upload is a 507 that says why, and leaves nothing', async (t) => {
    const { server, ana } = await startWithUser(t, '--workers', '0', '--free-space-floor', '900T');
    isError(await ana.upload(await clip(0.2)), 507, 'disk_full', 'No hay espacio en disco para este video');
    isError(await ana.upload(await clip(0.2), { headers: EN.headers }), 507, 'disk_full', 'There is no disk space for this video');
    assert.deepEqual(server.blobs(), []);
    assert.deepEqual((await ana.get('/api/tasks')).json, { data: [], next: null });
});

test('asks 26: the quota counts clips and reels, and deleting gives it back', async (t) => {
    const file = await clip(1), size = readFileSync(file).length;
    const { ana } = await startWithUser(t, '--quota', String(Math.floor(size * 1.5)), '--workers', '0');
    const id = await ana.give(file);
    isError(await ana.upload(file), 403, 'quota_exceeded');
    await ana.delete(`/api/tasks/${id}`);
    assert.equal((await ana.upload(file)).status, 201);
});

test('asks 22: downloads want a good link or the token of the owner', async (t) => {
    const { anyone, ana } = await startWithUser(t);
    const eve = await anyone.user('eve');
    const { download, poster } = await ana.processed(await ana.give(await clip(0.2)));
    const link = new URL(download), bare = link.pathname;
    assert.equal((await anyone.get(download)).status, 200, 'a signed link needs no token');
    assert.equal((await ana.get(bare)).status, 200, 'the owner needs no signature');
    assert.ok([401, 403].includes((await anyone.get(bare)).status));
    assert.ok([401, 403, 404].includes((await eve.get(bare)).status));
    for (const [name, value] of link.searchParams) {
        const other = new URL(link), last = value.at(-1);
        other.searchParams.set(name, value.slice(0, -1) + (last === '1' ? '2' : '1'));
        assert.ok([401, 403].includes((await anyone.get(other.href)).status), `${name} changed`);
        other.searchParams.delete(name);
        assert.ok([401, 403].includes((await anyone.get(other.href)).status), `${name} taken away`);
    }
    const crossed = new URL(link);
    crossed.pathname = new URL(poster).pathname;
    assert.ok([401, 403, 404].includes((await anyone.get(crossed.href)).status), 'a link is for its own path');
});

test('a signed link runs out', async (t) => {
    const { anyone, ana } = await startWithUser(t, '--link-lifetime', '2s');
    const id = await ana.give(await clip(0.2));
    const { download } = await ana.processed(id);
    assert.equal((await anyone.get(download)).status, 200);
    const late = await until('the link has run out', async () => {
        const answer = await anyone.get(download);
        return answer.status !== 200 && answer;
    }, 70_000, 250);
    isError(late, 401, 'link_bad');
    assert.equal((await anyone.get((await ana.task(id)).download)).status, 200, 'a fresh one works');
});

test('downloads honour ranges and ETags and say what they are', async (t) => {
    const { anyone, ana } = await startWithUser(t);
    const { download } = await ana.processed(await ana.give(await clip(1), { name: 'gol de ñandú "1".mp4' }));
    const get = (headers, method = 'GET') => anyone.call(method, download, { headers });
    const whole = await get({});
    const size = whole.bytes.length, etag = whole.headers.get('etag');
    assert.deepEqual([whole.headers.get('content-type'), whole.headers.get('accept-ranges')], ['video/mp4', 'bytes']);
    assert.equal(whole.headers.get('x-content-type-options'), 'nosniff');
    const disposition = whole.headers.get('content-disposition');
    assert.match(disposition, /filename/);
    assert.ok(!/[\r\n]/.test(disposition) && disposition.includes("filename*=UTF-8''"), disposition);
    assert.match(etag, /^"[^"]+"$/);
    const head = await get({}, 'HEAD');
    assert.deepEqual([head.status, head.headers.get('content-length'), head.bytes.length], [200, String(size), 0]);
    for (const [range, from, to] of [['bytes=0-0', 0, 0], ['bytes=0-99', 0, 99], ['bytes=100-', 100, size - 1], ['bytes=-50', size - 50, size - 1], [`bytes=10-${size * 2}`, 10, size - 1]]) {
        const part = await get({ Range: range });
        assert.equal(part.status, 206, range);
        assert.equal(part.headers.get('content-range'), `bytes ${from}-${to}/${size}`);
        assert.ok(part.bytes.equals(whole.bytes.subarray(from, to + 1)), range);
    }
    const beyond = await get({ Range: `bytes=${size}-` });
    assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, `bytes */${size}`]);
    for (const range of ['bytes=x-y', 'bytes=9-3', 'apples=0-1', 'bytes=']) assert.ok([200, 416].includes((await get({ Range: range })).status), range);
    assert.equal((await get({ 'If-None-Match': etag })).status, 304);
    assert.equal((await get({ 'If-None-Match': `"other", ${etag}` })).status, 304);
    assert.equal((await get({ 'If-None-Match': '"other"' })).status, 200);
    assert.equal((await get({ Range: 'bytes=0-9', 'If-Range': etag })).status, 206);
    assert.equal((await get({ Range: 'bytes=0-9', 'If-Range': '"other"' })).status, 200);
});

test('an error carries the request_id of its line in the log', async (t) => {
    const { server, ana } = await startWithUser(t);
    const { json } = await ana.get('/api/tasks/424242');
    const lines = await until('the line is there', () => {
        const found = server.logLines(new RegExp(json.request_id));
        return found.length > 0 && found;
    });
    assert.match(lines[0], /404/);
    const again = await ana.get('/api/tasks/424242');
    assert.notEqual(again.json.request_id, json.request_id);
});

test('no secret and no password reaches the log or an answer', async (t) => {
    const { server, anyone } = await start(t, '--log-level', 'debug');
    const ana = await anyone.user('ana');
    await anyone.post('/api/auth/login', { username: 'ana', password: 'wr0ng-pa55word' });
    const { download } = await ana.processed(await ana.give(await clip(0.2)));
    await anyone.get(download);
    await server.stop();
    const log = server.log();
    for (const secret of ['correct horse', 'wr0ng-pa55word', ana.token, new URL(download).search.slice(1)])
        assert.ok(!log.includes(secret), secret.slice(0, 20));
});

test('the page and its parts are served under a strict content policy', async (t) => {
    const { anyone } = await start(t);
    const page = (await anyone.get('/')).text;
    const [script, look] = [/"(\/assets\/app-\w+\.js)"/, /"(\/assets\/look-\w+\.css)"/].map((p) => p.exec(page)[1]);
    for (const [path, type] of [['/', 'text/html'], [script, 'text/javascript'], [look, 'text/css'], ['/favicon.svg', 'image/svg+xml']]) {
        const file = readFileSync(new URL(`../web/dist/${path === '/' ? 'index.html' : path.split('/').pop()}`, import.meta.url), 'utf8');
        const tags = new Set();
        for (const coding of ['identity', 'gzip', 'br']) {
            const { status, headers, text } = await anyone.get(path, { headers: { 'Accept-Encoding': coding } });
            assert.equal(status, 200, path);
            assert.ok(headers.get('content-type').startsWith(type), headers.get('content-type'));
            assert.equal(headers.get('content-encoding'), coding === 'identity' ? null : coding);
            assert.equal(headers.get('cache-control'), path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
            assert.equal(headers.get('vary'), 'Accept-Encoding');
            assert.equal(headers.get('x-content-type-options'), 'nosniff');
            assert.ok(text === file, `${path} as ${coding} is the file`);
            tags.add(headers.get('etag'));
        }
        assert.equal(tags.size, 3, 'each way to send it has its own tag');
    }
    assert.equal((await anyone.get('/assets/app-gone.js')).status, 404);
    const policy = (await anyone.get('/')).headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'|default-src 'self'/);
    assert.ok(!policy.includes('unsafe') && !policy.includes('*'), policy);
});

test('many at once: 40 uploads by four users are 40 tasks, each with its own owner', async (t) => {
    const { anyone } = await start(t, '--workers', '0');
    const file = readFileSync(await clip(0.2));
    const users = await Promise.all(['a', 'b', 'c', 'd'].map((name) => anyone.user(`user-${name}`)));
    const ids = await Promise.all(users.flatMap((user) => Array.from({ length: 10 }, () => user.give(file))));
    assert.equal(new Set(ids).size, 40);
    for (const [i, user] of users.entries())
        assert.deepEqual((await user.get('/api/tasks')).json.data.map((task) => task.id), ids.slice(i * 10, i * 10 + 10).sort((a, b) => a - b));
});

// -- clients that are slow, many, or odd --------------------------------------------------------

// Sends `text` in pieces of one byte, and gives all that came back and how long it took.
function trickle(port, text, pause_ms) {
    return new Promise((done) => {
        const begun = Date.now();
        let reply = '', at = 0;
        const socket = net.connect(port, '127.0.0.1');
        const timer = setInterval(() => (at < text.length ? socket.write(text[at++]) : clearInterval(timer)), pause_ms);
        socket.setEncoding('latin1');
        socket.setNoDelay(true);
        socket.on('data', (part) => (reply += part));
        socket.on('error', () => {});
        socket.on('close', () => {
            clearInterval(timer);
            done({ reply, ms: Date.now() - begun, sent: at });
        });
    });
}

test('a head that comes a byte at a time is cut off at the deadline, and one in time is not', async (t) => {
    const { server, anyone } = await start(t, '--header-timeout', '1s', '--idle-timeout', '60s');
    const port = new URL(server.url).port;
    const slow = `GET /ping HTTP/1.1\r\nHost: x\r\nX-Slow: ${'a'.repeat(500)}\r\n\r\n`;
    const line = `GET /${'a'.repeat(500)} HTTP/1.1\r\n`;
    const cut = await Promise.all([trickle(port, slow, 50), trickle(port, line, 50), trickle(port, '', 50)]);
    for (const { reply, ms } of cut) {
        assert.equal(reply, '');
        assert.ok(ms > 800 && ms < 5000, `${ms} ms`);
    }
    const good = await trickle(port, 'GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 5);
    assert.match(good.reply, /^HTTP\/1\.1 200/);
    assert.equal((await anyone.get('/ping')).status, 200);
});

test('a kept connection may rest between requests, but its next head has a deadline too', async (t) => {
    const { server } = await start(t, '--header-timeout', '1s', '--idle-timeout', '60s');
    const socket = net.connect(new URL(server.url).port, '127.0.0.1');
    t.after(() => socket.destroy());
    let reply = '', closed = false;
    socket.setEncoding('latin1');
    socket.on('data', (part) => (reply += part));
    socket.on('close', () => (closed = true));
    const answers = () => reply.split('HTTP/1.1 200').length - 1;
    const ask = 'GET /ping HTTP/1.1\r\nHost: x\r\n\r\n';
    socket.write(ask);
    await until('the first answer', () => answers() === 1);
    await sleep(2500);
    assert.equal(closed, false, 'the deadline is not for resting');
    socket.write(ask);
    await until('the second answer', () => answers() === 2);
    socket.write('GET /ping HTTP/1.1\r\nHost: x\r\n');
    const begun = Date.now();
    await until('the third is cut off', () => closed, 10_000);
    assert.ok(Date.now() - begun < 5000 && answers() === 2);
});

test('a body that trickles is a 408 and leaves nothing; one at the least rate goes through', async (t) => {
    const { server, ana } = await startWithUser(t, '--workers', '0', '--min-body-rate', '2k', '--body-window', '500ms');
    const data = readFileSync(await clip(0.2)), { head, tail, type } = multipart();
    const length = head.length + data.length + tail.length;
    const { request, answer } = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': length });
    request.write(Buffer.concat([head, data.subarray(0, 200)]));
    const timer = setInterval(() => request.write('x'), 50);
    const begun = Date.now(), { status, json, headers, error } = await answer;
    clearInterval(timer);
    request.destroy();
    assert.equal(status, 408, String(error));
    assert.ok(Date.now() - begun < 10_000);
    assert.deepEqual([json.code, headers.connection, headers['x-content-type-options']], ['body_slow', 'close', 'nosniff']);
    await until('its line in the log', () => server.logLines(new RegExp(`408.*${json.request_id}`)).length === 1);
    const login = http.request(new URL('/api/auth/login', server.url), { method: 'POST', headers: { 'Content-Length': 5000 } });
    const refused = new Promise((done) => login.on('response', done).on('error', () => done({})));
    const other = setInterval(() => login.write(' '), 50);
    assert.equal((await refused).statusCode, 408);
    clearInterval(other);
    login.destroy();
    const steady = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': length });
    const whole = Buffer.concat([head, data, tail]), step = Math.ceil(whole.length / 16);
    for (let at = 0; at < whole.length; at += step) {
        steady.request.write(whole.subarray(at, at + step));
        await sleep(100);
    }
    steady.request.end();
    assert.equal((await steady.answer).status, 201);
    await until('only the good one is left', () => server.blobs().length === 1);
});

test('one address may hold only so many connections, and gets its places back', async (t) => {
    const { server, anyone } = await start(t, '--connections-per-address', '5');
    const port = new URL(server.url).port, open = new Set();
    const sockets = Array.from({ length: 12 }, () => {
        const socket = net.connect(port, '127.0.0.1');
        socket.on('connect', () => open.add(socket)).on('error', () => {}).on('close', () => open.delete(socket));
        socket.resume();
        return socket;
    });
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    await until('the others are turned away', () => open.size === 5);
    for (const socket of sockets) socket.destroy();
    await until('there is a place again', async () => (await anyone.get('/ping').catch(() => ({}))).status === 200);
    const many = await start(t);
    const all = await Promise.all(Array.from({ length: 150 }, () => raw(new URL(many.server.url).port, 'GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')));
    assert.ok(all.every((reply) => reply.startsWith('HTTP/1.1 200')), 'on loopback there is no such limit unless asked for');
});

test('asks 11: the declared length is weighed before a byte of the body is read', async (t) => {
    const { bavail, bsize } = statfsSync(tmpdir()), floor = Math.max(0, bavail * bsize - 2 ** 32);
    const { server, ana } = await startWithUser(t, '--workers', '0', '--max-upload', '16G', '--free-space-floor', String(floor));
    const { type } = multipart(), length = 12 * 2 ** 30;
    const big = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': length, Expect: '100-continue' });
    let continued = false;
    big.request.on('continue', () => (continued = true));
    big.request.flushHeaders();
    const full = await big.answer;
    big.request.destroy();
    assert.deepEqual([full.status, full.json?.code, continued], [507, 'disk_full', false], String(full.error));
    const eager = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': length });
    eager.request.write(multipart().head);
    const told = await eager.answer;
    eager.request.destroy();
    assert.equal(told.status, 507, String(told.error));
    assert.deepEqual(server.blobs(), []);
    assert.equal((await ana.upload(await clip(0.2))).status, 201, 'what was set aside is given back');
});

test('a body whose length is told twice or oddly is refused', async (t) => {
    const { server } = await start(t);
    const port = new URL(server.url).port;
    for (const lines of ['Content-Length: 2\r\nContent-Length: 3', 'Content-Length: 2\r\nContent-Length: 2', 'Content-Length: 2\r\nTransfer-Encoding: chunked',
        'Transfer-Encoding: chunked\r\nContent-Length: 2', 'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: identity', 'Content-Length: +2', 'Content-Length: 2,2']) {
        const reply = await raw(port, `POST /api/auth/login HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n{}GET /ping HTTP/1.1\r\nHost: x\r\n\r\n`);
        assert.match(reply, /^(HTTP\/1\.1 400|$)/, `${lines}: ${reply.slice(0, 40)}`);
        assert.ok(!reply.includes('200 OK'), `${lines}: what follows is no request`);
    }
});

test('an early refusal of a request with a body is seen, also on a path that is not there', async (t) => {
    const { ana } = await startWithUser(t, '--workers', '0');
    for (const [method, path, status] of [['POST', '/nothing', 404], ['PUT', '/api/tasks', 405], ['POST', '/api/tasks%2f1', 404]]) {
        const answer = await ana.call(method, path, { body: Buffer.alloc(3 << 20) });
        assert.equal(answer.status, status, answer.text);
    }
});

test('behind a proxy that is trusted, log-in limits count by the client, and only then', async (t) => {
    const wrong = (client, address) => client.post('/api/auth/login', { username: 'ana', password: 'wrong horse' }, { headers: { 'X-Forwarded-For': address } });
    const behind = await start(t, '--login-tries', '2', '--trusted-proxies', '127.0.0.1');
    for (let i = 0; i < 5; i++) await wrong(behind.anyone, '203.0.113.7');
    assert.equal((await wrong(behind.anyone, '203.0.113.7')).status, 429);
    assert.equal((await wrong(behind.anyone, '198.51.100.9, 203.0.113.7')).status, 429, 'the last address counts');
    assert.equal((await wrong(behind.anyone, '203.0.113.8')).status, 401);
    const body = '{"username":"ana","password":"wrong horse"}';
    const lines = await raw(new URL(behind.server.url).port, `POST /api/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 198.51.100.9\r\nX-Forwarded-For: 203.0.113.7\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    assert.match(lines, /^HTTP\/1\.1 429/, 'and the last line');
    const bare = await start(t, '--login-tries', '2');
    for (let i = 0; i < 5; i++) await wrong(bare.anyone, `203.0.113.${i}`);
    assert.equal((await wrong(bare.anyone, '203.0.113.99')).status, 429, 'anybody can write a header');
});
