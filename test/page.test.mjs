// The page in a real browser: the whole walk, wide and narrow, in both languages; with the keyboard; for
// those who listen to it; and with text that would like to be HTML. Pictures
// go to test/artifacts; with REELGATE_SHOTS=1 the two of the README to doc/img.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { bytes, clip, real } from './lib/clips.mjs';
import { WORDS, artifacts, card, drop, give, isForAll, isReady, logIn, noSideways, open, shot, signUp } from './lib/page.mjs';
import { root, run, serve, until } from './lib/reelgate.mjs';

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
        assert.equal(await page.locator('#draft-title').inputValue(), 'gol de ana', 'its name without the ending');
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
        await card(page, 'gol de ana').waitFor();
        await isReady(page, 'gol de ana', words);
        await page.waitForFunction(() => document.querySelector('.poster')?.naturalWidth > 0);
        await shot(page, `desk-${size}-${language}`);
        await noSideways(page);
        await isForAll(page, 'the desk');

        await card(page, 'gol de ana').locator('.name a').click();
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
        await card(page, 'gol de ana').getByRole('button', { name: words.remove }).click();
        await page.locator('#empty').waitFor();
        await isForAll(page, 'a toast');
        await page.getByRole('button', { name: words.undo }).click();
        await isReady(page, 'gol de ana', words);
        await card(page, 'gol de ana').getByRole('button', { name: words.remove }).click();
        await page.locator('#empty').waitFor();
        await page.locator('.toast .shut').last().click();
        const ana = await new Client(server).login('ana');
        await until('the task is gone', async () => (await ana.tasks()).length === 0);
        await page.locator('#logout').click();
        await page.locator('#door').waitFor();
        assert.deepEqual(await page.evaluate(() => [sessionStorage.getItem('token'), localStorage.getItem('token')]), [null, null]);
        assert.deepEqual(troubles, []);
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
        { name: 'cortado.mp4', path: await bytes('.mp4', whole.subarray(0, whole.length / 2)) },
        { name: 'dos.mp4', path: await clip(0.4) });
    await page.locator('.pager', { hasText: 'Video 1 de 3' }).waitFor();
    await shot(page, 'prepare-several-desktop-es');
    await page.locator('#send').click();
    await isReady(page, 'uno', words);
    await isReady(page, 'dos', words);
    await card(page, 'cortado').locator('.error', { hasText: 'El archivo está cortado o dañado. Expórtelo' }).waitFor();
    await shot(page, 'several-desktop-es');
    await isForAll(page, 'faults');
    await page.locator('#language').click();
    await card(page, 'cortado').locator('.error', { hasText: 'The file is cut off or damaged. Export' }).waitFor();
    await page.reload();
    await isReady(page, 'uno', WORDS.en);
    assert.equal(await page.locator('html').getAttribute('lang'), 'en', 'the choice is kept');
    await card(page, 'cortado').locator('.error').waitFor();
    await page.locator('.filters a', { hasText: 'Failed' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.card').length === 1);
    assert.ok(await card(page, 'cortado').isVisible());
    await page.locator('.filters a', { hasText: 'Working' }).click();
    await page.locator('#empty', { hasText: 'Nothing in progress' }).waitFor();
    await page.locator('.filters a', { hasText: 'Ready' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.card').length === 2);
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
    await page.locator('#entry-error', { hasText: 'The name or the password is wrong' }).waitFor();
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
        await page.mouse.move(1, 1);
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
