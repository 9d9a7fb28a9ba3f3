// Uploads by the page in a real browser: what is refused before it is sent, how far they are, over a
// line that breaks, after the page was left, and in several tabs at once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { bytes, clip, ffmpeg } from './lib/clips.mjs';
import { WORDS, give, isForAll, isReady, logIn, open, shot, signUp } from './lib/page.mjs';
import { Server, folder, serve } from './lib/reelgate.mjs';

// A clip of some megabytes, over a line that needs some seconds for it.
const large = () => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '10', '-i', 'testsrc2=s=640x480:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M']);
// A small clip in a file of so many MiB: what is added is a box that MP4 readers skip.
async function heavy(mib) {
    const free = Buffer.alloc(mib << 20);
    free.writeUInt32BE(free.length, 0);
    free.write('free', 4);
    return bytes('.mp4', Buffer.concat([readFileSync(await clip(2)), free]));
}
async function slowly(context, page, bytes_a_second) {
    const cdp = await context.newCDPSession(page);
    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes_a_second });
    return cdp;
}
// A watch on what the first card says: [badge, percent] for each change.
const watch = (page) => page.evaluate(() => {
    window.seen = [];
    new MutationObserver(() => {
        const bar = document.querySelector('.card .bar'), badge = document.querySelector('.card .badge');
        if (bar && badge) window.seen.push([badge.textContent, bar.value]);
    }).observe(document.getElementById('list'), { subtree: true, childList: true, attributes: true, characterData: true });
});

test('upload and work show how far they are', async (t) => {
    const server = await serve(t, '--preset', 'slow');
    const { page, context, troubles } = await open(t, server);
    await signUp(page, WORDS.en, 'ana');
    await slowly(context, page, 1_500_000);
    await watch(page);
    await give(page, await large());
    await page.locator('.badge', { hasText: 'Uploading' }).waitFor();
    await page.locator('.badge', { hasText: 'Processing' }).waitFor();
    await shot(page, 'working-desktop-en');
    await isForAll(page, 'at work');
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    const seen = await page.evaluate(() => window.seen);
    for (const word of ['Uploading', 'Processing']) {
        const values = seen.filter(([w]) => w === word).map(([, v]) => v);
        assert.ok(new Set(values).size >= 3, `${word}: ${[...new Set(values)]}`);
        assert.ok(values.every((v, i) => i === 0 || v >= values[i - 1]), `${word} only grows`);
    }
    assert.equal(await page.evaluate(() => performance.getEntriesByType('resource').filter((r) => /\/api\/tasks\/\d+$/.test(r.name)).length < 8), true, 'it was told, and did not have to ask');
    assert.deepEqual(troubles, []);
});

test('without a stream of events the page looks by itself', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server);
    await page.route('**/api/tasks/events', (route) => route.abort());
    await signUp(page, WORDS.en, 'ana');
    await page.locator('.offline').waitFor();
    await give(page, await clip(1));
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
});

