// tus 1.0 by hand, for what well-behaved clients never do: bodies that are cut, that hang, that lie.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { check } from './contract.mjs';

export const OCTETS = 'application/offset+octet-stream';
export const digest = (bytes, algorithm = 'sha256') => createHash(algorithm).update(bytes).digest();
// Upload-Metadata of an object; null: a key without a value.
export const metadata = (o) => Object.entries(o).map(([k, v]) => (v === null ? k : `${k} ${Buffer.from(v).toString('base64')}`)).join(',');

function send(client, method, path, headers) {
    const all = { 'Tus-Resumable': '1.0.0', ...headers };
    if (client.token) all.Authorization ??= `Bearer ${client.token}`;
    for (const name of Object.keys(all)) if (all[name] === null) delete all[name];
    const request = http.request(new URL(path, client.url), { method, headers: all, agent: false });
    const answer = new Promise((done) => {
        request.on('error', (error) => done({ error }));
        request.on('response', (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('error', (error) => done({ error }));
            response.on('end', () => {
                const text = Buffer.concat(parts).toString();
                check({ method, url: path, headers: all }, { status: response.statusCode, headers: Object.entries(response.headers), body: Buffer.concat(parts) });
                let json = null;
                try {
                    json = JSON.parse(text);
                } catch { /* not every answer is JSON */ }
                done({ status: response.statusCode, headers: response.headers, text, json });
            });
        });
    });
    return { request, answer };
}

// { status, headers, text, json }, or { error }. A header that is null is not sent.
export async function ask(client, method, path, { headers = {}, body } = {}) {
    const { request, answer } = send(client, method, path, { ...(body ? { 'Content-Length': body.length } : {}), ...headers });
    request.end(body);
    return answer;
}

export class Upload {
    constructor(client, path) {
        this.client = client;
        this.path = path;
    }
    // A new upload of that many bytes.
    static async create(client, length, { meta = { filename: 'clip.mp4' }, headers = {}, body } = {}) {
        const all = { 'Upload-Length': length, 'Upload-Metadata': metadata(meta), ...(body ? { 'Content-Type': OCTETS } : {}), ...headers };
        const answer = await ask(client, 'POST', '/api/uploads', { headers: all, body });
        assert.equal(answer.status, 201, answer.text ?? String(answer.error));
        const upload = new Upload(client, new URL(answer.headers.location, new URL('/api/uploads', client.url)).pathname);
        upload.created = answer;
        return upload;
    }
    // The same upload by another client, such as one of another server.
    at(client) { return new Upload(client, this.path); }

    head(headers) { return ask(this.client, 'HEAD', this.path, { headers }); }
    async offset() {
        const answer = await this.head();
        assert.equal(answer.status, 200, `HEAD: ${answer.status ?? answer.error}`);
        return Number(answer.headers['upload-offset']);
    }
    headers(offset, headers) { return { 'Content-Type': OCTETS, 'Upload-Offset': offset, ...headers }; }
    patch(offset, body, headers) { return ask(this.client, 'PATCH', this.path, { headers: this.headers(offset, headers), body }); }
    remove() { return ask(this.client, 'DELETE', this.path); }

    // A PATCH that announces more than it sends, and stays: { request, answer }.
    async hang(offset, announced, bytes, headers) {
        const open = send(this.client, 'PATCH', this.path, this.headers(offset, { 'Content-Length': announced, ...headers }));
        await new Promise((done) => open.request.write(bytes, done));
        return open;
    }
    // The same, and then it is gone.
    async cut(offset, announced, bytes, headers) {
        const open = await this.hang(offset, announced, bytes, headers);
        open.request.destroy();
    }
    async task() {
        const answer = await this.head();
        return Number(answer.headers?.['reelgate-task'] ?? 0);
    }
}

// SHA-256 of every clip that a server keeps, sorted.
export const keptClips = (dir, names) => names.filter((name) => /(^|\/)clips\//.test(name)).map((name) => digest(readFileSync(join(dir, name))).toString('hex')).sort();
