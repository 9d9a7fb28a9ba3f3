// The page in a real browser: the whole walk, wide and narrow, in both languages; with the keyboard; for
// those who listen to it; over a network that fails; and with text that would like to be HTML. Pictures
// go to test/artifacts; with REELGATE_SHOTS=1 the two of the README to doc/img.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { bytes, clip, ffmpeg, real } from './lib/clips.mjs';
import { artifacts, isForAll, logIn, noSideways, open, shifted, shot, signUp } from './lib/page.mjs';
import { Server, folder, root, run, serve, until } from './lib/reelgate.mjs';

const WORDS = {
    es: { signUp: 'Crear cuenta', ready: 'Listo', remove: 'Eliminar', undo: 'Deshacer', name: 'Usuario', email: 'Correo electrónico', pass: 'Contraseña', pass2: 'Repita la contraseña', retry: 'Reintentar', checked: 'pasó todas las pruebas', blur: 'Bordes difuminados', copied: 'Enlace copiado' },
    en: { signUp: 'Sign up', ready: 'Ready', remove: 'Delete', undo: 'Undo', name: 'User name', email: 'E-mail', pass: 'Password', pass2: 'Password again', retry: 'Try again', checked: 'passed every test', blur: 'Blurred borders', copied: 'Link copied' },
};

// Lets go of files over the page, as a hand does.
async function drop(page, ...files) {
    const given = files.map(({ name, path }) => ({ name, data: readFileSync(path).toString('base64') }));
    const transfer = await page.evaluateHandle((list) => {
        const t = new DataTransfer();
        for (const { name, data } of list) t.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type: 'video/mp4' }));
        return t;
    }, given);
    for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('#drop', type, { dataTransfer: transfer });
}
const card = (page, name) => page.locator('.card', { hasText: name });
const isReady = (page, name, words) => card(page, name).locator('.badge', { hasText: words.ready }).waitFor();
// Chooses files as they are, and sends them up.
async function give(page, files) {
    await page.setInputFiles('#files', files);
    await page.locator('#send').click();
}

for (const [language, size] of [['en', 'desktop'], ['es', 'desktop'], ['en', 'phone'], ['es', 'phone']])
    test(`the whole walk, ${language}, ${size}`, async (t) => {
        const server = await serve(t);
        const words = WORDS[language];
        const { page, troubles } = await open(t, server, { language, size, scheme: size === 'phone' ? 'dark' : 'light' });
        assert.equal(await page.locator('html').getAttribute('lang'), language);
        await shot(page, `door-${size}-${language}`);
        await noSideways(page);
        await isForAll(page, 'the door');
        await signUp(page, words, 'ana');
        await page.locator('#empty').waitFor();
        await isForAll(page, 'the empty desk');

        await drop(page, { name: 'gol de ana.mp4', path: await clip(5, { size: '320x240' }) });
        const used = page.locator('.used', { hasText: /\d/ });
        await used.waitFor();
        await page.getByText(words.blur).click();
        await page.locator('#start-slider').fill('2');
        assert.match(await used.textContent(), /0:02[.,]0.*0:05[.,]0.*3[.,]0 s.*7[.,]0 s/);
        await page.waitForFunction(() => { const v = document.querySelector('.frame video'); return !v.seeking && v.currentTime === 2; });
        const frame = await page.$eval('.frame', (f) => ({ shape: f.offsetWidth / f.offsetHeight, fit: f.dataset.fit, behind: getComputedStyle(f.querySelector('canvas')).visibility }));
        assert.ok(Math.abs(frame.shape - 16 / 9) < 0.02, `${frame.shape}`);
        assert.deepEqual([frame.fit, frame.behind], ['blur', 'visible']);
        await shot(page, `prepare-${size}-${language}`);
        await noSideways(page);
        await isForAll(page, 'preparing');
        await page.locator('#send').click();
        await card(page, 'gol de ana.mp4').waitFor();
        await isReady(page, 'gol de ana.mp4', words);
        await page.waitForFunction(() => document.querySelector('.poster')?.naturalWidth > 0);
        await shot(page, `desk-${size}-${language}`);
        await noSideways(page);
        await isForAll(page, 'the desk');

        await card(page, 'gol de ana.mp4').locator('.name a').click();
        await page.locator('#reel', { hasText: words.checked }).waitFor();
        await page.waitForFunction(() => document.activeElement.localName === 'h1'); // the focus goes along
        await page.$eval('#player', (v) => v.play());
        await page.waitForFunction(() => document.querySelector('video').currentTime > 0.3 && document.querySelector('video').readyState >= 3);
        const video = await page.$eval('video', (v) => ({ ratio: v.videoWidth / v.videoHeight, d: v.duration, error: v.error?.message ?? null }));
        assert.equal(video.error, null);
        assert.ok(Math.abs(video.ratio - 16 / 9) < 0.02, `${video.ratio}`);
        assert.ok(Math.abs(video.d - 7) < 0.1, `${video.d} s: it began at second 2`);
        await page.$eval('video', (v) => { v.currentTime = 6; });
        await page.waitForFunction(() => { const v = document.querySelector('video'); return !v.seeking && v.currentTime >= 6; });
        await shot(page, `reel-${size}-${language}`);
        await noSideways(page);
        await isForAll(page, 'a reel');
        await page.locator('#copy').click();
        await page.locator('.toast', { hasText: words.copied }).waitFor();
        const link = await page.locator('#link').inputValue();
        assert.equal((await fetch(link)).headers.get('content-type'), 'video/mp4', 'the link needs no log-in');

        const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.get').click()]);
        assert.match(download.suggestedFilename(), /\.mp4$/);
        assert.match((await run(['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', await download.path()], { command: 'ffprobe' })).stdout, /^7\.0/);

        await page.goBack();
        await card(page, 'gol de ana.mp4').getByRole('button', { name: words.remove }).click();
        await page.locator('#empty').waitFor();
        await isForAll(page, 'a toast');
        await page.getByRole('button', { name: words.undo }).click();
        await isReady(page, 'gol de ana.mp4', words);
        await card(page, 'gol de ana.mp4').getByRole('button', { name: words.remove }).click();
        await page.locator('#empty').waitFor();
        await page.locator('.toast .shut').last().click();
        const ana = await new Client(server).login('ana');
        await until('the task is gone', async () => (await ana.tasks()).length === 0);
        await page.locator('#logout').click();
        await page.locator('#door').waitFor();
        assert.deepEqual(await page.evaluate(() => [sessionStorage.getItem('token'), localStorage.getItem('token')]), [null, null]);
        assert.deepEqual(troubles, []);
    });

