// Clips and reels in object storage: a real S3 server (OpenStack Swift), whose objects another
// client reads back; what passes through and what does not; and what happens when it goes away.
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { Client } from './lib/client.mjs';
import { assertReel, bytes as clipFile, clip, colour, ffmpeg } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres, swift } from './lib/engines.mjs';
import { PATIENCE_MS, Server, folder, residentBytes, run, until } from './lib/reelgate.mjs';

const MB = 1 << 20;
let names = 0;

// The bucket as another client sees it.
class Bucket {
    constructor({ endpoint, env }) {
        this.client = new S3Client({
            endpoint, region: 'us-east-1', forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED',
            credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
        });
    }
    ask(Command, more) { return this.client.send(new Command({ Bucket: 'reels', ...more })); }
    async keys(prefix) { return ((await this.ask(ListObjectsV2Command, { Prefix: `${prefix}/` })).Contents ?? []).map((o) => o.Key); }
    async uploads(prefix) { return (await this.ask(ListMultipartUploadsCommand, { Prefix: `${prefix}/` })).Uploads ?? []; }
    async get(key) { return Buffer.from(await (await this.ask(GetObjectCommand, { Key: key })).Body.transformToByteArray()); }
}

// A place of its own in the bucket, and a server on it. through: what the server reaches it by.
async function serve(t, s3, flags = [], through = s3.endpoint) {
    const prefix = `t${++names}`;
    const server = new Server(folder(null), ['--storage', `s3://reels/${prefix}?endpoint=${through}`, ...flags]);
    server.env = s3.env;
    server.keys = () => s3.bucket.keys(prefix);
    server.uploads = () => s3.bucket.uploads(prefix);
    server.key = (kind, url) => `${prefix}/${kind}/${new URL(url).pathname.split('/').slice(4).join('/')}`;
    t.after(() => server.stop('SIGKILL'));
    return server.start();
}
const pathOf = (url) => new URL(url).pathname + new URL(url).search;

// Passes everything on to a port and counts what comes back.
function counting(t, port) {
    const counter = { served: 0, sent: 0 };
    const sockets = new Set();
    const server = net.createServer((from) => {
        const to = net.connect(port, '127.0.0.1');
        for (const s of [from, to]) {
            sockets.add(s);
            s.on('error', () => { from.destroy(); to.destroy(); }).on('close', () => sockets.delete(s));
        }
        from.on('data', (data) => (counter.sent += data.length));
        to.on('data', (data) => (counter.served += data.length));
        from.pipe(to);
        to.pipe(from);
    });
    t.after(() => { server.close(); for (const s of sockets) s.destroy(); });
    return new Promise((done) => server.listen(0, '127.0.0.1', () => { counter.endpoint = `http://127.0.0.1:${server.address().port}`; done(counter); }));
}

