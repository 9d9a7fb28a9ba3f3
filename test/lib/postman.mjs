// api/postman.json: the description of the API as a Postman collection. openapi-to-postmanv2 turns each operation
// into a request, in folders by tag; the folder "Walk" is made of the same requests, in an order in which each
// gives the next what it needs, with tests. Run it with a clip at hand:
//     newman run api/postman.json --folder Walk --env-var baseUrl=http://127.0.0.1:8000 --working-dir FOLDER-OF-clip.mp4
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';

const from = (path) => new URL(`../../api/${path}`, import.meta.url);
const OPTIONS = {
    folderStrategy: 'Tags', requestNameSource: 'fallback', parametersResolution: 'Example', requestParametersResolution: 'Example', exampleParametersResolution: 'Example',
    enableOptionalParameters: false, includeWebhooks: false,
};

// The converter draws the examples that the description does not give; here it draws the same ones each time. Parts of it
// keep Math.random as they find it when they are loaded.
const random = Math.random;
let seed = 0;
Math.random = () => (seed ? (seed = (seed * 48271) % 2147483647) / 2147483647 : random());
const { default: Converter } = await import('openapi-to-postmanv2');
async function convert(api) {
    seed = 1;
    const made = await new Promise((done, fail) => Converter.convertV2({ type: 'json', data: structuredClone(api) }, OPTIONS, (error, result) => (error ? fail(error) : done(result))));
    seed = 0;
    assert.ok(made.result, made.reason);
    return made.output[0].data;
}
// Ids are drawn anew each time and mean nothing; answers are told by the description itself.
function tidy(item) {
    const { name, request, item: inner, ...rest } = item;
    if (inner) return { name, item: inner.map(tidy) };
    const { auth, description, ...asked } = request;
    const open = auth?.type === 'noauth';
    for (const one of [...(asked.header ?? []), ...(asked.url.query ?? []), ...(asked.url.variable ?? [])]) delete one.id;
    return { name, request: { ...asked, ...(open ? { auth } : {}), ...(description?.content ? { description: description.content } : {}) }, ...(rest.protocolProfileBehavior ? { protocolProfileBehavior: rest.protocolProfileBehavior } : {}) };
}

const script = (listen, lines) => ({ listen, script: { type: 'text/javascript', exec: lines } });
const status = (n) => `pm.test('it is ${n}', () => pm.response.to.have.status(${n}));`;
const keep = (name, what) => `pm.collectionVariables.set('${name}', ${what});`;
const raw = (value) => ({ mode: 'raw', raw: JSON.stringify(value), options: { raw: { language: 'json' } } });
const clip = { mode: 'file', file: { src: 'clip.mp4' } };
const header = (key, value) => ({ key, value });