// A clip of some megabytes, over a line that needs some seconds for it.
const large = () => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '10', '-i', 'testsrc2=s=1280x960:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M']);
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
    const free = Buffer.alloc(24 << 20); // a box that MP4 readers skip
    free.writeUInt32BE(free.length, 0);
    free.write('free', 4);
    const path = await bytes('.mp4', Buffer.concat([readFileSync(await clip(2)), free]));
    await signUp(page, WORDS.en, 'ana');
    let cdp = await slowly(context, page, 4_000_000);
    await watch(page);
    await give(page, path);
    const percent = (least) => page.waitForFunction((n) => Number(/^(\d+) %$/.exec(document.querySelector('.card .facts')?.textContent)?.[1]) >= n, least);
    await percent(40); // in the second piece
    await server.kill();
    await page.locator('.badge', { hasText: 'No connection' }).waitFor();
    await shot(page, 'lost-desktop-en');
    await server.start(['--listen', `127.0.0.1:${port}`]);
    await page.locator('.badge', { hasText: 'Uploading' }).waitFor();
    await page.locator('.shot-note', { hasText: 'Goes on from' }).waitFor();
    await percent(60);

    page.on('dialog', (dialog) => dialog.accept());
    await page.reload();
    await page.locator('.unfinished', { hasText: 'Choose the same file to go on' }).waitFor();
    await shot(page, 'unfinished-desktop-en');
    await isForAll(page, 'an upload that waits');
    cdp = await slowly(context, page, 4_000_000);
    await give(page, path);
    await page.locator('.shot-note', { hasText: 'Goes on from' }).waitFor();
    const from = Number(/(\d+) %/.exec(await page.locator('.shot-note').textContent())[1]);
    assert.ok(from >= 30, `from ${from} %`);
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    assert.equal(await page.locator('.unfinished').count(), 0);
    assert.equal(await page.locator('.card').count(), 1);
    const ana = await new Client(server).login('ana');
    const [{ id }] = await ana.tasks();
    assert.equal((await ana.task(id)).clip.bytes, readFileSync(path).length, 'the whole of it, once');
});

