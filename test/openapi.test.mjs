// api/openapi.yaml against the running program, in both directions: routes, methods and who may use them;
// parameters; and a walk that provokes every answer that is described. What an answer must look like is
// checked by the clients themselves, here and in every other test (lib/contract.mjs).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createConfig, lint } from '@redocly/openapi-core';
import { chromium } from 'playwright-core';
import { Client } from './lib/client.mjs';
import { bytes, clip, ffmpeg } from './lib/clips.mjs';
import { METHODS, api, at, checkDelivery, parameters, seen, seenHeaders, sent } from './lib/contract.mjs';
import { Stream } from './lib/events.mjs';
import { PATIENCE_MS, Server, folder, root, run, until } from './lib/reelgate.mjs';
import { OCTETS, Upload, ask, digest, metadata } from './lib/tus.mjs';

// Answers that nothing cheap provokes, and where else they are seen.
const ELSEWHERE = {
    'patch /api/tasks/{task_id} 409': ['legacy.test.mjs', 'a task taken over without its clip'],
    'get /api/health 503': ['cluster.test.mjs', 'a database that is away'],
    'get /api/ready 503': ['operations.test.mjs', 'a database that is away, a server that stops'],
    'get /api/video/download/{year}/{month}/{day}/{name} 307': ['s3.test.mjs', 'an object storage that sends by itself'],
    'get /api/video/poster/{year}/{month}/{day}/{name} 307': ['s3.test.mjs', 'an object storage that sends by itself'],
};

const operations = Object.entries(api.paths).flatMap(([path, item]) => METHODS.filter((m) => item[m]).map((method) => ({ path, method, ...item[method] })));

// -- the file by itself --------------------------------------------------------------------------

test('the file is good OpenAPI 3.1, and its examples are what they are examples of', async () => {
    const config = await createConfig({ extends: ['recommended'], rules: {
        'operation-4xx-response': 'off', // `default` says what can befall any request
        'no-invalid-media-type-examples': 'error', 'no-invalid-schema-examples': 'error', 'no-invalid-parameter-examples': 'error',
    } });
    const problems = await lint({ ref: join(root, 'api/openapi.yaml'), config });
    assert.deepEqual(problems.map((p) => `${p.ruleId}: ${p.message} ${p.location?.[0]?.pointer ?? ''}`), []);
});