// operation: what is asked; path: what its path is filled with; tests: lines after the answer.
const WALK = [
    { operation: 'health', tests: [status(200)] },
    { operation: 'signUp', before: [keep('username', "'ana-' + pm.variables.replaceIn('{{$randomUUID}}')")],
        body: raw({ username: '{{username}}', email: '{{username}}@example.org', password1: 'correct horse', password2: 'correct horse' }),
        tests: [status(201), "pm.test('it says so', () => pm.expect(pm.response.json().message).to.be.a('string'));"] },
    { operation: 'logIn', body: raw({ username: '{{username}}', password: 'correct horse' }), tests: [status(200), keep('token', 'pm.response.json().token')] },
    { operation: 'addTask', body: { mode: 'formdata', formdata: [{ key: 'file', type: 'file', src: 'clip.mp4' }, { key: 'title', type: 'text', value: 'Un gol' }, { key: 'fit', type: 'text', value: 'pad' }] },
        tests: [status(201), keep('task_id', 'pm.response.json().task_id')] },
    { operation: 'listTasks', tests: [status(200), "pm.test('it is on the list', () => pm.expect(pm.response.json().data.map((t) => t.id)).to.include(pm.collectionVariables.get('task_id')));"] },
    { operation: 'getTask', path: { task_id: '{{task_id}}' }, tests: [
        'const task = pm.response.json();',
        "if (task.status === 'uploaded' || task.status === 'processing') {",
        '    setTimeout(() => pm.execution.setNextRequest(pm.info.requestName), 100);',
        '} else {',
        `    ${status(200)}`,
        "    pm.test('there is a reel of 16:9', () => {",
        "        pm.expect(task.status).to.eql('processed');",
        "        pm.expect(task.title).to.eql('Un gol');",
        '        pm.expect(task.reel.width / task.reel.height).to.be.closeTo(16 / 9, 0.05);',
        '        pm.expect(task.receipt.ok).to.eql(true);',
        '    });',
        `    ${keep('link', "task.download.replace(/^https?:..[^/]+./, '')")}`,
        '}',
    ] },
    { operation: 'downloadReel', url: '{{baseUrl}}/{{link}}', noauth: true, tests: [status(200),
        "pm.test('it is an MP4', () => {", "    pm.expect(pm.response.headers.get('Content-Type')).to.eql('video/mp4');", "    pm.expect(pm.response.stream.slice(4, 8).toString()).to.eql('ftyp');", '});'] },
    { operation: 'retryTask', path: { task_id: '{{task_id}}' }, tests: [status(409), "pm.test('it has not failed', () => pm.expect(pm.response.json().code).to.eql('retry_state'));"] },
    { operation: 'createUpload', header: [header('Tus-Resumable', '1.0.0'), header('Upload-Length', '{{size}}'), header('Upload-Metadata', 'filename Y2xpcC5tcDQ=')], body: { mode: 'raw', raw: '' },
        tests: [status(201), keep('upload_id', "pm.response.headers.get('Location').split('/').pop()")] },
    { operation: 'sendPiece', path: { upload_id: '{{upload_id}}' }, header: [header('Tus-Resumable', '1.0.0'), header('Upload-Offset', '0'), header('Content-Type', 'application/offset+octet-stream')], body: clip,
        tests: [status(204), keep('second_id', "pm.response.headers.get('Reelgate-Task')"), "pm.test('it became a task', () => pm.expect(Number(pm.collectionVariables.get('second_id'))).to.be.above(0));"] },
    { operation: 'getUpload', path: { upload_id: '{{upload_id}}' }, header: [header('Tus-Resumable', '1.0.0')],
        tests: [status(200), "pm.test('all of it is there', () => pm.expect(pm.response.headers.get('Upload-Offset')).to.eql(String(pm.variables.get('size'))));"] },
    { operation: 'addHook', body: raw({ url: 'https://example.org/reels', events: ['task.failed'], enabled: false }), tests: [status(201), keep('hook_id', 'pm.response.json().id'), "pm.test('its secret is told', () => pm.expect(pm.response.json().secret).to.match(/^whsec_/));"] },
    { operation: 'changeHook', path: { hook_id: '{{hook_id}}' }, body: raw({ description: 'failures' }), tests: [status(200), "pm.test('it is changed', () => pm.expect(pm.response.json().description).to.eql('failures'));"] },
    { operation: 'deleteHook', path: { hook_id: '{{hook_id}}' }, tests: [status(204)] },
    { operation: 'deleteTask', path: { task_id: '{{task_id}}' }, tests: [status(200)] },
    { operation: 'deleteTask', path: { task_id: '{{second_id}}' }, tests: [status(200)] },
    { operation: 'getTask', path: { task_id: '{{task_id}}' }, tests: [status(404), "pm.test('it is gone', () => pm.expect(pm.response.json().code).to.eql('task_not_found'));"] },
];

function step(api, folders, wanted, i) {
    const { summary } = Object.values(api.paths).flatMap((item) => Object.values(item)).find((o) => o?.operationId === wanted.operation);
    const found = folders.flatMap((f) => f.item).find((i) => i.name === summary);
    const { request, ...rest } = structuredClone(found);
    delete request.description;
    for (const variable of request.url.variable ?? []) variable.value = wanted.path?.[variable.key] ?? variable.value;
    if (wanted.url) request.url = wanted.url;
    if (wanted.body) request.body = wanted.body;
    request.header = wanted.header ?? (wanted.body?.mode === 'formdata' ? [] : request.header.filter((h) => !h.disabled));
    if (wanted.noauth) request.auth = { type: 'noauth' };
    // scripts go to a request by its name, so each has one of its own
    const name = `${String(i + 1).padStart(2, '0')} ${summary}`;
    request.name = name;
    return { ...rest, name, request, event: [...(wanted.before ? [script('prerequest', wanted.before)] : []), script('test', wanted.tests)] };
}

export async function makeCollection() {
    const api = parse(readFileSync(from('openapi.yaml'), 'utf8'));
    const made = await convert(api);
    const folders = made.item.map(tidy);
    return {
        info: { name: api.info.title, description: api.info.description, schema: made.info.schema },
        variable: [{ key: 'baseUrl', value: 'http://127.0.0.1:8000' }, { key: 'token', value: '' }],
        auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
        item: [{ name: 'Walk', item: WALK.map((wanted, i) => step(api, folders, wanted, i)) }, ...folders],
    };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
    const text = `${JSON.stringify(await makeCollection(), null, 1)}\n`;
    if (process.argv[2] !== '--check') {
        writeFileSync(from('postman.json'), text);
    } else if (readFileSync(from('postman.json'), 'utf8') !== text) {
        console.error('api/postman.json is not what script/postman makes; run it');
        process.exitCode = 1;
    }
}