test('what was deleted is gone when the page is left before its time is over', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server);
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await clip(0.4), { name: 'adios.mp4' });
    await ana.processed(id);
    await logIn(page, 'ana');
    await isReady(page, 'adios.mp4', WORDS.en);
    await card(page, 'adios.mp4').locator('.remove').click();
    await page.locator('#empty').waitFor();
    assert.equal((await ana.tasks()).length, 1, 'not yet');
    await page.keyboard.press('Control+z');
    await isReady(page, 'adios.mp4', WORDS.en);
    await card(page, 'adios.mp4').locator('.remove').click();
    await page.locator('#empty').waitFor();
    await page.goto('about:blank');
    await until('it is gone', async () => (await ana.tasks()).length === 0);
});

test('several at once, a bad one among them: each says how it went and what to do; filters tell them apart', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server, { language: 'es' });
    const words = WORDS.es;
    await signUp(page, words, 'ana');
    const whole = readFileSync(await clip(3));
    await drop(page,
        { name: 'uno.mp4', path: await clip(1) },
        { name: 'notas.mp4', path: await bytes('.mp4', Buffer.from('solo texto\n'.repeat(100))) },
        { name: 'cortado.mp4', path: await bytes('.mp4', whole.subarray(0, whole.length / 2)) },
        { name: 'dos.mp4', path: await clip(0.4) });
    await page.locator('.pager', { hasText: 'Video 1 de 4' }).waitFor();
    await shot(page, 'prepare-several-desktop-es');
    await page.locator('#send').click();
    await isReady(page, 'uno.mp4', words);
    await isReady(page, 'dos.mp4', words);
    await card(page, 'notas.mp4').locator('.error', { hasText: 'El archivo no es un video que podamos leer. Elija un archivo de video' }).waitFor();
    await card(page, 'cortado.mp4').locator('.error', { hasText: 'El archivo está cortado o dañado. Expórtelo' }).waitFor();
    await shot(page, 'several-desktop-es');
    await isForAll(page, 'faults');
    await card(page, 'cortado.mp4').getByRole('button', { name: words.retry }).click();
    await card(page, 'cortado.mp4').locator('.error', { hasText: 'cortado o dañado' }).waitFor();
    await page.locator('#language').click();
    await card(page, 'cortado.mp4').locator('.error', { hasText: 'The file is cut off or damaged. Export' }).waitFor();
    await page.reload();
    await isReady(page, 'uno.mp4', WORDS.en);
    assert.equal(await page.locator('html').getAttribute('lang'), 'en', 'the choice is kept');
    await card(page, 'cortado.mp4').locator('.error').waitFor();
    assert.equal(await page.locator('.card').count(), 3, 'what was never accepted is gone');
    await page.locator('.filters a', { hasText: 'Failed' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.card').length === 1);
    assert.ok(await card(page, 'cortado.mp4').isVisible());
    await page.locator('.filters a', { hasText: 'Working' }).click();
    await page.locator('#empty', { hasText: 'Nothing in progress' }).waitFor();
    await page.locator('.filters a', { hasText: 'Ready' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.card').length === 2);
});

test('a long list comes page by page, and nothing jumps while it comes', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    const file = readFileSync(await clip(0.2));
    for (let i = 1; i <= 30; i++) await ana.give(file, { name: `clip ${i}.mp4` });
    const { page, troubles } = await open(t, server);
    await logIn(page, 'ana');
    await page.locator('.name', { hasText: 'clip 30.mp4' }).waitFor();
    assert.equal(await page.locator('.card').count(), 24);
    await page.waitForFunction(() => document.querySelectorAll('.card[aria-busy=false]').length === 24);
    const asked = await page.evaluate(() => performance.getEntriesByType('resource').filter((r) => /\/api\/tasks(\/\d+|\?view=full.*)$/.test(r.name)).length);
    assert.equal(asked, 1, 'all cards in sight were asked for together');
    await page.locator('#more').click();
    await page.locator('.name', { hasText: /^clip 1\.mp4$/ }).waitFor();
    assert.equal(await page.locator('.card').count(), 30);
    assert.match(await page.locator('.filters a[aria-current]').textContent(), /30/);
    await page.reload();
    await page.locator('.name', { hasText: 'clip 7.mp4' }).waitFor();
    assert.ok(await shifted(page) < 0.02, `${await page.evaluate(() => window.shifts)}`);
    await page.goto(`${server.url}/#/reel/7`);
    await page.reload();
    await page.locator('h1', { hasText: 'clip 7.mp4' }).waitFor();
    assert.ok(await shifted(page) < 0.02, `reel: ${await page.evaluate(() => window.shifts)}`);
    await page.goto(`${server.url}/#/reel/999`);
    await page.locator('h1', { hasText: 'This clip does not exist' }).waitFor();
    assert.deepEqual(troubles.filter((text) => !/404/.test(text)), []);

    // a thousand newer ones do not hide the only one that failed
    await server.stop();
    execFileSync('sqlite3', ['-bail', join(server.dir, 'reelgate.db')], { input: `UPDATE tasks SET state = 3, error_slug = 'truncated' WHERE id = 3;
        INSERT INTO tasks (user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes, fit, start_us, created_ms, changed_ms, due, not_before_ms)
        SELECT user_id, 0, 'newer.mp4', '', 'clips/none' || value, '', 0, 0, 0, created_ms, created_ms, 0, created_ms * 2 FROM tasks, generate_series(1, 1000) WHERE id = 1;` });
    await server.start();
    await page.goto(`${server.url}/#/failed`);
    await logIn(page, 'ana');
    await card(page, 'clip 3.mp4').locator('.error', { hasText: 'cut off or damaged' }).waitFor();
    assert.equal(await page.locator('.card').count(), 1);
    assert.match(await page.locator('.filters a').first().textContent(), /1001\+/);
});

test('wrong passwords and missing fields are told in plain words, and focus goes where the fault is', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server);
    await page.locator('#enter').click();
    await page.locator('#entry-error', { hasText: 'Fill in all fields' }).waitFor();
    await page.waitForFunction(() => document.activeElement.name === 'username');
    await isForAll(page, 'a fault');
    await page.getByLabel('User name').fill('nobody');
    await page.getByLabel('Password', { exact: true }).fill('wrong horse');
    await page.locator('#enter').click();
    await page.locator('#entry-error', { hasText: 'Wrong password' }).waitFor();
});

