// Whoever sends something wrong is told which parameter it is and what is allowed: every route and every
// parameter that can be wrong, each once, whatever the code of the answer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Client, multipart, rawPost } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { api, at } from './lib/contract.mjs';
import { Server, folder, run } from './lib/reelgate.mjs';
import { OCTETS, Upload, ask, metadata } from './lib/tus.mjs';

let server, tiny, anyone, ana, boss, task, hook, upload, other;

const closing = [];
before(async () => {
    tiny = readFileSync(await clip(2));
    server = new Server(folder({ after: (f) => closing.push(f) }), []);
    closing.unshift(() => server.stop('SIGKILL'));
    await server.start();
    anyone = new Client(server);
    [boss, ana] = await Promise.all(['boss', 'ana'].map((name) => anyone.user(name)));
    await server.stop();
    assert.equal((await run(['user', 'admin', '--data', server.dir, 'boss'])).code, 0);
    await server.start();
    task = await ana.give(tiny);
    await ana.made(task);
    hook = (await ana.post('/api/hooks', { url: 'https://example.org/hook' })).json.id;
    upload = await Upload.create(ana, 100);
    other = (await ana.get('/api/me')).json.id;
});
after(async () => {
    for (const close of closing) await close();
});

const LONG = 'x'.repeat(300);
const FITS = 'pad, blur, crop, stretch', START = '0 to 86400 (seconds)', FROM_0 = 'a whole number from 0';
const STATES = 'uploaded, processing, processed, failed', SCOPES = 'one or more of read, upload, delete, admin';
const TITLE = 'up to 200 characters, no control characters', PART = 'up to 256 bytes of UTF-8, no control characters';
const sign = (o) => anyone.post('/api/auth/signup', { username: 'eva', email: 'eva@example.org', password1: 'correct horse', password2: 'correct horse', ...o });
const create = (headers, meta) => ask(ana, 'POST', '/api/uploads', { headers: { 'Upload-Length': 5, 'Upload-Metadata': metadata({ filename: 'a.mp4', ...meta }), ...headers } });
const piece = (headers) => ask(ana, 'PATCH', upload.path, { headers: { 'Content-Type': OCTETS, 'Upload-Offset': 0, ...headers }, body: tiny.subarray(0, 2) });
const change = (o) => ana.call('PATCH', `/api/tasks/${task}`, { body: o });
const changeHook = (o) => ana.call('PATCH', `/api/hooks/${hook}`, { body: o });
const key = (o) => ana.post('/api/keys', { name: 'x', scopes: ['read'], ...o });
const user = (o) => boss.call('PATCH', `/api/admin/users/${other}`, { body: o });
const profile = (o) => boss.call('PUT', '/api/admin/profile', { body: o });
const preview = (o) => boss.post('/api/admin/profile/preview', o);
async function twice() {
    const { head, tail, type } = multipart(), body = Buffer.concat([head, tiny, Buffer.from('\r\n'), head, tiny, tail]);
    const { request, answer } = rawPost(ana, '/api/tasks', { 'Content-Type': type, 'Content-Length': body.length });
    request.end(body);
    return answer;
}