test('an upload goes on from where it was when the server has been away, and when the page has been left', async (t) => {
    const dir = folder(t), server = new Server(dir, []);
    t.after(() => server.stop('SIGKILL'));
    await server.start();
    const { page, context } = await open(t, server);
    const port = new URL(server.url).port;
    const path = await heavy(24);
    await signUp(page, WORDS.en, 'ana');
    let cdp = await slowly(context, page, 4_000_000);
    await watch(page);
    await page.setInputFiles('#files', path);
    await page.fill('#draft-title', 'A good title');
    await page.locator('.choice', { hasText: 'Crop' }).click();
    await page.locator('#send').click();
    const percent = (least) => page.waitForFunction((n) => Number(/^(\d+) %$/.exec(document.querySelector('.card .facts')?.textContent)?.[1]) >= n, least);
    await percent(40);
    await server.kill();
    await page.locator('.badge', { hasText: 'Paused' }).waitFor();
    await page.locator('.offline', { hasText: 'Uploads go on by themselves' }).waitFor();
    assert.equal(await page.locator('.offline, .error').count(), 1, 'one message for one outage');
    await shot(page, 'lost-desktop-en');
    await server.start(['--listen', `127.0.0.1:${port}`]);
    await page.locator('.badge', { hasText: 'Uploading' }).waitFor();
    await page.locator('.offline').waitFor({ state: 'detached' });
    await percent(60);
    const bars = (await page.evaluate(() => window.seen)).map(([, value]) => value);
    assert.ok(bars.every((value, i) => i === 0 || value >= bars[i - 1]), `it never runs backwards: ${bars}`);

    page.on('dialog', (dialog) => dialog.accept());
    await page.reload();
    await page.locator('.unfinished', { hasText: 'Choose the same file to go on' }).waitFor();
    assert.match(await page.locator('.unfinished').textContent(), /A good title/);
    await shot(page, 'unfinished-desktop-en');
    await isForAll(page, 'an upload that waits');
    cdp = await slowly(context, page, 4_000_000);
    await page.setInputFiles('#files', path);
    await page.locator('.shot-note', { hasText: 'is there already' }).waitFor();
    const from = Number(/(\d+) %/.exec(await page.locator('.shot-note').textContent())[1]);
    assert.ok(from >= 30, `from ${from} %`);
    assert.equal(await page.locator('dialog[open]').count(), 0, 'nothing is asked again');
    await shot(page, 'resumed-desktop-en');
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    assert.equal(await page.locator('.unfinished').count(), 0);
    assert.equal(await page.locator('.card').count(), 1);
    const ana = await new Client(server).login('ana');
    const [{ id }] = await ana.tasks();
    const task = await ana.task(id);
    assert.deepEqual([task.clip.bytes, task.title, task.fit], [readFileSync(path).length, 'A good title', 'crop'], 'the whole of it, once, as was wished');
});

test('what cannot be a clip is refused when it is chosen, by name, and nothing of it is sent', async (t) => {
    const server = await serve(t, '--max-upload', '3M', '--quota', '4M');
    const { page, troubles } = await open(t, server);
    await signUp(page, WORDS.en, 'ana');
    await page.waitForFunction(() => performance.getEntriesByName(`${location.origin}/api/me`).length > 0);
    const { accept } = await (await new Client(server).login('ana')).api.me();
    await page.waitForFunction((list) => document.querySelector('#files').accept === list, accept.join(','));
    const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(60)]);
    const jpeg = (more) => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 40]), Buffer.from(more), Buffer.alloc(200)]);
    const box = (type, more = '') => { const b = Buffer.alloc(8 + more.length); b.writeUInt32BE(b.length); b.write(type + more, 4, 'latin1'); return b; };
    const bad = [
        ['notes.mp4', Buffer.from('only text\n'.repeat(100)), /notes\.mp4 It is a text, not a clip/],
        ['report.pdf', Buffer.from('%PDF-1.7\n\x00'), /report\.pdf It is a document/],
        ['clips.zip', Buffer.from('PK\x03\x04\x00\x00'), /clips\.zip It is an archive/],
        ['photo.mp4', png, /photo\.mp4 It is a photo/],
        ['IMG_1.jpg', jpeg('Exif'), /IMG_1\.jpg It is a photo/],
        ['IMG_2.heic', Buffer.concat([box('ftyp', 'heic\0\0\0\0mif1'), box('meta', '\0'.repeat(64))]), /IMG_2\.heic It is a photo/],
        ['song.m4a', Buffer.concat([box('ftyp', 'M4A \0\0\0\0'), Buffer.alloc(40)]), /song\.m4a It is a sound recording/],
        ['empty.mov', Buffer.alloc(0), /empty\.mov It is empty \(0 bytes\)/],
        ['long.mp4', readFileSync(await heavy(4)), /long\.mp4 It has 4\.\d MB, and at most 3\.1 MB are taken/],
    ].map(([name, buffer, says]) => ({ name, mimeType: '', buffer, says }));
    await page.setInputFiles('#files', bad.map(({ name, mimeType, buffer }) => ({ name, mimeType, buffer })));
    await page.locator('.refused li').nth(bad.length - 1).waitFor();
    const said = await page.locator('.refused li').allTextContents();
    for (const [i, { says }] of bad.entries()) assert.match(said[i], says);
    assert.equal(await page.locator('.card, dialog[open]').count(), 0);
    await isForAll(page, 'what was refused');
    await shot(page, 'refused-desktop-en');

    // photos that may move go up, and one good file among bad ones is prepared; the quota counts what is on its way
    const [first, second] = [await heavy(2), await heavy(2)].map((path) => readFileSync(path));
    await page.setInputFiles('#files', [
        { name: 'PXL.MP.jpg', mimeType: 'image/jpeg', buffer: jpeg('GCamera:MotionPhoto="1"') },
        { name: 'one.mp4', mimeType: 'video/mp4', buffer: first }, { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('text') },
        { name: 'two.mp4', mimeType: 'video/mp4', buffer: second },
    ]);
    await page.locator('#prepare .pager', { hasText: 'Clip 1 of 2' }).waitFor();
    assert.deepEqual((await page.locator('#prepare .refused li').allTextContents()).map((text) => text.split(' It ')[0]), ['notes.txt', 'two.mp4']);
    assert.match(await page.locator('#prepare .refused li').nth(1).textContent(), /It has 2\.\d MB, and \d+ kB|MB of your 4\.2 MB are free/);
    await page.getByRole('button', { name: 'Leave this clip out' }).click();
    await page.locator('#send').click();
    await isReady(page, 'one', WORDS.en);
    assert.equal(await page.locator('.refused').count(), 0, 'it was read');
    assert.deepEqual(troubles, []);
});