test('wishes that cannot be are told before anything is sent', async (t) => {
    const server = await serve(t);
    const { page, troubles } = await open(t, server);
    await signUp(page, WORDS.en, 'ana');
    await page.setInputFiles('#files', await clip(3));
    await page.locator('.used', { hasText: /\d/ }).waitFor();
    await page.locator('#start').fill('x');
    await page.locator('#send').click();
    await page.locator('#start-error', { hasText: 'Write the seconds as a number' }).waitFor();
    await page.waitForFunction(() => document.activeElement.id === 'start');
    await page.locator('#start').fill('99');
    await page.locator('#start-error', { hasText: 'begin earlier' }).waitFor();
    await page.locator('#start').fill('1,5');
    await page.locator('.used', { hasText: '0:01.5' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#prepare').waitFor({ state: 'hidden' });
    assert.equal(await page.locator('.card').count(), 0);
    await page.setInputFiles('#files', { name: 'x.avi', mimeType: 'video/x-msvideo', buffer: Buffer.from('RIFF    AVI ') });
    await page.locator('.blind', { hasText: 'can be uploaded all the same' }).waitFor();
    assert.deepEqual(troubles, []);
});

test('a name that is HTML stays text', async (t) => {
    const server = await serve(t);
    const { page, troubles } = await open(t, server);
    const evil = '<img src=x onerror=alert(1)>';
    await signUp(page, WORDS.en, '<b>ana</b>');
    assert.equal(await page.locator('#who').textContent(), '<b>ana</b>');
    await give(page, { name: `${evil}.mp4`, mimeType: 'video/mp4', buffer: readFileSync(await clip(0.2)) });
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    assert.ok((await page.locator('.name').textContent()).includes('onerror'));
    await page.locator('.name a').click();
    await page.locator('h1', { hasText: 'onerror' }).waitFor();
    assert.equal(await page.locator('.name img, h1 img').count(), 0);
    assert.deepEqual(troubles, []);
});

test('the whole of it can be done with the keyboard, and everything has a name', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server);
    await signUp(page, WORDS.en, 'ana');
    await page.setInputFiles('#files', await clip(1));
    await page.locator('.used', { hasText: /\d/ }).waitFor();
    for (let i = 0; i < 12 && (await page.evaluate(() => document.activeElement.id)) !== 'send'; i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    await page.evaluate(() => document.activeElement.blur());
    const stops = [];
    for (let i = 0; i < 20; i++) {
        await page.keyboard.press('Tab');
        stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.className.split(' ').pop() || document.activeElement.parentElement.className));
    }
    for (const stop of ['logout', 'language', 'files', 'filters', 'name', 'get', 'remove']) assert.ok(stops.includes(stop), `${stop} in ${stops}`);
    const nameless = await page.$$eval('button, a, input, select, progress', (all) => all
        .filter((el) => el.offsetParent !== null && el.id !== 'files' && !el.ariaHidden)
        .filter((el) => !(el.getAttribute('aria-label') || el.textContent.trim() || el.labels?.[0]?.textContent.trim()))
        .map((el) => el.outerHTML));
    assert.deepEqual(nameless, []);
    await page.locator('.remove').focus();
    await page.keyboard.press('Enter');
    await page.locator('#empty').waitFor();
    await page.waitForFunction(() => document.activeElement.id === 'files'); // the focus is not lost
    await page.keyboard.press('Control+z');
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    const small = await page.$$eval('button, .button', (all) => all.filter((el) => el.offsetParent && !el.classList.contains('link') && el.offsetHeight < 40).map((el) => el.outerHTML));
    assert.deepEqual(small, [], 'large enough for a thumb');
});