test('codes of errors are those of the catalogue, each with the status that it is answered with', () => {
    const catalogue = new Map([...readFileSync(join(root, 'src/core/message.def'), 'utf8').matchAll(/^MSG\(\w+, "(\w+)", (ERR_\w+)/gm)].map(([, slug, code]) => [slug, code]));
    const named = new Set(api.components.schemas.ClipFaultCode.enum);
    const look = (value) => {
        if (value === null || typeof value !== 'object') return;
        const code = value.properties?.code;
        for (const slug of code?.enum ?? (code?.const ? [code.const] : [])) named.add(slug);
        Object.values(value).forEach(look);
    };
    look(api);
    for (const slug of named) assert.ok(catalogue.has(slug) && catalogue.get(slug) !== 'ERR_NONE', `${slug} is no fault of the catalogue`);
    const general = ['unauthorized', 'conflict', 'too_many_requests', 'method_not_allowed'];
    const silent = [...catalogue].filter(([slug, code]) => code !== 'ERR_NONE' && !named.has(slug) && !general.includes(slug)).map(([slug]) => slug);
    assert.deepEqual(silent, [], 'faults that the description does not know');
    const warnings = [...readFileSync(join(root, 'src/core/reel.c'), 'utf8').matchAll(/\[WARNING_(\w+)\] = MSG_\1,/g)].map(([, name]) => name.toLowerCase());
    assert.deepEqual(api.components.schemas.ReelWarningCode.enum, warnings, 'warnings, in their order');
    for (const slug of warnings) assert.equal(catalogue.get(slug), 'ERR_NONE', `${slug} is no fault`);
});

// -- routes --------------------------------------------------------------------------------------

const listed = async () => (await run(['routes'])).stdout.trim().split('\n').map((line) => {
    const [method, pattern, needs] = line.split(/\s+/);
    return { method: method.toLowerCase(), pattern, needs };
});
// "/a/*/b/**" matches "/a/{x}/b/{y}/{z}".
const covers = (pattern, path) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('**', '@@').replaceAll('*', '\\{\\w+\\}').replaceAll('@@', '\\{\\w+\\}(/\\{\\w+\\})*')}$`).test(path);

test('every route of the program is in the file, and every one of the file is a route', async () => {
    const routes = await listed();
    assert.ok(routes.length > 30, `${routes.length} routes`);
    for (const { method, pattern } of routes) assert.ok(operations.some((o) => o.method === method && covers(pattern, o.path)), `${method} ${pattern} is not described`);
    for (const { method, path } of operations) assert.equal(routes.filter((r) => r.method === method && covers(r.pattern, path)).length, 1, `${method} ${path} is no route`);
});

// What an operation asks for, in the words of `reelgate routes`: a token alone, or a key with a scope.
function needs(o, word) {
    const all = o.security;
    if (all.length === 0 || Object.keys(all[0]).length === 0) return word === '-';
    const scope = all.find((one) => one.key)?.key[0] ?? 'any', role = all.find((one) => one.token)?.token[0];
    if (word === 'admin') return scope === 'admin' && role === 'admin';
    return role === undefined && (word === 'self' ? scope === 'admin' : word === scope);
}
const isOpen = (o) => needs(o, '-');
test('who may is told as it is', async () => {
    const routes = await listed();
    for (const o of operations) {
        const word = routes.find((r) => r.method === o.method && covers(r.pattern, o.path)).needs;
        assert.ok(needs(o, word), `${o.method} ${o.path}: ${word}, not ${JSON.stringify(o.security)}`);
    }
});

// -- parameters ----------------------------------------------------------------------------------

test('what the program reads of a request is described', () => {
    const dir = join(root, 'src/http'), described = new Set();
    for (const o of operations) for (const { value } of parameters(o.path, o.method)) described.add(value.name.toLowerCase());
    // of HTTP itself, of browsers, and of proxies
    const common = ['authorization', 'accept', 'accept-language', 'accept-encoding', 'content-type', 'content-length', 'transfer-encoding', 'host', 'x-forwarded-for', 'x-forwarded-proto', 'x-http-method-override', 'x-request-id', 'origin', 'access-control-request-method'];
    let count = 0;
    for (const file of readdirSync(dir, { recursive: true }).filter((name) => name.endsWith('.c') && !name.startsWith('test/'))) {
        const text = readFileSync(join(dir, file), 'utf8');
        for (const [, name] of text.matchAll(/(?:request_header\(r, |request_query\(r, |request_number\(r, |query_name\(r, |MHD_GET_ARGUMENT_KIND,\s*|read_number\(r, )"([^"]+)"/g)) {
            count++;
            assert.ok(described.has(name.toLowerCase()) || common.includes(name.toLowerCase()), `${file} reads ${name}, which is not described`);
        }
    }
    assert.ok(count > 20, `${count} found`);
});

// -- the walk ------------------------------------------------------------------------------------

const closing = [];
let server, ana, eve, anyone, file, tiny;
async function start(...flags) {
    const one = new Server(folder({ after: (f) => closing.push(f) }), flags);
    closing.unshift(() => one.stop('SIGKILL'));
    await one.start();
    return one;
}
before(async () => {
    file = await clip(1);
    tiny = readFileSync(await clip(0.2));
    server = await start('--hook-private', '--hook-retry', '20ms', '--events-streams', '2', '--login-tries', '3', '--max-upload', '4M');
    anyone = new Client(server);
    ana = await anyone.user('ana');
    eve = await anyone.user('eve');
});
after(async () => {
    for (const close of closing) await close();
});
mkdirSync(join(root, 'test/artifacts'), { recursive: true });
const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const is = (answer, status, code) => assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.text);

test('everything that needs a token is 401 without', async () => {
    for (const o of operations) {
        if (isOpen(o)) continue;
        const path = o.path.replace(/\{\w+\}/g, '1'), method = o.method.toUpperCase();
        const answer = path.startsWith('/api/uploads') ? await ask(anyone, method, path, { headers: { 'Content-Type': OCTETS, 'Upload-Offset': 0, 'Upload-Length': 1 } })
            : await anyone.call(method, path);
        assert.equal(answer.status, 401, `${method} ${path}`);
    }
});

test('a key does what its scopes say: 403 for the rest, wherever a scope is needed', async () => {
    const make = async (scopes) => new Client(server, (await ana.post('/api/keys', { name: 'k', scopes })).json.key);
    const [reads, deletes] = [await make(['read']), await make(['delete'])];
    for (const o of operations.filter((one) => !isOpen(one) && one.security.find((s) => s.key)?.key.length)) {
        const path = o.path.replace(/\{\w+\}/g, '1'), method = o.method.toUpperCase(), client = o.security.find((s) => s.key).key[0] === 'read' ? deletes : reads;
        const answer = path.startsWith('/api/uploads') ? await ask(client, method, path, { headers: { 'Content-Type': OCTETS, 'Upload-Offset': 0, 'Upload-Length': 1 } })
            : await client.call(method, path);
        assert.equal(answer.status, 403, `${method} ${path} ${answer.text}`);
    }
});

test('keys, and who asks', async () => {
    const me = (await eve.get('/api/me')).json;
    assert.deepEqual([me.username, me.role], ['eve', 'user']);
    is(await eve.post('/api/keys', { name: 'x' }), 400, 'fields_missing');
    const made = await eve.post('/api/keys', { name: 'mine', scopes: ['read', 'upload'], expires_in: 3600 });
    assert.equal(made.status, 201);
    assert.deepEqual((await eve.get('/api/keys')).json.data.map((k) => k.id), [made.json.id]);
    is(await ana.delete(`/api/keys/${made.json.id}`), 404, 'key_not_found');
    assert.equal((await eve.delete(`/api/keys/${made.json.id}`)).status, 204);
    await until('there can be no more', async () => (await eve.post('/api/keys', { name: 'x', scopes: ['read'] })).status === 409, PATIENCE_MS, 0);
});

test('a path without the method of a request names those that it has', async () => {
    for (const path of Object.keys(api.paths)) {
        const place = path.replace(/\{\w+\}/g, '1');
        for (const method of ['PUT', 'OPTIONS']) {
            if (api.paths[path][method.toLowerCase()]) continue;
            const answer = await ana.call(method, place);
            assert.equal(answer.status, method === 'PUT' ? 405 : 204, path);
            const allowed = METHODS.filter((m) => api.paths[path][m] || (m === 'head' && api.paths[path].get)).map((m) => m.toUpperCase());
            assert.deepEqual(answer.headers.get('allow').split(', ').sort(), allowed.sort(), path);
        }
    }
    is(await ana.get('/api/nothing'), 404, 'not_found');
});

test('what can befall any request', async () => {
    is(await ana.get(`/api/tasks?x-long=${'x'.repeat(9000)}`), 414, 'uri_too_long');
    is(await ana.get('/api/tasks', { headers: { 'X-Long': 'x'.repeat(9000) } }), 431, 'header_too_long');
    is(await anyone.post('/api/auth/login', { username: 'x'.repeat(70_000), password: 'x' }), 413, 'too_large');
    assert.equal((await ana.call('HEAD', '/api/tasks')).status, 200);
});

test('the page and its parts', async () => {
    const paths = ['/', '/favicon.svg', '/openapi.json', '/docs', ...[...(await anyone.get('/')).text.matchAll(/"(\/assets\/[^"]+)"/g)].map((m) => m[1])];
    for (const path of paths) {
        const first = await anyone.get(path);
        assert.equal(first.status, 200, path);
        assert.equal((await anyone.get(path, { headers: { 'If-None-Match': first.headers.get('etag') } })).status, 304, path);
    }
    is(await anyone.get('/assets/none.js'), 404, 'not_found');
});

test('GET /openapi.json is the file', async () => {
    const answer = await anyone.get('/openapi.json', { headers: { 'Accept-Encoding': 'br' } });
    assert.deepEqual(answer.json, api);
    assert.equal(answer.headers.get('content-encoding'), 'br');
});

// One of each kind is looked at; a page of a hundred like them takes axe some seconds.
const PARTS = ['header', 'nav', 'h1', '.points', '#addTask', '#sendPiece', '#deleteTask', '#uploadAbilities', '#told', '#schema-Task'];
test('GET /docs in a browser: under the strict policy, without any other network, for everybody', async () => {
    const profile = folder({ after: (f) => closing.push(f) });
    const context = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, timeout: PATIENCE_MS,
        args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
    try {
        const page = context.pages()[0], troubles = [], asked = [];
        page.setDefaultTimeout(PATIENCE_MS);
        page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') troubles.push(m.text()); });
        page.on('pageerror', (e) => troubles.push(String(e)));
        page.on('requestfailed', (r) => troubles.push(`${r.url()} ${r.failure()?.errorText}`));
        page.on('request', (r) => asked.push(r.url()));
        for (const [width, scheme] of [[1280, 'light'], [390, 'dark']]) {
            await page.setViewportSize({ width, height: 860 });
            await page.emulateMedia({ colorScheme: scheme });
            const answer = await page.goto(`${server.url}/docs`);
            assert.match(answer.headers()['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self';/);
            await page.screenshot({ path: join(root, `test/artifacts/docs-${width}.png`) });
            const shown = await page.$$eval('article', (all) => all.filter((a) => a.offsetHeight > 60).map((a) => a.id));
            assert.deepEqual([...operations.map((o) => o.operationId), 'told', ...Object.keys(api.components.schemas).map((name) => `schema-${name}`)].filter((id) => !shown.includes(id)), []);
            assert.deepEqual(await page.$$eval('a[href^="#"]', (all) => all.map((a) => a.hash.slice(1)).filter((id) => !document.getElementById(id))), [], 'links lead somewhere');
            await page.$$eval('details', (all) => all.forEach((d) => (d.open = true)));
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out sideways');
            await page.locator('nav a', { hasText: 'Upload a clip in one request' }).click();
            await page.screenshot({ path: join(root, `test/artifacts/docs-${width}-operation.png`) });
            await page.evaluate(axe); // by the debugger, which no content policy stops
            const found = await page.evaluate(async (parts) => (await window.axe.run({ include: parts }, { resultTypes: ['violations'] })).violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
                .map((v) => `${v.id}: ${v.nodes.slice(0, 5).map((n) => `${n.html} ${n.failureSummary}`).join(' | ')}`), PARTS);
            assert.deepEqual(found, []);
        }
        assert.deepEqual(troubles, []);
        assert.deepEqual(asked.filter((url) => !url.startsWith(`${server.url}/`)), []);
    } finally {
        await context.close();
    }
});

test('signs of life, sign-up and log-in', async () => {
    for (const path of ['/ping', '/api/auth/login/ping', '/api/auth/signup/ping', '/api/health', '/api/ready']) assert.equal((await anyone.get(path)).status, 200, path);
    is(await anyone.signup('ana'), 400, 'user_exists');
    assert.equal((await anyone.post('/api/auth/signup', { username: 'ida', email: 'ida@example.org', password1: 'correct horse', password2: 'correct horse', 'x-more': 1 })).status, 201, 'what is not known is ignored');
    is(await anyone.post('/api/auth/login', { username: 'ana' }), 400, 'fields_missing');
    const wrong = () => anyone.post('/api/auth/login', { username: 'nobody', password: 'wrong horse' });
    is(await wrong(), 401, 'login_wrong');
    await until('the limit', async () => (await wrong()).status === 429);
});

test('tasks: uploads and what is wrong with them', async () => {
    const headers = { 'Idempotency-Key': 'one' };
    const first = await ana.upload(tiny, { headers, fields: { fit: 'blur', start: '0.1', title: 'Un gol', 'x-more': 'ignored' } });
    assert.equal(first.status, 201, first.text);
    assert.equal((await ana.upload(tiny, { headers, fields: { fit: 'blur', start: '0.1', title: 'Un gol' } })).json.task_id, first.json.task_id);
    is(await ana.upload(tiny, { headers, fields: { fit: 'crop' } }), 409, 'idempotency_mismatch');
    is(await ana.post('/api/tasks', new FormData()), 400, 'no_file_part');
    is(await ana.upload(tiny, { fields: { fit: 'round' } }), 400, 'parameter_bad');
    is(await ana.upload(Buffer.alloc(0)), 400, 'empty_file');
    is(await ana.upload(Buffer.from('only words\n'.repeat(99))), 415, 'not_a_video');
    is(await ana.upload(Buffer.alloc(6 << 20)), 413, 'file_too_large');
    const task = await ana.processed(first.json.task_id);
    assert.deepEqual([task.fit, task.start, task.title], ['blur', 0.1, 'Un gol']);
});

test('tasks: the list, one, retry, delete', async () => {
    const broken = await ana.give(await bytes('.mp4', readFileSync(file).subarray(0, 5000)));
    const failed = await ana.failed(broken);
    assert.ok(failed.error.code);
    is(await ana.post(`/api/tasks/${(await ana.tasks())[0].id}/retry`), 409, 'retry_state');
    assert.equal((await ana.post(`/api/tasks/${broken}/retry`)).status, 202);
    await ana.failed(broken);
    const change = (body) => ana.call('PATCH', `/api/tasks/${broken}`, { body });
    assert.equal((await change({ title: 'Un gol', 'x-more': 1 })).json.title, 'Un gol');
    for (const [body, code] of [[{ title: 7 }, 'field_type'], [{ fit: 'round' }, 'parameter_bad'], [{ start: -1 }, 'parameter_bad'], ['[', 'json_bad']]) is(await change(body), 400, code);
    is(await eve.call('PATCH', `/api/tasks/${broken}`, { body: {} }), 404, 'task_not_found');
    for (const [method, path] of [['GET', ''], ['DELETE', ''], ['POST', '/retry']]) is(await eve.call(method, `/api/tasks/${broken}${path}`), 404, 'task_not_found');
    assert.equal((await ana.delete(`/api/tasks/${broken}`)).status, 200);
});

test('tasks: what each parameter of the list does', async () => {
    const list = async (query) => (await ana.get(`/api/tasks${query}`)).json.data.map((task) => task.id);
    while ((await list('')).length < 3) await ana.give(tiny);
    const all = await list('');
    assert.deepEqual(await list('?x-unknown=1'), all, 'what is not known is ignored');
    const effects = {
        max: async () => assert.deepEqual(await list('?max=1'), all.slice(0, 1)),
        order: async () => assert.deepEqual(await list('?order=1'), all.toReversed()),
        after: async () => assert.deepEqual(await list(`?after=${all[0]}`), all.slice(1)),
        q: async () => assert.deepEqual(await list('?q=no%20such%20name'), []),
        sort: async () => assert.deepEqual((await list('?sort=title')).sort((a, b) => a - b), all),
        status: async () => {
            const failed = await ana.give(await bytes('.mp4', readFileSync(file).subarray(0, 5000)));
            await ana.failed(failed);
            assert.deepEqual(await list('?status=failed'), [failed]);
        },
        view: async () => assert.deepEqual((await ana.get('/api/tasks?view=full')).json.data.map(({ id, fit }) => [id, typeof fit]).slice(0, all.length), all.map((id) => [id, 'string'])),
    };
    const described = parameters('/api/tasks', 'get').filter((p) => p.value.in === 'query').map((p) => p.value.name);
    assert.deepEqual(described.sort(), Object.keys(effects).sort());
    for (const name of described) {
        await effects[name]();
        is(await ana.get(`/api/tasks?${name}=${name === 'q' ? 'x'.repeat(300) : 'x'}`), 400, 'parameter_bad');
    }
});

test('events', async () => {
    const id = (await ana.tasks())[0].id;
    const open = [];
    for (const path of ['/api/tasks/events', `/api/tasks/${id}/events`]) {
        const stream = await new Stream(ana, `${path}?last_event_id=0`).opened;
        open.push(stream);
        await stream.sees('task.uploaded', id);
        is(await ana.get(`${path}?last_event_id=x`), 400, 'parameter_bad');
        is(await ana.get(path, { headers: { 'Last-Event-ID': 'x' } }), 400, 'parameter_bad');
    }
    for (const path of ['/api/tasks/events', `/api/tasks/${id}/events`]) is(await ana.get(path), 429, 'streams_limited');
    is(await eve.get(`/api/tasks/${id}/events`), 404, 'task_not_found');
    for (const stream of open) stream.close();
});

test('uploads in pieces', async () => {
    const head = { 'Upload-Length': tiny.length, 'Upload-Metadata': metadata({ filename: 'clip.mp4', fit: 'crop', start: '0', title: 'x' }) };
    const create = (headers, body) => ask(ana, 'POST', '/api/uploads', { headers: { ...head, ...(body ? { 'Content-Type': OCTETS } : {}), ...headers }, body });
    const abilities = await ask(ana, 'OPTIONS', '/api/uploads');
    assert.equal(abilities.status, 204);
    is(await create({ 'Upload-Length': 'x' }), 400, 'parameter_bad');
    is(await create({ 'Tus-Resumable': '0.2.2' }), 412, 'tus_version');
    is(await create({ 'Upload-Length': 5 << 20 }), 413, 'file_too_large');
    is(await create({ 'Content-Type': 'video/mp4' }, tiny), 415, 'unsupported');
    is(await create({ 'Upload-Checksum': `sha256 ${digest(Buffer.from('other')).toString('base64')}` }, tiny), 460, 'checksum_wrong');
    const whole = await create({ 'Idempotency-Key': 'two', 'Upload-Checksum': `sha256 ${digest(tiny).toString('base64')}` }, tiny);
    assert.deepEqual([whole.status, Number(whole.headers['reelgate-task']) > 0], [201, true]);
    const other = readFileSync(file);
    is(await create({ 'Idempotency-Key': 'two', 'Upload-Length': other.length }, other), 409, 'idempotency_mismatch');

    const up = await Upload.create(ana, tiny.length);
    is(await up.patch(5, tiny), 409, 'offset_wrong');
    is(await up.patch('x', tiny), 400, 'parameter_bad');
    is(await up.patch(0, tiny, { 'Content-Type': 'video/mp4' }), 415, 'unsupported');
    is(await up.patch(0, tiny, { 'Tus-Resumable': null }), 412, 'tus_version');
    is(await up.patch(0, Buffer.concat([tiny, tiny])), 413, 'file_too_large');
    is(await up.patch(0, tiny, { 'Upload-Checksum': `sha1 ${digest(Buffer.from('other'), 'sha1').toString('base64')}` }), 460, 'checksum_wrong');
    assert.equal((await up.patch(0, tiny.subarray(0, 1000))).status, 204);
    assert.equal(await up.offset(), 1000);
    assert.equal((await up.head({ 'Tus-Resumable': null })).status, 412);
    assert.equal((await up.patch(1000, tiny.subarray(1000))).headers['reelgate-task'] > 0, true);
    is(await ask(ana, 'DELETE', up.path, { headers: { 'Tus-Resumable': null } }), 412, 'tus_version');
    for (const method of ['HEAD', 'PATCH', 'DELETE'])
        assert.equal((await ask(eve, method, up.path, { headers: { 'Content-Type': OCTETS, 'Upload-Offset': 0 } })).status, 404, method);
    assert.equal((await up.remove()).status, 204);
});

test('uploads in pieces: the newest connection wins', async () => {
    // two wait for the place of a third; the one that came first hears that another came after it
    const up = await Upload.create(ana, tiny.length);
    await until('one was overtaken', async () => {
        const hanging = await up.hang(0, tiny.length, tiny.subarray(0, 10));
        const answers = await Promise.all([up.patch(9999, Buffer.from('x')), up.patch(9999, Buffer.from('x')), up.patch(9999, Buffer.from('x'))]);
        hanging.request.destroy();
        return answers.some((a) => a.status === 423);
    });
    await up.remove();
});

test('uploads in pieces: forgotten ones are 410', async () => {
    const short = await start('--upload-expiry', '1s', '--sweep', '1h'); // the sweep makes 404 of it
    const ada = await new Client(short).user('ada');
    const up = await Upload.create(ada, tiny.length);
    await until('it is forgotten', async () => (await up.head()).status === 410);
    assert.equal((await up.patch(0, tiny)).status, 410);
});

test('figures are for admins; a day has so many tasks', async () => {
    const strict = await start('--quota-tasks', '1');
    const ada = await new Client(strict).user('ada');
    assert.equal((await ada.upload(tiny)).status, 201);
    is(await ada.upload(tiny), 429, 'tasks_limit');
    const headers = { 'Upload-Length': tiny.length };
    is(await ask(ada, 'POST', '/api/uploads', { headers: { ...headers, 'Content-Type': OCTETS }, body: tiny }), 429, 'tasks_limit');
    is(await (await Upload.create(ada, tiny.length)).patch(0, tiny), 429, 'tasks_limit');
    for (let made = 0; made < 200; made += 20) await Promise.all(Array.from({ length: 20 }, () => ask(ada, 'POST', '/api/uploads', { headers })));
    is(await ask(ada, 'POST', '/api/uploads', { headers }), 429, 'uploads_limited');
    is(await ada.get('/metrics'), 403, 'forbidden');
    await strict.stop();
    assert.equal((await run(['user', 'admin', '--data', strict.dir, 'ada'])).code, 0);
    await strict.start();
    assert.match((await new Client(strict, ada.token).get('/metrics')).text, /^# HELP reelgate_/m);
});

test('admins', async () => {
    const house = await start();
    const boss = await new Client(house).user('boss'), bob = await new Client(house).user('bob');
    const broken = await bob.give(await bytes('.mp4', readFileSync(file).subarray(0, 5000)));
    await bob.failed(broken);
    is(await bob.get('/api/admin/overview'), 403, 'forbidden');
    await house.stop();
    assert.equal((await run(['user', 'admin', '--data', house.dir, 'boss'])).code, 0);
    await house.start();
    assert.equal((await boss.get('/api/admin/overview')).json.tasks.failed, 1);
    const [me, other] = (await boss.get('/api/admin/users?q=bo&max=5&after=0')).json.data;
    assert.deepEqual([me.role, other.tasks], ['admin', 1]);
    is(await boss.get('/api/admin/users?max=x'), 400, 'parameter_bad');
    const change = (id, body) => boss.call('PATCH', `/api/admin/users/${id}`, { body });
    assert.equal((await change(other.id, { bytes_limit: 0, tasks_limit: null, role: 'user' })).json.bytes_limit, 0);
    is(await change(other.id, { role: 'king' }), 400, 'parameter_bad');
    is(await change(999, {}), 404, 'user_not_found');
    is(await change(me.id, { role: 'user' }), 409, 'last_admin');
    assert.deepEqual((await boss.get('/api/admin/tasks?status=failed&max=9&order=1&after=99')).json.data.map((task) => task.username), ['bob']);
    is(await boss.get('/api/admin/tasks?status=x'), 400, 'parameter_bad');
    is(await boss.post('/api/admin/tasks/retry', {}), 400, 'fields_missing');
    assert.deepEqual((await boss.post('/api/admin/tasks/retry', { ids: [broken, 999] })).json, { retried: 1, after: null });
    await bob.failed(broken);
    assert.equal((await boss.post('/api/admin/tasks/retry', { status: 'failed', after: null })).json.retried, 1);
    await profile(boss);
});

// The profile: every answer of its routes, by an admin.
async function profile(boss) {
    const put = (body) => boss.call('PUT', '/api/admin/profile', { body }), preview = (body) => boss.post('/api/admin/profile/preview', body);
    const logo = (bytes, type) => boss.post('/api/admin/logos', bytes, { headers: { 'Content-Type': type } });
    const picture = readFileSync(await ffmpeg('.png', ['-f', 'lavfi', '-i', 'color=red:s=64x64', '-frames:v', '1']));
    const { json: { logo: id } } = await logo(picture, 'image/png');
    is(await logo(Buffer.alloc(0), 'image/png'), 400, 'empty_file');
    is(await logo(picture, 'image/gif'), 415, 'logo_type');
    assert.equal((await preview({ logo: id })).headers.get('content-type'), 'image/jpeg');
    is(await preview({ crf: 99 }), 400, 'profile_bad');
    const made = await put({ logo: id, bumper_s: 1.5 });
    assert.deepEqual([made.status, made.json.version], [201, 1]);
    assert.equal((await put({ bumper_s: 1.5 })).status, 200);
    is(await put({ logo: 'none' }), 400, 'logo_not_found');
    assert.equal((await boss.get('/api/admin/profile')).json.version, 1);
    assert.equal((await boss.get('/api/admin/profile?version=0')).json.version, 0);
    is(await boss.get('/api/admin/profile?version=x'), 400, 'parameter_bad');
    is(await boss.get('/api/admin/profile?version=9'), 404, 'not_found');
}

test('no room, no quota', async () => {
    const full = await start('--free-space-floor', '900T'), poor = await start('--quota', '1k');
    const ada = await new Client(full).user('ada'), bob = await new Client(poor).user('bob');
    is(await ada.upload(tiny), 507, 'disk_full');
    is(await ask(ada, 'POST', '/api/uploads', { headers: { 'Upload-Length': 9999 } }), 507, 'disk_full');
    is(await bob.upload(tiny), 403, 'quota_exceeded');
    is(await ask(bob, 'POST', '/api/uploads', { headers: { 'Upload-Length': 9999 } }), 403, 'quota_exceeded');
    // the room may go while an upload is under way
    const wide = await start();
    const eva = await new Client(wide).user('eva');
    const up = await Upload.create(eva, tiny.length);
    await wide.stop();
    await wide.start(['--free-space-floor', '900T']);
    is(await up.at(new Client(wide, eva.token)).patch(0, tiny), 507, 'disk_full');
});

test('hooks and what their receiver is sent', async () => {
    const told = [];
    let answer = 204;
    const receiver = createServer((request, response) => {
        let text = '';
        request.on('data', (part) => (text += part)).on('end', () => {
            checkDelivery(request.headers, text);
            told.push(JSON.parse(text).type);
            response.writeHead(answer).end();
        });
    });
    await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
    closing.push(() => receiver.close());
    const url = `http://127.0.0.1:${receiver.address().port}/`;
    const hook = (await ana.post('/api/hooks', { url, events: ['task.uploaded', 'task.processed'], description: 'mine', enabled: true })).json;
    is(await ana.post('/api/hooks', { url: 'ftp://example.org' }), 400, 'hook_url_bad');
    is(await ana.post('/api/hooks', '[', { headers: { 'Content-Type': 'application/json' } }), 400, 'json_bad');
    const here = `/api/hooks/${hook.id}`;
    for (const [method, path] of [['GET', ''], ['PATCH', ''], ['DELETE', ''], ['POST', '/secret'], ['POST', '/test'], ['GET', '/deliveries'], ['POST', '/deliveries/1/replay']])
        assert.equal((await eve.call(method, `${here}${path}`, method === 'PATCH' ? { body: {} } : {})).status, 404, `${method} ${path}`);
    assert.deepEqual((await ana.get('/api/hooks')).json.data.map((h) => h.id), [hook.id]);
    assert.equal((await ana.get(here)).json.url, url);
    assert.equal((await ana.call('PATCH', here, { body: { description: 'other' } })).json.description, 'other');
    is(await ana.call('PATCH', here, { body: { enabled: 1 } }), 400, 'field_type');
    assert.equal((await ana.post(`${here}/secret`)).status, 200);
    const { json: { delivery } } = await ana.post(`${here}/test`);
    await ana.give(tiny);
    await until('all is told', () => ['hook.test', 'task.uploaded', 'task.processed'].every((type) => told.includes(type)));
    const log = async (query) => (await ana.get(`${here}/deliveries${query}`)).json.data.map((d) => d.id);
    const ids = await log('');
    assert.deepEqual(await log('?max=1'), ids.slice(0, 1));
    assert.deepEqual(await log(`?after=${ids[0]}`), ids.slice(1));
    for (const query of ['?max=x', '?after=x']) is(await ana.get(`${here}/deliveries${query}`), 400, 'parameter_bad');
    assert.equal((await ana.post(`${here}/deliveries/${delivery}/replay`)).status, 202);
    await until('it came again', () => told.filter((type) => type === 'hook.test').length === 2);
    is(await ana.post(`${here}/deliveries/999999/replay`), 404, 'delivery_not_found');
    answer = 410;
    await ana.post(`${here}/test`);
    await until('410 disables it', async () => !(await ana.get(here)).json.enabled);
    is(await ana.post(`${here}/test`), 409, 'hook_disabled');
    assert.equal((await ana.delete(here)).status, 204);
    await until('there can be no more', async () => (await ana.post('/api/hooks', { url })).status === 409);
});