// what is sent, the code of the answer, the parameter, and what is allowed (as it stands, or as a pattern)
const WRONG = [
    // lists
    ...[['', () => ana], ['/admin', () => boss]].flatMap(([where, who]) => {
        const list = (query) => () => who().get(`/api${where}/tasks?${query}`);
        return [
            [list('max=x'), 'parameter_bad', 'max', FROM_0], [list('max=-1'), 'parameter_bad', 'max', FROM_0], [list('max='), 'parameter_bad', 'max', FROM_0],
            [list('order=2'), 'parameter_bad', 'order', 'a whole number from 0 to 1'],
            [list('status=gone'), 'parameter_bad', 'status', STATES], [list('status=deleted'), 'parameter_bad', 'status', STATES],
            [list('after=x'), 'parameter_bad', 'after', /id of a task.*next/],
        ];
    }),
    [() => ana.get('/api/tasks?sort=colour'), 'parameter_bad', 'sort', 'created, title, size, length'],
    [() => ana.get('/api/tasks?sort=size&after=7'), 'parameter_bad', 'after', /next.*same sort/],
    [() => ana.get(`/api/tasks?q=${LONG}`), 'parameter_bad', 'q', PART],
    [() => ana.get('/api/tasks?view=half'), 'parameter_bad', 'view', 'full'],
    // uploads as a form
    [() => ana.upload(tiny, { fields: { fit: 'round' } }), 'parameter_bad', 'fit', FITS],
    [() => ana.upload(tiny, { fields: { start: 'soon' } }), 'parameter_bad', 'start', START],
    [() => ana.upload(tiny, { fields: { start: '86401' } }), 'parameter_bad', 'start', START],
    [() => ana.upload(tiny, { fields: { title: LONG } }), 'parameter_bad', 'title', TITLE],
    [() => ana.upload(tiny, { fields: { title: 'a\u0000' } }), 'parameter_bad', 'title', /without a NUL/],
    [() => ana.upload(tiny, { fields: { fit: 'x'.repeat(2000) } }), 'parameter_bad', 'fit', /1024 bytes/],
    [() => ana.upload(tiny, { headers: { 'Idempotency-Key': 'a b' } }), 'parameter_bad', 'Idempotency-Key', '1 to 128 visible characters of ASCII'],
    [() => ana.upload(tiny, { name: 'a\u007fb.mp4' }), 'filename_bad', 'filename', 'UTF-8, no control characters'],
    [twice, 'parameter_bad', 'file', 'one file'],
    // uploads in pieces
    [() => create({ 'Upload-Length': 'x' }), 'parameter_bad', 'Upload-Length', FROM_0],
    [() => create({ 'Upload-Length': null }), 'parameter_bad', 'Upload-Length', FROM_0],
    [() => create({ 'Upload-Metadata': 'title %%' }), 'parameter_bad', 'title', /^base64 .*1024 bytes/],
    [() => create({ 'Upload-Metadata': `more ${'x'.repeat(5000)}` }), 'parameter_bad', 'Upload-Metadata', 'up to 4096 bytes'],
    [() => create({}, { fit: 'round' }), 'parameter_bad', 'fit', FITS],
    [() => create({}, { start: '-1' }), 'parameter_bad', 'start', START],
    [() => create({}, { title: LONG }), 'parameter_bad', 'title', TITLE],
    [() => create({}, { filename: 'a\nb' }), 'filename_bad', 'filename', 'UTF-8, no control characters'],
    [() => create({ 'Idempotency-Key': LONG }), 'parameter_bad', 'Idempotency-Key', /^1 to 128/],
    [() => piece({ 'Upload-Offset': 'x' }), 'parameter_bad', 'Upload-Offset', FROM_0],
    [() => piece({ 'Upload-Checksum': 'md5 YQ==' }), 'parameter_bad', 'Upload-Checksum', /^sha1 or sha256/],
    [() => piece({ 'Upload-Checksum': 'sha1 YQ==' }), 'parameter_bad', 'Upload-Checksum', /^sha1 or sha256/],
    // a task
    [() => change({ title: LONG }), 'parameter_bad', 'title', TITLE],
    [() => change({ fit: 'round' }), 'parameter_bad', 'fit', FITS],
    [() => change({ start: -1 }), 'parameter_bad', 'start', START],
    [() => change({ start: 1e9 }), 'parameter_bad', 'start', START],
    [() => change({ start: 100 }), 'parameter_bad', 'start', '0 to under 2 (seconds), where the clip ends'],
    [() => change({ title: 7 }), 'field_type', 'title', 'a text, or null'],
    [() => change({ fit: null }), 'field_type', 'fit', 'a text'],
    [() => change({ start: '1' }), 'field_type', 'start', 'a number of seconds'],
    // events
    [() => ana.get('/api/tasks/events', { headers: { 'Last-Event-ID': 'x' } }), 'parameter_bad', 'Last-Event-ID', /whole number from 0/],
    [() => ana.get('/api/tasks/events?last_event_id=x'), 'parameter_bad', 'last_event_id', /whole number from 0/],
    [() => ana.get(`/api/tasks/${task}/events`, { headers: { 'Last-Event-ID': '-1' } }), 'parameter_bad', 'Last-Event-ID', /whole number from 0/],
    [() => ana.get(`/api/tasks/${task}/events?last_event_id=x`), 'parameter_bad', 'last_event_id', /whole number from 0/],
    // people and keys
    ...['username', 'email', 'password1', 'password2'].flatMap((name) => [
        [() => sign({ [name]: 7 }), 'field_type', name, 'a text'],
        [() => sign({ [name]: null }), 'fields_missing', name, 'a text that is not empty'],
    ]),
    [() => sign({ username: 'x'.repeat(65) }), 'username_bad', 'username', /^1 to 64 characters/],
    [() => sign({ email: 'eva' }), 'email_bad', 'email', /one @/],
    [() => sign({ password1: 'short', password2: 'short' }), 'password_short', 'password1', 'from 8 characters to 128 bytes'],
    [() => sign({ password1: LONG, password2: LONG }), 'password_long', 'password1', 'from 8 characters to 128 bytes'],
    [() => sign({ password2: 'another horse' }), 'passwords_differ', 'password2', 'the same text as password1'],
    [() => anyone.post('/api/auth/login', { username: 'ana' }), 'fields_missing', 'password', 'a text that is not empty'],
    [() => anyone.post('/api/auth/login', { password: 'x' }), 'fields_missing', 'username', 'a text that is not empty'],
    [() => anyone.post('/api/auth/login', { username: 'ana', password: [] }), 'field_type', 'password', 'a text'],
    [() => key({ scopes: [] }), 'parameter_bad', 'scopes', SCOPES],
    [() => key({ scopes: ['write'] }), 'parameter_bad', 'scopes', SCOPES],
    [() => key({ scopes: [1] }), 'field_type', 'scopes', 'a list of texts'],
    [() => key({ scopes: 'read' }), 'field_type', 'scopes', 'a list of texts'],
    [() => key({ expires_in: 0 }), 'parameter_bad', 'expires_in', '1 to 316224000 (seconds), or null'],
    [() => key({ expires_in: 'x' }), 'field_type', 'expires_in', 'a whole number, or null'],
    [() => key({ name: '' }), 'key_name_bad', 'name', /^1 to 100 characters/],
    [() => key({ name: 7 }), 'field_type', 'name', 'a text'],
    [() => ana.post('/api/keys', { name: 'x' }), 'fields_missing', 'scopes', 'a list of texts'],
    [() => ana.post('/api/keys', { scopes: ['read'] }), 'fields_missing', 'name', 'a text'],
    // hooks
    ...[(o) => ana.post('/api/hooks', { url: 'https://example.org/', ...o }), changeHook].flatMap((send) => [
        [() => send({ description: LONG }), 'parameter_bad', 'description', 'up to 200 bytes of UTF-8, no control characters'],
        [() => send({ description: 7 }), 'field_type', 'description', 'a text'],
        [() => send({ url: 7 }), 'field_type', 'url', 'a text'],
        [() => send({ url: 'ftp://example.org' }), 'hook_url_bad', 'url', /^an http or https address/],
        [() => send({ enabled: 1 }), 'field_type', 'enabled', 'true, false'],
        [() => send({ events: 'all' }), 'field_type', 'events', /^a list of texts/],
        [() => send({ events: [] }), 'hook_event_bad', 'events', /^one or more of task\.uploaded, /],
        [() => send({ events: ['x'] }), 'hook_event_bad', 'events', /task\.failed/],
    ]),
    [() => ana.post('/api/hooks', {}), 'fields_missing', 'url', 'an http or https address'],
    [() => ana.get(`/api/hooks/${hook}/deliveries?max=x`), 'parameter_bad', 'max', FROM_0],
    [() => ana.get(`/api/hooks/${hook}/deliveries?after=x`), 'parameter_bad', 'after', FROM_0],
    // admins
    [() => boss.get('/api/admin/users?max=x'), 'parameter_bad', 'max', FROM_0],
    [() => boss.get('/api/admin/users?after=-1'), 'parameter_bad', 'after', FROM_0],
    [() => boss.get(`/api/admin/users?q=${LONG}`), 'parameter_bad', 'q', PART],
    [() => user({ role: 'king' }), 'parameter_bad', 'role', 'user, admin'],
    [() => user({ role: 1 }), 'field_type', 'role', 'a text'],
    ...['tasks_limit', 'bytes_limit'].flatMap((name) => [
        [() => user({ [name]: -1 }), 'parameter_bad', name, 'a whole number from 0, or null'],
        [() => user({ [name]: 'x' }), 'field_type', name, 'a whole number, or null'],
    ]),
    [() => boss.post('/api/admin/tasks/retry', { ids: Array(1001).fill(1) }), 'parameter_bad', 'ids', 'up to 1000 ids'],
    [() => boss.post('/api/admin/tasks/retry', { ids: 'all' }), 'field_type', 'ids', 'a list of whole numbers'],
    [() => boss.post('/api/admin/tasks/retry', { ids: ['1'] }), 'field_type', 'ids', 'a list of whole numbers'],
    [() => boss.post('/api/admin/tasks/retry', {}), 'fields_missing', 'ids', /status/],
    [() => boss.post('/api/admin/tasks/retry', { status: 'processed' }), 'parameter_bad', 'status', 'failed'],
    [() => boss.post('/api/admin/tasks/retry', { status: 'failed', after: -1 }), 'parameter_bad', 'after', 'a whole number from 0, or null'],
    [() => boss.post('/api/admin/tasks/retry', { status: 'failed', after: 'x' }), 'field_type', 'after', 'a whole number, or null'],
    [() => boss.get('/api/admin/profile?version=x'), 'parameter_bad', 'version', FROM_0],
    ...[profile, preview].flatMap((send) => [
        [() => send({ crf: 99 }), 'profile_bad', 'crf', 'a whole number from 0 to 51'],
        [() => send({ crf: 1e12 }), 'profile_bad', 'crf', 'a whole number from 0 to 51'],
        [() => send({ crf: 'x' }), 'field_type', 'crf', 'a whole number from 0 to 51'],
        [() => send({ max_fps: 0 }), 'profile_bad', 'max_fps', /^a whole number from 1 to \d+$/],
        [() => send({ longest_s: 1e9 }), 'profile_bad', 'longest_s', /^[\d.]+ to [\d.]+ \(seconds\)$/],
        [() => send({ bumper_s: 3, longest_s: 5 }), 'profile_bad', 'longest_s', 'more than twice bumper_s: over 6 (seconds)'],
        [() => send({ fit: 'round' }), 'profile_bad', 'fit', FITS],
        [() => send({ preset: 'lazy' }), 'profile_bad', 'preset', /^ultrafast, .*, veryslow$/],
        [() => send({ logo: 7 }), 'field_type', 'logo', /^the id of a logo/],
        [() => send({ logo: 'none' }), 'logo_not_found', 'logo', /^the id of a logo/],
        [() => send({ logo: LONG }), 'logo_not_found', 'logo', /^the id of a logo/],
    ]),
    [() => boss.call('POST', '/api/admin/logos', { body: 'x', headers: { 'Content-Type': 'text/plain' } }), 'logo_type', 'Content-Type', 'image/png, image/jpeg'],
];

