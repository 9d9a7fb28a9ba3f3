// A client of the HTTP API: as plain as curl where a test looks at the answer itself, and by the client package (`api`)
// where it is the way to something else. Every answer is held against api/openapi.yaml.
import assert from 'node:assert/strict';
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { check } from './contract.mjs';
import { packaged } from './package.mjs';
import { PATIENCE_MS, until } from './reelgate.mjs';

export class Client {
    constructor(server, token = null) {
        this.server = server;
        this.token = token;
    }
    get url() { return this.server.url; }
    get api() { return (this.package ??= packaged(this)); }

    // { status, headers, text, json }; body: an object is sent as JSON, FormData and texts as they are.
    async call(method, path, { body, headers = {}, token = this.token } = {}) {
        const all = { ...headers };
        if (token) all.Authorization = `Bearer ${token}`;
        let data = body;
        if (body !== undefined && !(body instanceof FormData) && typeof body === 'object' && !(body instanceof Uint8Array)) {
            data = JSON.stringify(body);
            all['Content-Type'] ??= 'application/json';
        }
        const answer = await fetch(new URL(path, this.url), { method, headers: all, body: data, redirect: 'manual' });
        const bytes = Buffer.from(await answer.arrayBuffer());
        check({ method, url: path, headers: all, body: data === body ? undefined : body }, { status: answer.status, headers: answer.headers, body: bytes });
        const text = bytes.toString('utf8');
        let json = null;
        try {
            json = JSON.parse(text);
        } catch { /* not every answer is JSON */ }
        return { status: answer.status, headers: answer.headers, bytes, text, json };
    }
    get(path, options) { return this.call('GET', path, options); }
    post(path, body, options) { return this.call('POST', path, { body, ...options }); }
    delete(path, options) { return this.call('DELETE', path, options); }

    signup(username, password = 'correct horse', email = `${username}@example.org`, options) {
        return this.post('/api/auth/signup', { username, email, password1: password, password2: password }, options);
    }
    async login(username, password = 'correct horse') {
        const answer = await this.post('/api/auth/login', { username, password });
        assert.equal(answer.status, 200, answer.text);
        return new Client(this.server, answer.json.token);
    }
    // A client of its own for a new user.
    async user(username) {
        const answer = await this.signup(username);
        assert.equal(answer.status, 201, answer.text);
        return this.login(username);
    }

    form(bytes, name, fields = {}) {
        const form = new FormData();
        for (const [key, value] of Object.entries(fields)) form.append(key, value);
        form.append('file', new Blob([bytes]), name);
        return form;
    }
    // file: a path, or bytes with a name.
    upload(file, { name = typeof file === 'string' ? basename(file) : 'clip.mp4', fields, headers } = {}) {
        const bytes = typeof file === 'string' ? readFileSync(file) : file;
        return this.post('/api/tasks', this.form(bytes, name, fields), { headers });
    }
    // The id of the new task.
    give(file, { name = typeof file === 'string' ? basename(file) : 'clip.mp4', fields: { start, ...fields } = {}, idempotencyKey } = {}) {
        const bytes = typeof file === 'string' ? readFileSync(file) : file;
        return this.api.upload(new Blob([bytes]), { name, ...fields, start: start && Number(start), idempotencyKey });
    }
    task(id) { return this.api.task(id); }
    // Every task, page after page.
    async tasks(query) {
        const all = [];
        for await (const task of this.api.tasks(query)) all.push(task);
        return all;
    }
    // The bytes of a reel, by its link.
    async reel(task) { return Buffer.from(await (await this.api.download(task)).arrayBuffer()); }
    // The task once its reel is there, of which the server tells by itself.
    async made(id) {
        const task = await this.api.settled(id);
        assert.equal(task.status, 'processed', JSON.stringify(task.error));
        return task;
    }
    status(id, wanted, limit_ms = PATIENCE_MS) {
        return until(`task ${id} is ${wanted}`, async () => {
            const task = await this.task(id);
            if (task.status !== wanted && (task.status === 'processed' || task.status === 'failed'))
                throw new Error(`task ${id} is ${task.status}, not ${wanted}: ${JSON.stringify(task.error)}`);
            return task.status === wanted && task;
        }, limit_ms);
    }
    processed(id, limit_ms) { return this.status(id, 'processed', limit_ms); }
    failed(id, limit_ms) { return this.status(id, 'failed', limit_ms); }
}

// A multipart body's parts before and after the bytes of the file.
export function multipart(name = 'clip.mp4') {
    const boundary = 'reelgate-test-boundary';
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n` +
        'Content-Type: video/mp4\r\n\r\n';
    return { head: Buffer.from(head), tail: Buffer.from(`\r\n--${boundary}--\r\n`), type: `multipart/form-data; boundary=${boundary}` };
}

// A request by hand, for bodies that never end or are never sent. Gives { request, answer }, where
// answer resolves to { status, headers, json } or to { error }.
export function rawPost(client, path, headers) {
    const request = http.request(new URL(path, client.url), {
        method: 'POST',
        headers: { Authorization: `Bearer ${client.token}`, ...headers },
    });
    const answer = new Promise((done) => {
        request.on('error', (error) => done({ error }));
        request.on('response', (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('error', (error) => done({ error }));
            response.on('end', () => {
                const text = Buffer.concat(parts).toString();
                check({ method: 'POST', url: path, headers }, { status: response.statusCode, headers: Object.entries(response.headers), body: Buffer.concat(parts) });
                done({ status: response.statusCode, headers: response.headers, text, json: text ? JSON.parse(text) : null });
            });
        });
    });
    return { request, answer };
}