test('files', async () => {
    const { task_id } = (await ana.upload(file)).json;
    const { download, poster } = await ana.processed(task_id);
    const uploads = new Client(server, (await ana.post('/api/keys', { name: 'k', scopes: ['upload'] })).json.key);
    for (const link of [download, poster]) {
        const { pathname, search } = new URL(link), path = pathname + search;
        const get = (headers, more = '') => anyone.get(path + more, { headers });
        const whole = await get();
        assert.equal(whole.status, 200);
        const etag = whole.headers.get('etag');
        assert.match((await get({}, '&download=1')).headers.get('content-disposition'), /^attachment/);
        assert.match(whole.headers.get('content-disposition'), /^inline/);
        assert.equal((await get({ Range: 'bytes=0-9' })).status, 206);
        assert.equal((await get({ Range: 'bytes=0-9', 'If-Range': '"other"' })).status, 200);
        assert.equal((await get({ 'If-None-Match': etag })).status, 304);
        assert.equal((await get({ 'If-Match': '"other"' })).status, 412);
        assert.equal((await get({ Range: 'bytes=99999999-' })).status, 416);
        is(await anyone.get(`${pathname}?exp=1&sig=x`), 401, 'link_bad');
        assert.equal((await ana.get(pathname)).status, 200, 'the owner needs no link');
        is(await eve.get(pathname), 404, 'not_found');
        is(await uploads.get(pathname), 403, 'scope_missing');
    }
});