test('an upload that the server refuses counts as failed, and is tried again where that can help', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server);
    await signUp(page, WORDS.en, 'ana');
    const refuse = (status, code) => page.route('**/api/uploads', (route) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify({ message: 'No', code, request_id: 'x' }) }), { times: 1 });
    await refuse(415, 'not_a_video');
    await give(page, await clip(0.4));
    await page.locator('.card .error', { hasText: 'No. Choose a video file' }).waitFor();
    assert.equal(await page.locator('.again').count(), 0, 'it would be refused again');
    assert.deepEqual((await page.locator('.filters a .count').allTextContents()).map(Number), [1, 0, 0, 1]);
    await page.locator('.card .remove').click();
    await page.locator('#empty').waitFor();
    await refuse(403, 'quota_exceeded');
    await give(page, await clip(0.4));
    await page.locator('.filters a', { hasText: 'Failed' }).click();
    await page.locator('.card .error', { hasText: 'Delete clips' }).waitFor();
    await page.locator('.card .again').click();
    await page.locator('.filters a', { hasText: 'All' }).click();
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
});

test('another tab shows what the first one sends, lets it be, and goes on when that is closed; they share the log-in', async (t) => {
    const server = await serve(t);
    const { page: first, context, troubles } = await open(t, server);
    await signUp(first, WORDS.en, 'ana');
    const path = await heavy(12);
    await slowly(context, first, 1_500_000);
    await give(first, path);
    await first.waitForFunction(() => document.querySelector('.card .bar')?.value >= 10);
    await first.locator('.card .picture').waitFor(); // what it will show, from the file itself
    const second = await context.newPage();
    await second.goto(server.url);
    await second.locator('.card', { hasText: 'Another tab uploads it' }).waitFor();
    await second.waitForFunction(() => document.querySelector('.card .bar')?.value >= 15);
    assert.equal(await second.locator('.unfinished, .card button').count(), 0, 'there is nothing to stop it with');
    await isForAll(second, 'an upload of another tab');
    await second.screenshot({ path: 'test/artifacts/other-tab-desktop-en.png' });
    await second.setInputFiles('#files', path);
    await second.locator('.refused', { hasText: 'It is being uploaded in another tab' }).waitFor();
    assert.equal(await first.locator('.badge', { hasText: 'Uploading' }).count(), 1, 'it was not disturbed');
    const sent = await first.$eval('.card .bar', (bar) => bar.value);
    await first.close();
    await second.locator('.unfinished', { hasText: basename(path, '.mp4') }).waitFor();
    await second.setInputFiles('#files', path);
    await second.locator('.shot-note', { hasText: 'is there already' }).waitFor();
    assert.ok(Number(/(\d+) %/.exec(await second.locator('.shot-note').textContent())[1]) >= sent);
    await second.locator('.badge', { hasText: 'Ready' }).waitFor();
    assert.equal((await (await new Client(server).login('ana')).tasks()).length, 1);

    const third = await context.newPage();
    await third.goto(server.url);
    await third.locator('.card').waitFor();
    await second.locator('#logout').click();
    await third.locator('#door').waitFor();
    await logIn(third, 'ANA@example.org');
    await second.locator('#desk').waitFor();
    assert.equal(await second.locator('#who').textContent(), 'ana', 'an address is not a name');
    assert.deepEqual(troubles, []);
});
