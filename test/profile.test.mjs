// The profile: a change holds for tasks that come after it, on every machine; logos are looked at before
// they are one, and shown before they are used.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { Client } from './lib/client.mjs';
import { clip, colour, ffmpeg, ffprobe } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres } from './lib/engines.mjs';
import { folder, root, run, serve, until } from './lib/reelgate.mjs';
import { Upload } from './lib/tus.mjs';

const RED = [200, 30, 40], BLUE = [20, 60, 200];
const near = (got, wanted, what) => got.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) <= 12, `${what}: ${got}, not ${wanted}`));
const hex = (rgb) => `0x${rgb.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
// A square of another colour on a ground of its own.
const logo = async (ground, extension = '.png') => readFileSync(await ffmpeg(extension, ['-f', 'lavfi', '-i', `color=${hex(ground)}:s=300x300`,
    '-vf', 'drawbox=100:100:100:100:white:fill,format=rgb24', '-frames:v', '1', ...(extension === '.jpg' ? ['-q:v', '2'] : [])]));
const says = (answer, status, code) => assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.text);
const give = (client, bytes, type = 'image/png') => client.post('/api/admin/logos', bytes, { headers: { 'Content-Type': type } });
const change = (client, values) => client.call('PUT', '/api/admin/profile', { body: values });
const artifacts = join(root, 'test/artifacts');
mkdirSync(artifacts, { recursive: true });

// A server whose user ana is an admin.
async function admins(t, ...flags) {
    const server = await serve(t, ...flags);
    await new Client(server).user('ana');
    await server.stop();
    assert.equal((await run(['user', 'admin', '--data', server.dir, 'ana'])).code, 0);
    await server.start();
    return { server, ana: await new Client(server).login('ana') };
}
async function reel(t, client, task) {
    const { pathname, search } = new URL(task.download), path = join(folder(t), 'reel.mp4');
    writeFileSync(path, (await client.get(pathname + search, { token: null })).bytes);
    return { path, seconds: Number((await ffprobe(path)).format.duration) };
}
async function picture(t, bytes, name) {
    const path = join(artifacts, name);
    writeFileSync(path, bytes);
    const { streams: [s] } = await ffprobe(path);
    assert.deepEqual([s.codec_name, s.width, s.height], ['mjpeg', 1280, 720]);
    return path;
}

test('a change holds for new tasks: one that waits keeps the version it was made under', async (t) => {
    const { server, ana } = await admins(t, '--workers', '0', '--longest', '9s');
    const zero = (await ana.get('/api/admin/profile')).json;
    assert.deepEqual([zero.version, zero.bumper_s, zero.longest_s, zero.fit, zero.preset, zero.logo, zero.logo_id, zero.created], [0, 2, 9, 'pad', 'ultrafast', false, null, null]);
    assert.deepEqual((await change(ana, zero)).json.version, 0, 'what is there already makes no version');
    const wide = readFileSync(await clip(3)), square = readFileSync(await clip(1, { size: '180x180' }));
    const waits = await ana.give(wide);
    const begun = await Upload.create(ana, square.length); // its task is made later

    const { json: { logo: id } } = await give(ana, await logo(RED));
    const preview = await ana.post('/api/admin/profile/preview', { logo: id, bumper_s: 1 });
    assert.equal(preview.headers.get('content-type'), 'image/jpeg');
    const shown = await picture(t, preview.bytes, 'profile-preview.jpg');
    for (const [x, y] of [[0, 0], [1, 0], [0, 1], [1, 1]]) near(await colour(shown, 0, x, y), RED, 'the ground');
    near(await colour(shown, 0, 0.5, 0.5), [255, 255, 255], 'the logo');
    assert.equal((await ana.get('/api/admin/profile')).json.version, 0, 'to look changes nothing');

    const made = await change(ana, { bumper_s: 1, longest_s: 4, fit: 'crop', max_height: 90, logo: id, ranges: 'ignored' });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.json.version, made.json.bumper_s, made.json.longest_s, made.json.crf, made.json.logo_id], [1, 1, 4, zero.crf, id]);
    const again = await change(ana, made.json);
    assert.deepEqual([again.status, again.json], [200, made.json], 'what is there already makes no version');
    const after = await ana.give(wide);
    const cropped = await ana.give(square);
    const padded = await ana.give(square, { fields: { fit: 'pad' } });
    const inPieces = Number((await begun.patch(0, square)).headers['reelgate-task']);
    assert.equal((await change(ana, { logo: null, fit: 'blur' })).json.version, 2);
    const last = await ana.give(square);
    assert.deepEqual((await ana.get('/api/admin/profile?version=1')).json, { ...made.json, ranges: zero.ranges });

    await server.stop();
    await server.start(['--workers', '1', '--longest', '9s']);
    const facts = async (task) => {
        const { profile, fit, receipt, reel: { width, height } } = await ana.made(task);
        assert.equal(receipt.profile, profile);
        return [profile, fit, width, height];
    };
    assert.deepEqual(await facts(waits), [0, 'pad', 320, 180]);
    assert.deepEqual(await facts(after), [1, 'crop', 160, 90]);
    assert.deepEqual(await facts(cropped), [1, 'crop', 160, 90]);
    assert.deepEqual(await facts(padded), [1, 'pad', 160, 90]);
    assert.deepEqual(await facts(inPieces), [1, 'crop', 160, 90]);
    assert.deepEqual(await facts(last), [2, 'blur', 160, 90]);
    const old = await reel(t, ana, await ana.task(waits)), now = await reel(t, ana, await ana.task(after)), mark = await reel(t, ana, await ana.task(last));
    assert.ok(Math.abs(old.seconds - 7) < 0.1, `${old.seconds} s`);
    assert.ok(Math.abs(now.seconds - 4) < 0.1, `${now.seconds} s`);
    const mine = await colour(old.path, 0.5, 0, 0);
    for (const seconds of [0.5, 3.5]) near(await colour(now.path, seconds, 0.02, 0.02), RED, 'both ends');
    near(await colour(mark.path, 0.5, 0, 0), mine, 'the built-in mark again');
    await server.stop();
    const doctor = JSON.parse((await server.doctor()).stdout);
    assert.ok(doctor.ok && !JSON.stringify(doctor).includes('belong to no task'), JSON.stringify(doctor));
});

// PNG chunks made by hand.
const table = Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n >>> 0; });
const crc = (data) => (data.reduce((c, byte) => table[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;
function chunk(type, data = Buffer.alloc(0)) {
    const body = Buffer.concat([Buffer.from(type), data]), out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
}
function png(width, height, ...more) {
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 0, 0, 0, 0], 8); // grey
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), ...more, chunk('IEND')]);
}

test('what is no logo, or a hostile one, is refused by a code of its own and leaves nothing', async (t) => {
    const { server, ana } = await admins(t);
    const good = await logo(BLUE), photo = await logo(BLUE, '.jpg');
    const zeros = deflateSync(Buffer.alloc(400 << 20), { level: 9 }); // 400 MB in 400 kB
    for (const [what, bytes, type, status, code] of [
        ['no bytes', Buffer.alloc(0), 'image/png', 400, 'empty_file'],
        ['a drawing', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'), 'image/svg+xml', 415, 'logo_type'],
        ['a drawing in disguise', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"></svg>'), 'image/png', 415, 'logo_type'],
        ['another type by its word', good, 'application/octet-stream', 415, 'logo_type'],
        ['a playlist', Buffer.from('#EXTM3U\nfile:///etc/passwd\n'), 'image/jpeg', 415, 'logo_type'],
        ['half a PNG', good.subarray(0, good.length / 2), 'image/png', 400, 'logo_bad'],
        ['half a JPEG', photo.subarray(0, photo.length / 2), 'image/jpeg', 400, 'logo_bad'],
        ['a damaged one', Buffer.concat([good.subarray(0, 60), Buffer.alloc(40, 255), good.subarray(100)]), 'image/png', 400, 'logo_bad'],
        ['as large as cameras make them', readFileSync(await ffmpeg('.jpg', ['-f', 'lavfi', '-i', 'color=red:s=6000x4000', '-frames:v', '1'])), 'image/jpeg', 201, undefined],
        ['a thousand million pixels', png(32767, 32767, chunk('IDAT', deflateSync(Buffer.alloc(9)))), 'image/png', 400, 'logo_pixels'],
        ['more inside than it says', png(8, 8, chunk('IDAT', deflateSync(Buffer.alloc(72))), chunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), zeros]))), 'image/png', 201],
        ['nothing inside', png(64, 64), 'image/png', 400, 'logo_bad'],
        ['too many bytes', Buffer.alloc((4 << 20) + 1, 'x'), 'image/png', 413, 'too_large'],
    ]) {
        const answer = await give(ana, bytes, type);
        assert.deepEqual([answer.status, answer.json?.code], [status, code], `${what}: ${answer.text}`);
    }
    assert.equal((await give(ana, good)).status, 201, 'and a good one is taken after all that');
    assert.equal((await give(ana, photo, 'image/jpeg; charset=binary')).status, 201);
    assert.ok(server.files().filter((name) => /logos\//.test(name)).length === 4, 'only what was taken is kept');
    assert.equal(server.logLines(/security event/).length, 0);

    for (const [values, code] of [[{ crf: 52 }, 'profile_bad'], [{ bumper_s: 10 }, 'profile_bad'], [{ preset: 'placebo' }, 'profile_bad'], [{ fit: 'zoom' }, 'profile_bad'],
        [{ max_fps: '60' }, 'field_type'], [{ logo: 7 }, 'field_type'], [{ logo: 'a'.repeat(26) }, 'logo_not_found'], [{ logo: '../../secret' }, 'logo_not_found'], [{ logo: '' }, 'logo_not_found']]) {
        says(await change(ana, values), 400, code);
        says(await ana.post('/api/admin/profile/preview', values), 400, code);
    }
    assert.equal((await ana.get('/api/admin/profile')).json.version, 0);

    // many at once: one at a time is drawn, the rest is sent away and may come again
    const many = await Promise.all(Array.from({ length: 8 }, () => ana.post('/api/admin/profile/preview', {})));
    assert.deepEqual([...new Set(many.map((a) => a.status))].filter((s) => s !== 200 && s !== 503), []);
    assert.ok(many.some((a) => a.status === 200));
    for (const answer of many.filter((a) => a.status === 503)) assert.ok(Number(answer.headers.get('retry-after')) > 0);
    await picture(t, (await until('one is drawn again', async () => { const a = await ana.post('/api/admin/profile/preview', { logo: false }); return a.status === 200 && a; })).bytes, 'profile-mark.jpg');

    const eve = await new Client(server).user('eve');
    const key = async (scopes) => new Client(server, (await ana.post('/api/keys', { name: 'k', scopes })).json.key);
    for (const [client, code] of [[eve, 'forbidden'], [await key(['read', 'upload', 'delete']), 'scope_missing']]) {
        says(await client.get('/api/admin/profile'), 403, code);
        says(await change(client, { crf: 30 }), 403, code);
        says(await client.post('/api/admin/profile/preview', {}), 403, code);
        says(await give(client, good), 403, code);
    }
    assert.equal((await change(await key(['admin']), { crf: 30 })).status, 201);
});

test('workers of two machines make reels by the version and the logo that a server was given', async (t) => {
    const database = await postgres(t);
    const all = new Cluster(t, { database: database.url });
    const one = await all.serve();
    await new Client(one).user('ana');
    database.query(`UPDATE users SET admin = 1`);
    const ana = await new Client(one).login('ana');
    const file = readFileSync(await clip(1)), before = await ana.give(file);
    const { json: { logo: id } } = await give(ana, await logo(BLUE, '.jpg'), 'image/jpeg');
    assert.equal((await change(ana, { logo: id, bumper_s: 1 })).json.version, 1);
    const ids = [];
    for (let i = 0; i < 6; i++) ids.push(await ana.give(file));
    const workers = [await all.work(), await all.work()];
    assert.equal((await ana.made(before)).profile, 0);
    for (const task of ids) {
        const done = await ana.made(task);
        assert.deepEqual([done.profile, done.receipt.profile, Math.round(done.reel.duration)], [1, 1, 3]);
        near(await colour((await reel(t, ana, done)).path, 0.5, 0, 0), BLUE, `task ${task}`);
    }
    assert.ok(workers.every((w) => w.logLines(/ attempt .*task=/).length > 0), 'both had work');
    assert.equal(readdirSync(join(all.dir, 'blobs/logos')).length, 1);
    for (const p of all.programs) assert.equal((await p.stop()).code, 0);
});