test('every parameter that is described was sent', () => {
    const all = operations.flatMap((o) => parameters(o.path, o.method).filter((p) => p.value.in !== 'path').map((p) => `${o.method} ${o.path} ${p.value.name}`));
    assert.deepEqual(all.filter((one) => !sent.has(one)), []);
});

test('every header that is described was seen', () => {
    const places = operations.flatMap((o) => Object.keys(o.responses).map((status) => at(['paths', o.path, o.method, 'responses', status])))
        .flatMap(({ value, place }) => Object.keys(value.headers ?? {}).map((name) => at([...place, 'headers', name]).place.join(' ')));
    const elsewhere = /X-Accel-Redirect$| 307 headers Location$| any headers Retry-After$/; // gateway.test.mjs, s3.test.mjs, a server that stops
    assert.deepEqual([...new Set(places)].filter((place) => !seenHeaders.has(place) && !elsewhere.test(place)), []);
});

test('every answer that is described was seen', () => {
    const missing = operations.flatMap((o) => Object.keys(o.responses).filter((status) => status !== 'default').map((status) => `${o.method} ${o.path} ${status}`))
        .filter((one) => !seen.has(one) && !ELSEWHERE[one]);
    assert.deepEqual(missing, []);
    for (const [one, [where]] of Object.entries(ELSEWHERE)) {
        const [method, path, status] = one.split(' ');
        assert.ok(at(['paths', path, method, 'responses', status]).value, `${one} is not described`);
        assert.ok(readFileSync(join(root, 'test', where), 'utf8').includes(status), `${where} has no ${status}`);
    }
});