test('a session that has ended leads back to the door with a word', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server);
    await signUp(page, WORDS.en, 'ana');
    await page.evaluate(() => sessionStorage.setItem('token', 'nonsense'));
    await page.reload();
    await page.locator('#entry-error', { hasText: 'Your session has ended' }).waitFor();
});

test('the page is light: its script stays below 150 kB as it is sent', async (t) => {
    const dist = join(root, 'web/dist');
    const sizes = (names, coding) => names.reduce((sum, name) => sum + readFileSync(join(dist, `${name}.${coding}`)).length, 0);
    const all = readdirSync(dist).filter((name) => name.endsWith('.js'));
    const first = all.filter((name) => readFileSync(join(dist, 'index.html'), 'utf8').includes(name));
    assert.ok(first.length > 0 && first.length < all.length, 'settings and administration come when they are wanted');
    assert.ok(sizes(all, 'gz') < 150_000);
    t.diagnostic(`${sizes(first, 'br')} bytes of script at first, ${sizes(all, 'br')} in all`);
});

test('pictures of the page, light and dark, wide and narrow', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const whole = readFileSync(await clip(3));
    const pick = async (name, other) => real(name) ?? (await other());
    const clips = [
        ['Gol en el último minuto.mp4', await pick('video_test_1_480_270.mp4', () => clip(6))],
        ['Entrada al estadio.mp4', await pick('video_test_2_950_540.mp4', () => clip(4))],
        ['Calentamiento.mov', await pick('video_test_5_640_480.mp4', () => clip(3, { size: '320x240' }))],
    ];
    const broken = await ana.give(await bytes('.mp4', whole.subarray(0, whole.length / 2)), { name: 'Tribuna norte.mp4' });
    await ana.failed(broken);
    for (const [name, path] of clips) await ana.processed(await ana.give(path, { name }));
    for (const [size, scheme] of [['desktop', 'light'], ['phone', 'light'], ['desktop', 'dark'], ['phone', 'dark']]) {
        const { page, context } = await open(t, server, { size, scheme });
        await logIn(page, 'ana');
        await page.waitForFunction(() => document.querySelectorAll('.card[data-state=processed] .poster').length === 3);
        await page.waitForFunction(() => [...document.querySelectorAll('.poster')].every((p) => p.naturalWidth > 0));
        await page.evaluate(() => document.activeElement.blur());
        await isForAll(page, `the desk, ${size}, ${scheme}`);
        await shot(page, `full-${size}-${scheme}`);
        if (process.env.REELGATE_SHOTS === '1' && scheme === 'light') {
            mkdirSync(join(root, 'doc/img'), { recursive: true });
            await page.screenshot({ path: join(root, `doc/img/page-${size}.png`) });
        }
        await card(page, 'Gol en el').locator('.name a').click();
        await page.waitForFunction(() => document.querySelector('#player')?.readyState >= 1);
        await isForAll(page, `a reel, ${size}, ${scheme}`);
        await page.screenshot({ path: join(artifacts, `reel-${size}-${scheme}.png`), fullPage: true });
        await context.close();
    }
});
