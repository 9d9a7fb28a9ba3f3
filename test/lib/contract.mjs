// Holds what the server answers against api/openapi.yaml: every status, header and body that a test
// provokes through the clients of this folder must be described there, and be as it is described.
// A header, field, code or status that the description does not have is a failure, here and now.
//
// What a proxy in front says by itself bears no X-Request-Id and is let through.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { root } from './reelgate.mjs';

export const api = parse(readFileSync(join(root, 'api/openapi.yaml'), 'utf8'));
export const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

// The description as a whole is no schema; what stands at its top says nothing about data.
const words = ['example', ...Object.keys(api)];
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true, allowUnionTypes: true, coerceTypes: false });
formats(ajv);
ajv.addFormat('password', true);
ajv.addVocabulary(words);
ajv.addSchema(api, 'api');
// Headers and query parameters are texts; 7 is one that says a number.
const texts = new Ajv({ strict: true, strictTypes: false, allowUnionTypes: true, coerceTypes: true });
formats(texts);
texts.addVocabulary(words);
texts.addSchema(api, 'api');

const token = (name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1');
const compiled = new Map();
// The schema at a place in the description, as a function; made once.
function schema(place, by = ajv) {
    const key = `${by === ajv ? '' : 'text '}${place.map(token).map(encodeURIComponent).join('/')}`;
    if (!compiled.has(key)) compiled.set(key, by.compile({ $ref: `api#/${key.replace(/^text /, '')}` }));
    return compiled.get(key);
}
// What lies at a place, and the place itself once references are followed.
export function at(place) {
    let here = api, path = [];
    for (const step of place) {
        here = here?.[step];
        path.push(step);
        while (here?.$ref) {
            path = here.$ref.slice(2).split('/').map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'));
            here = path.reduce((o, s) => o?.[s], api);
        }
    }
    return { value: here, place: path };
}
const complain = (check) => check.errors.slice(0, 5).map((e) => `${e.instancePath || '(whole)'} ${e.message} ${JSON.stringify(e.params)}`).join('; ');
export function conforms(place, value, what) {
    const check = schema(at(place).place);
    assert.ok(check(value), `${what}: ${check.errors && complain(check)}: ${JSON.stringify(value)?.slice(0, 2000)}`);
}

// -- which operation ---------------------------------------------------------------------------

const routes = Object.keys(api.paths).map((path) => ({
    path,
    holes: path.split('{').length - 1,
    is: new RegExp(`^${path === '/' ? '/' : path.replaceAll('.', '\\.').replace(/\{[^}]+\}/g, '[^/]+')}/?$`),
})).sort((a, b) => a.holes - b.holes);

// { path, method } of the operation that answers; method is null where the path does not know it.
export function operation(method, pathname) {
    const route = routes.find((r) => r.is.test(pathname) && (pathname === '/' || !pathname.endsWith('//')));
    if (!route) return null;
    const item = api.paths[route.path], name = method.toLowerCase();
    return { path: route.path, method: item[name] ? name : name === 'head' && item.get ? 'get' : null };
}
export const parameters = (path, method) =>
    [...(api.paths[path].parameters ?? []).map((_, i) => ['paths', path, 'parameters', i]), ...(api.paths[path][method].parameters ?? []).map((_, i) => ['paths', path, method, 'parameters', i])].map(at);

// -- answers -----------------------------------------------------------------------------------

// "method path status" of all that was seen and described; "method path name" of parameters that were sent.
export const seen = new Set();
export const sent = new Set();
// Places of the headers that were seen.
export const seenHeaders = new Set();

const usual = new Map(Object.entries(api['x-answer-headers']).map(([name, header]) => [name.toLowerCase(), { value: header, place: ['x-answer-headers', name] }]));

function headersConform(described, { headers, pathname }, what) {
    const known = new Map([...usual].filter(([, { value }]) => pathname.startsWith(value.below ?? '')));
    for (const name of Object.keys(described.value.headers ?? {})) known.set(name.toLowerCase(), at([...described.place, 'headers', name]));
    // what nginx in front adds to an answer is nginx's
    const front = headers.get('server')?.startsWith('nginx') ? ['server', 'strict-transport-security', 'last-modified'] : [];
    for (const [name, value] of headers) {
        if (front.includes(name)) continue;
        const header = known.get(name);
        assert.ok(header, `${what}: the header ${name} is not described`);
        seenHeaders.add(header.place.join(' '));
        const check = schema([...header.place, 'schema'], texts);
        assert.ok(check(value), `${what}: header ${name}: ${value}: ${check.errors && complain(check)}`);
    }
    for (const [name, header] of known) if (header.value.required) assert.ok(headers.has(name), `${what}: the header ${name} is missing`);
}

const ERRORS = ['components', 'schemas', 'Error'];
function bodyConforms(described, { request, headers, body }, what) {
    const { content } = described.value;
    if (request.method === 'HEAD') return;
    if (!content) {
        assert.equal(body.length, 0, `${what}: a body where none is described`);
        return;
    }
    if (headers.has('x-accel-redirect')) return;
    const kind = headers.get('content-type')?.split(';')[0];
    assert.ok(content[kind], `${what}: ${kind} is not described`);
    if (kind === 'application/json') conforms([...described.place, 'content', kind, 'schema'], JSON.parse(body.toString()), what);
}

// An error as a page: only for who prefers HTML and brings no token.
const isPage = (headers) => headers.get('content-type')?.startsWith('text/html');
function pageConforms({ request, headers, status }, what) {
    const asked = new Headers(request.headers);
    assert.match(asked.get('accept') ?? '', /text\/(html|\*)/, `${what}: a page for a program`);
    assert.ok(!asked.has('authorization') && /^(GET|HEAD)$/.test(request.method), `${what}: a page for a program`);
    assert.equal(headers.get('vary'), 'Accept, Accept-Language', what);
    assert.equal(headers.get('cache-control'), 'no-store', what);
    assert.match(headers.get('content-security-policy'), /^default-src 'none'; style-src 'self'; img-src 'self'; /, what);
    assert.ok(status >= 400, what);
}

// request: { method, url, headers (plain object), body (what JSON was made of) }; answer: { status, headers: iterable of pairs, body }.
export function check(request, answer) {
    const headers = new Map([...answer.headers].map(([name, value]) => [name.toLowerCase(), String(value)]));
    if (!headers.has('x-request-id')) return;
    const url = new URL(request.url, 'http://x'), override = new Headers(request.headers).get('x-http-method-override');
    const method = request.method === 'POST' && override && url.pathname.startsWith('/api/uploads') ? override : request.method;
    const what = `${method} ${url.pathname} ${answer.status}`;
    const full = { request: { ...request, method }, pathname: url.pathname, headers, body: answer.body ?? Buffer.alloc(0), status: answer.status };
    // a NUL or an escaped slash makes a path that is none
    const op = /%(00|2f)/i.test(url.pathname) ? null : operation(method, url.pathname);
    const any = at(['components', 'responses', 'any']);
    if (!op?.method) return strange(op, full, any, what);
    const named = new Headers(request.headers);
    for (const { value: { in: place, name } } of parameters(op.path, op.method))
        if (place === 'query' ? url.searchParams.has(name) : place === 'header' && named.has(name)) sent.add(`${op.method} ${op.path} ${name}`);
    let described = at(['paths', op.path, op.method, 'responses', String(answer.status)]);
    if (!described.value) described = any;
    else seen.add(`${op.method} ${op.path} ${answer.status}`);
    if (described === any && answer.status < 400) assert.fail(`${what} is not described`);
    headersConform(described, full, what);
    if (full.status >= 400 && isPage(headers)) pageConforms(full, what);
    bodyConforms(described, full, what);
    if (described === any && full.body.length && !isPage(headers)) assert.equal(answer.status, any.value['x-statuses'][JSON.parse(full.body.toString()).code], what);
    if (answer.status < 300) asked(op, request, url, what);
}
// Answers of no operation: what can befall any request, or a path, or a method, that is not there.
function strange(op, full, any, what) {
    if (isPage(full.headers)) {
        pageConforms(full, what);
        headersConform({ value: {}, place: [] }, { ...full, headers: new Map([...full.headers].filter(([name]) => !op || name !== 'allow')) }, what);
        assert.ok(op ? full.status === 405 : full.status === 404 || full.status === 414 || full.status === 431, what);
        return;
    }
    const json = full.body.length ? JSON.parse(full.body.toString()) : null;
    if (any.value.content['application/json'].schema.properties.code.enum.includes(json?.code)) {
        headersConform(any, full, what);
        conforms([...any.place, 'content', 'application/json', 'schema'], json, what);
        assert.equal(full.status, any.value['x-statuses'][json.code], what);
        return;
    }
    const headers = new Map(full.headers);
    if (op) assert.match(headers.get('allow') ?? '', /^[A-Z]+(, [A-Z]+)*$/, `${what}: Allow`);
    if (op) headers.delete('allow');
    headersConform({ value: {}, place: [] }, { ...full, headers }, what);
    const options = op && full.request.method === 'OPTIONS';
    assert.equal(full.status, op ? (options ? 204 : 405) : 404, what);
    if (options || full.request.method === 'HEAD') return;
    conforms(ERRORS, json, what);
    assert.equal(json.code, op ? 'method_not_allowed' : 'not_found', what);
}

// A request that the server took must be one that the description allows, or the description lacks something. Query
// parameters that begin with "x-" are for tests of what is ignored.
function asked(op, request, url, what) {
    const known = parameters(op.path, op.method);
    for (const [name, value] of url.searchParams) {
        if (name.startsWith('x-')) continue;
        const parameter = known.find((p) => p.value.in === 'query' && p.value.name === name);
        assert.ok(parameter, `${what}: it took ?${name}=, which is not described`);
        const holds = schema([...parameter.place, 'schema'], texts);
        assert.ok(holds(value), `${what}: it took ?${name}=${value}: ${holds.errors && complain(holds)}`);
    }
    const body = at(['paths', op.path, op.method, 'requestBody']);
    if (request.body === undefined || !body.value?.content['application/json']) return;
    conforms([...body.place, 'content', 'application/json', 'schema'], request.body, `${what}: it took a body`);
}

// -- what the server says by itself --------------------------------------------------------------

export const checkEvent = (data) => conforms(['components', 'schemas', 'Event'], data, 'an event');
// A request to a webhook's receiver: headers as Node gives them, and the body as text.
export function checkDelivery(headers, body) {
    const post = ['webhooks', 'event', 'post'];
    for (const [i, { name }] of api.webhooks.event.post.parameters.entries()) {
        const holds = schema([...post, 'parameters', i, 'schema'], texts);
        assert.ok(holds(headers[name]), `a delivery: ${name}: ${headers[name]}`);
    }
    conforms([...post, 'requestBody', 'content', 'application/json', 'schema'], JSON.parse(body), 'a delivery');
}