// A large file, never whole in memory. cut: ends the connection after so many bytes.
function uploadLarge(user, path, { cut = Infinity } = {}) {
    const head = Buffer.from('--x\r\nContent-Disposition: form-data; name="file"; filename="large.mp4"\r\n\r\n'), tail = Buffer.from('\r\n--x--\r\n');
    const url = new URL('/api/tasks', user.url);
    return new Promise((done, failed) => {
        const request = http.request(url, { method: 'POST', headers: { Authorization: `Bearer ${user.token}`, 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': head.length + statSync(path).size + tail.length } },
            async (answer) => {
                let text = '';
                for await (const part of answer) text += part;
                done({ status: answer.statusCode, headers: answer.headers, json: JSON.parse(text) });
            }).on('error', (error) => (cut < Infinity ? done(null) : failed(error)));
        let sent = 0;
        const file = createReadStream(path, { highWaterMark: MB });
        request.write(head);
        file.on('data', (data) => {
            sent += data.length;
            if (sent > cut) {
                file.destroy();
                return setTimeout(() => request.destroy(), 300);
            }
            if (!request.write(data)) {
                file.pause();
                request.once('drain', () => file.resume());
            }
        }).on('end', () => request.end(tail));
    });
}

// As a person does, in a browser that keeps to the page's content policy.
async function watchAndDownload(t, server, name, size) {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'], timeout: PATIENCE_MS });
    t.after(() => browser.close());
    const page = await browser.newPage({ locale: 'en-GB' });
    const troubles = [];
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('console', (m) => { if (m.type() === 'error') troubles.push(m.text()); });
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Log in' }).first().click();
    await page.getByLabel('User name').fill('ana');
    await page.getByLabel('Password', { exact: true }).fill('correct horse');
    await page.locator('#enter').click();
    const card = page.locator('.card', { hasText: name });
    const [download] = await Promise.all([page.waitForEvent('download'), card.locator('.get').click()]);
    assert.deepEqual([download.suggestedFilename(), statSync(await download.path()).size], [name, size]);
    await card.locator('.name a').click();
    await page.locator('video').evaluate((v) => v.play());
    await page.waitForFunction(() => document.querySelector('video').currentTime > 0.3);
    assert.deepEqual(troubles, []);
}

test('S3', async (t) => {
    const s3 = await swift(t);
    s3.bucket = new Bucket(s3);

    await t.test('clip, reel and poster are objects, and are gone when the task is deleted', async (t) => {
        const server = await serve(t, s3);
        const ana = await new Client(server).user('ana');
        const file = await clip(1);
        const task = await ana.processed(await ana.give(file));
        const reelKey = server.key('reels', task.download), posterKey = server.key('posters', task.poster);
        const [clipKey] = (await server.keys()).filter((key) => key.includes('/clips/'));
        assert.deepEqual((await server.keys()).sort(), [clipKey, posterKey, reelKey]);
        assert.ok((await s3.bucket.get(clipKey)).equals(readFileSync(file)), 'the clip is what was uploaded');
        const reel = await s3.bucket.get(reelKey);
        await assertReel(await clipFile('.mp4', reel), 1, { copied: true });
        assert.equal(reel.length, task.reel.bytes);

        // through the server: whole, in parts, and on conditions
        const get = (headers, method = 'GET') => ana.call(method, pathOf(task.download), { token: null, headers });
        const whole = await get({});
        assert.ok(whole.status === 200 && whole.bytes.equals(reel) && whole.headers.get('content-type') === 'video/mp4');
        const ranges = { 'bytes=0-0': [0, 1], 'bytes=1000-1999': [1000, 2000], [`bytes=${reel.length - 5}-`]: [reel.length - 5, reel.length], 'bytes=-100': [reel.length - 100, reel.length] };
        for (const [range, [from, to]] of Object.entries(ranges)) {
            const part = await get({ Range: range });
            assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes ${from}-${to - 1}/${reel.length}`]);
            assert.ok(part.bytes.equals(reel.subarray(from, to)), range);
        }
        assert.equal((await get({ Range: `bytes=${reel.length}-` })).status, 416);
        assert.equal((await get({ 'If-None-Match': whole.headers.get('etag') })).status, 304);
        const head = await get({}, 'HEAD');
        assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(reel.length)]);
        const poster = await ana.get(pathOf(task.poster), { token: null });
        assert.ok(poster.bytes.equals(await s3.bucket.get(posterKey)));

        assert.equal((await ana.delete(`/api/tasks/${task.task_id}`)).status, 200);
        assert.equal((await get({})).status, 404);
        await until('the objects are gone', async () => (await server.keys()).length === 0);
    });

    await t.test('with presigned downloads the bytes come from the storage', async (t) => {
        const through = await counting(t, s3.port);
        const server = await serve(t, s3, ['--presigned-downloads'], through.endpoint);
        const ana = await new Client(server).user('ana');
        const task = await ana.processed(await ana.give(await clip(1), { name: 'Mi gol.mp4' }));
        const reel = await s3.bucket.get(server.key('reels', task.download));
        for (const wish of ['', '&download=1']) {
            const sent = await ana.get(pathOf(task.download) + wish, { token: null });
            assert.equal(sent.status, 307);
            const location = sent.headers.get('location');
            assert.ok(location.startsWith(`${through.endpoint}/reels/`), location);
            assert.ok(!location.includes('testing'), 'no secret in a link');
            const answer = await fetch(location);
            assert.ok(Buffer.from(await answer.arrayBuffer()).equals(reel));
            assert.equal(answer.headers.get('content-type'), 'video/mp4');
            assert.match(answer.headers.get('content-disposition'), wish ? /^attachment; filename="Mi gol.mp4"/ : /^inline; filename="Mi gol.mp4"/);
            const part = await fetch(location, { headers: { Range: 'bytes=10-19' } });
            assert.deepEqual([part.status, Buffer.from(await part.arrayBuffer())], [206, reel.subarray(10, 20)]);
            assert.equal((await fetch(location.split('?')[0])).status, 400, 'without its signature it is no request at all');
            assert.equal((await fetch(location.replace('reels/t', 'reels/x'))).status, 403, 'nor for another object');
        }
        assert.equal((await ana.call('HEAD', pathOf(task.download), { token: null })).status, 200, 'a link is for GET alone');
        const served = through.served;
        await ana.get(pathOf(task.download), { token: null });
        assert.equal(through.served, served, 'the server asks the storage for nothing');
        const policy = (await ana.get('/')).headers.get('content-security-policy');
        assert.ok(policy.includes(`media-src 'self' blob: ${through.endpoint};`), policy);
        await watchAndDownload(t, server, 'Mi gol.mp4', reel.length);
        const refused = new Server(folder(t), ['--presigned-downloads']);
        await assert.rejects(refused.start(), /presigned-downloads: the storage gives no links/);
    });

    await t.test('a logo is an object, which workers fetch for the versions that name it', async (t) => {
        const server = await serve(t, s3);
        await new Client(server).user('ana');
        await server.stop();
        assert.equal((await run(['user', 'admin', '--data', server.dir, 'ana'])).code, 0);
        await server.start();
        const ana = await new Client(server).login('ana');
        const picture = readFileSync(await ffmpeg('.png', ['-f', 'lavfi', '-i', 'color=red:s=64x64', '-frames:v', '1']));
        const { json: { logo } } = await ana.post('/api/admin/logos', picture, { headers: { 'Content-Type': 'image/png' } });
        const [key] = await server.keys();
        assert.match(key, new RegExp(`/logos/${logo}$`));
        assert.ok((await s3.bucket.get(key)).equals(picture));
        assert.equal((await ana.call('PUT', '/api/admin/profile', { body: { logo } })).status, 201);
        assert.equal((await ana.post('/api/admin/profile/preview', {})).headers.get('content-type'), 'image/jpeg');
        for (let i = 0; i < 2; i++) {
            const task = await ana.processed(await ana.give(await clip(1)));
            const [r, g, b] = await colour(await clipFile('.mp4', await s3.bucket.get(server.key('reels', task.download))), 0.5, 0, 0);
            assert.ok(task.profile === 1 && r > 220 && g < 30 && b < 30, `${r} ${g} ${b}`);
        }
    });

    await t.test('a large clip passes in fixed memory, and its copy costs a few percent of it', async (t) => {
        const through = await counting(t, s3.port);
        const server = await serve(t, s3, [], through.endpoint);
        const ana = await new Client(server).user('ana');
        const part = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '10', '-i', 'testsrc2=s=1280x720:r=25', '-f', 'lavfi', '-t', '10', '-i', 'sine=r=48000', '-vf', 'noise=alls=12:allf=t',
            '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '4M', '-pix_fmt', 'yuv420p', '-g', '50', '-c:a', 'aac', '-b:a', '64k']);
        const loops = Math.ceil(220e6 / statSync(part).size);
        const large = join(folder(t), 'large.mp4');
        execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-stream_loop', String(loops), '-i', part, '-c', 'copy', large]);
        const size = statSync(large).size;
        assert.ok(size > 200e6, `${size} bytes`);
        await ana.processed(await ana.give(await clip(1))); // what is loaded once is loaded
        const before = residentBytes(server.pid);
        let most = before;
        const watch = setInterval(() => (most = Math.max(most, residentBytes(server.pid))), 50);
        const answer = await uploadLarge(ana, large);
        assert.equal(answer.status, 201, JSON.stringify(answer.json));
        clearInterval(watch);
        const served = through.served;
        const task = await ana.processed(answer.json.task_id ?? answer.json.id);
        assert.equal(task.path, 'copy', task.reason);
        const cost = (through.served - served) / size;
        t.diagnostic(`${(size / 1e6).toFixed(0)} MB uploaded with ${((most - before) / 1e6).toFixed(1)} MB of memory; the copy read ${((through.served - served) / 1e6).toFixed(1)} MB, ${(100 * cost).toFixed(1)} %`);
        assert.ok(most - before < 64e6, `${most - before} bytes more memory`);
        assert.ok(cost < 0.08, `${cost} of the clip was read`);
        const [key] = (await server.keys()).filter((k) => k.endsWith(task.file_path));
        const stored = await s3.bucket.get(key);
        assert.ok(stored.equals(readFileSync(large)), 'it is stored as it was sent');
        assert.equal((await server.uploads()).length, 0);
    });

    await t.test('doctor tells whether the storage lets us in', async (t) => {
        const look = async (url, env = s3.env) => {
            const { stdout } = await run(['doctor', '--json', '--listen', '127.0.0.1:0', '--data', folder(t), '--storage', url], { env });
            return JSON.parse(stdout).checks.find((c) => c.check === 'storage');
        };
        assert.equal((await look(s3.url)).state, 'ok');
        const wrong = await look(s3.url, { ...s3.env, AWS_SECRET_ACCESS_KEY: 'other' });
        assert.ok(wrong.state === 'fail' && /403 SignatureDoesNotMatch/.test(wrong.detail), wrong.detail);
        const missing = await look(`s3://missing?endpoint=${s3.endpoint}`);
        assert.ok(missing.state === 'fail' && /there is no such bucket/.test(missing.detail), missing.detail);
        const down = await look('s3://reels?endpoint=http://127.0.0.1:1');
        assert.ok(down.state === 'fail' && /start it/.test(down.hint), down.hint);
        const none = await look(s3.url, { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
        assert.ok(none.state === 'fail' && /AWS_ACCESS_KEY_ID/.test(none.detail), none.detail);
    });

    await t.test('an upload that is cut off leaves nothing', async (t) => {
        const server = await serve(t, s3);
        const ana = await new Client(server).user('ana');
        const data = join(folder(t), 'cut.mp4');
        writeFileSync(data, Buffer.concat([readFileSync(await clip(1)), Buffer.alloc(30 * MB)]));
        const cut = uploadLarge(ana, data, { cut: 20 * MB });
        await until('parts of it have left', async () => (await server.uploads()).length === 1);
        await cut;
        await until('nothing is left', async () => (await server.uploads()).length === 0 && (await server.keys()).length === 0);
        assert.deepEqual(await ana.tasks(), []);
    });

    await t.test('the storage goes down: uploads get 503, running work is finished when it is back', async (t) => {
        const database = await postgres(t);
        const all = new Cluster(t, { database: database.url, storage: `s3://reels/cluster?endpoint=${s3.endpoint}`, env: s3.env }, ['--preset', 'slow', '--free-space-floor', '0', '--sweep', '200ms', '--lease', '2s']);
        const server = await all.serve('--password-memory', '8M', '--password-passes', '1');
        const worker = await all.work();
        const ana = await new Client(server).user('ana');
        const slow = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '4', '-i', 'testsrc2=s=960x720:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35']);
        const id = await ana.give(slow);
        await until('it is being worked on', async () => (await ana.task(id)).progress > 0);
        await s3.kill();
        const refused = await ana.upload(await clip(0.4));
        assert.deepEqual([refused.status, refused.json.code], [503, 'unavailable'], refused.text);
        assert.ok(Number(refused.headers.get('retry-after')) > 0);
        assert.equal((await ana.tasks()).length, 1, 'no half-made task');
        await until('the attempt is handed back', () => worker.logLines(/attempt ended .*code=unavailable/).length > 0);
        await s3.start();
        const task = await ana.processed(id);
        assert.equal((await ana.get(pathOf(task.download), { token: null })).bytes.length, task.reel.bytes);
        await ana.processed(await ana.give(await clip(0.4)));
        const keys = await s3.bucket.keys('cluster');
        assert.equal(keys.length, 6, `clip, reel and poster of each and nothing else: ${keys}`);
        assert.equal(database.query('SELECT max(attempts) FROM tasks'), '1', 'what was not its fault is not counted');
    });
});