test('every parameter that is wrong is named, with what it may be', async () => {
    const seen = new Set();
    for (const [send, code, parameter, allowed] of WRONG) {
        const answer = await send(), about = `${send}: ${answer.text ?? JSON.stringify(answer.json ?? String(answer.error))}`;
        assert.equal(answer.json?.code, code, about);
        assert.equal(answer.json.parameter, parameter, about);
        if (allowed instanceof RegExp) assert.match(answer.json.allowed, allowed, about);
        else assert.equal(answer.json.allowed, allowed, about);
        seen.add(code);
    }
    for (const code of api.components.schemas.Error.if.properties.code.enum) assert.ok(seen.has(code), `${code} must name a parameter and is not provoked here`);
});

test('every query parameter and every field of a body that the description limits is in the table', () => {
    const told = new Set(WRONG.map(([, , parameter]) => parameter)), missing = [];
    // parts of a signed link, which as a whole is good or not
    const link = ['exp', 'sig', 'download'];
    // a text without a bound
    const free = (s) => s.type === 'string' && !s.enum && !s.maxLength && !s.minLength && !s.pattern && !s.format;
    for (const [path, item] of Object.entries(api.paths))
        for (const [method, operation] of Object.entries(item)) {
            const place = ['paths', path, method];
            (operation.parameters ?? []).forEach((_, i) => {
                const { value } = at([...place, 'parameters', i]);
                if (value.in === 'query' && !link.includes(value.name) && !told.has(value.name)) missing.push(`${method} ${path} ?${value.name}`);
            });
            const body = at([...place, 'requestBody']).value?.content ?? {};
            for (const type of ['application/json', 'multipart/form-data']) {
                if (!body[type]) continue;
                const fields = at([...place, 'requestBody', 'content', type, 'schema']).value.properties ?? {};
                for (const [name, schema] of Object.entries(fields)) if (!told.has(name) && !free(schema)) missing.push(`${method} ${path} ${name}`);
            }
        }
    assert.deepEqual(missing, []);
});

test('the sentence names it too, in both languages', async () => {
    const say = async (language) => (await ana.get('/api/tasks?order=7', { headers: { 'Accept-Language': language } })).json;
    assert.equal((await say('es')).message, 'El parámetro order no es válido');
    const english = await say('en');
    assert.equal(english.message, 'The parameter order is not valid');
    assert.equal(english.allowed, 'a whole number from 0 to 1');
});

test('what is not one field\'s fault names none', async () => {
    const answer = await ana.post('/api/keys', '[', { headers: { 'Content-Type': 'application/json' } });
    assert.equal(answer.json.code, 'json_bad');
    assert.deepEqual(Object.keys(answer.json).sort(), ['code', 'message', 'request_id']);
});
