// The page in a real browser: the whole walk, wide and narrow, in both languages, with the keyboard,
// and with text that would like to be HTML. Pictures go to test/artifacts; with REELGATE_SHOTS=1 the
// two of the README to doc/img.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { Client } from './lib/client.mjs';
import { bytes, clip, ffmpeg, real } from './lib/clips.mjs';
import { PATIENCE_MS, folder, root, run, serve } from './lib/reelgate.mjs';

const artifacts = join(root, 'test/artifacts');
mkdirSync(artifacts, { recursive: true });
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };
const WORDS = {
    es: { signUp: 'Crear cuenta', logIn: 'Entrar', logOut: 'Salir', ready: 'Listo', queue: 'En cola', remove: 'Eliminar', keep: 'Conservar', failed: 'No se pudo', name: 'Usuario', email: 'Correo electrónico', pass: 'Contraseña', pass2: 'Repita la contraseña', retry: 'Reintentar', wrong: 'Contraseña incorrecta' },
    en: { signUp: 'Sign up', logIn: 'Log in', logOut: 'Log out', ready: 'Ready', queue: 'In the queue', remove: 'Delete', keep: 'Keep it', failed: 'Failed', name: 'User name', email: 'E-mail', pass: 'Password', pass2: 'Password again', retry: 'Try again', wrong: 'Wrong password' },
};

// A browser of its own and a page in it that collects what goes wrong.
async function open(t, server, { language = 'en', size = 'desktop', scheme = 'light' } = {}) {
    const context = await chromium.launchPersistentContext(folder(t), {
        executablePath, headless: true, args: FLAGS, locale: language === 'es' ? 'es-CO' : 'en-GB', viewport: SIZES[size], colorScheme: scheme,
        hasTouch: size === 'phone', isMobile: size === 'phone', deviceScaleFactor: 1, acceptDownloads: true, timeout: PATIENCE_MS,
    });
    t.after(() => context.close());
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(PATIENCE_MS);
    const troubles = [];
    page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') troubles.push(m.text()); });
    page.on('pageerror', (e) => troubles.push(String(e)));
    page.on('requestfailed', (r) => { if (!/net::ERR_ABORTED/.test(r.failure()?.errorText)) troubles.push(`${r.url()} ${r.failure()?.errorText}`); });
    await page.addInitScript(() => {
        addEventListener('securitypolicyviolation', (e) => console.error(`content policy: ${e.violatedDirective} ${e.blockedURI}`));
    });
    await page.goto(server.url);
    return { page, troubles, context };
}
async function signUp(page, words, name, password = 'correct horse') {
    await page.getByRole('button', { name: words.signUp }).click();
    await page.getByLabel(words.name).fill(name);
    await page.getByLabel(words.email).fill(`${name.replace(/\W/g, '')}@example.org`);
    await page.getByLabel(words.pass, { exact: true }).fill(password);
    await page.getByLabel(words.pass2).fill(password);
    await page.locator('#enter').click();
    await page.locator('#desk').waitFor();
}
const shot = (page, name) => page.screenshot({ path: join(artifacts, `${name}.png`) });

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
async function isReady(page, name, words) {
    await card(page, name).locator('.badge', { hasText: words.ready }).waitFor();
}
const noSideways = async (page) => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out sideways');

for (const [language, size] of [['en', 'desktop'], ['es', 'desktop'], ['en', 'phone'], ['es', 'phone']])
    test(`the whole walk, ${language}, ${size}`, async (t) => {
        const server = await serve(t);
        const words = WORDS[language];
        const { page, troubles } = await open(t, server, { language, size });
        assert.equal(await page.locator('html').getAttribute('lang'), language);
        await shot(page, `door-${size}-${language}`);
        await noSideways(page);
        await signUp(page, words, 'ana');
        await drop(page, { name: 'gol de ana.mp4', path: await clip(3) });
        await card(page, 'gol de ana.mp4').waitFor();
        await isReady(page, 'gol de ana.mp4', words);
        await shot(page, `desk-${size}-${language}`);
        await noSideways(page);

        await card(page, 'gol de ana.mp4').locator('.poster').waitFor();
        await page.waitForFunction(() => document.querySelector('.poster').naturalWidth > 0);
        await card(page, 'gol de ana.mp4').locator('.play').click();
        await page.waitForFunction(() => document.querySelector('video')?.currentTime > 0.3 && document.querySelector('video').readyState >= 3);
        const video = await page.$eval('video', (v) => ({ w: v.videoWidth, h: v.videoHeight, d: v.duration, error: v.error?.message ?? null }));
        assert.deepEqual([video.w, video.h, video.error], [320, 180, null]);
        assert.ok(Math.abs(video.d - 7) < 0.1, `${video.d} s`);
        await page.$eval('video', (v) => { v.currentTime = 6; });
        await page.waitForFunction(() => { const v = document.querySelector('video'); return !v.seeking && v.currentTime >= 6; });
        await shot(page, `play-${size}-${language}`);

        const [download] = await Promise.all([page.waitForEvent('download'), card(page, 'gol de ana.mp4').locator('.get').click()]);
        const path = await download.path();
        assert.match(download.suggestedFilename(), /\.mp4$/);
        assert.match((await run(['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path], { command: 'ffprobe' })).stdout, /^7\.0/);

        await card(page, 'gol de ana.mp4').getByRole('button', { name: words.remove }).click();
        await page.getByRole('dialog').getByRole('button', { name: words.keep }).click();
        assert.equal(await page.locator('.card').count(), 1, 'kept');
        await card(page, 'gol de ana.mp4').getByRole('button', { name: words.remove }).click();
        await page.getByRole('dialog').getByRole('button', { name: words.remove }).click();
        await page.locator('#empty').waitFor();
        assert.equal(await page.locator('.card').count(), 0);
        await page.locator('#logout').click();
        await page.locator('#door').waitFor();
        assert.deepEqual(await page.evaluate(() => [sessionStorage.getItem('token'), localStorage.getItem('token')]), [null, null]);
        assert.deepEqual(troubles, []);
    });

test('upload and work show how far they are', async (t) => {
    const server = await serve(t, '--preset', 'slow');
    const { page, context, troubles } = await open(t, server);
    await signUp(page, WORDS.en, 'ana');
    const cdp = await context.newCDPSession(page);
    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 1_500_000 });
    const path = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '10', '-i', 'testsrc2=s=1280x960:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M']);
    await page.evaluate(() => {
        window.seen = [];
        new MutationObserver(() => {
            const bar = document.querySelector('.bar'), badge = document.querySelector('.badge');
            if (bar && badge && !bar.hidden) window.seen.push([badge.textContent, bar.value]);
        }).observe(document.getElementById('list'), { subtree: true, childList: true, attributes: true, characterData: true });
    });
    await page.setInputFiles('#files', path);
    await page.locator('.badge', { hasText: 'Uploading' }).waitFor();
    await page.locator('.badge', { hasText: 'Processing' }).waitFor();
    await shot(page, 'working-desktop-en');
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    const seen = await page.evaluate(() => window.seen);
    for (const word of ['Uploading', 'Processing']) {
        const values = seen.filter(([w]) => w === word).map(([, v]) => v);
        assert.ok(new Set(values).size >= 3, `${word}: ${[...new Set(values)]}`);
        assert.ok(values.every((v, i) => i === 0 || v >= values[i - 1]), `${word} only grows`);
    }
    assert.deepEqual(troubles, []);
});

test('several at once, a bad one among them: each says how it went; a failed one can be tried again', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server, { language: 'es' });
    const words = WORDS.es;
    await signUp(page, words, 'ana');
    const whole = readFileSync(await clip(3));
    await page.setInputFiles('#files', [
        { name: 'uno.mp4', mimeType: 'video/mp4', buffer: readFileSync(await clip(1)) },
        { name: 'notas.mp4', mimeType: 'video/mp4', buffer: Buffer.from('solo texto\n'.repeat(100)) },
        { name: 'cortado.mp4', mimeType: 'video/mp4', buffer: whole.subarray(0, whole.length / 2) },
        { name: 'dos.mp4', mimeType: 'video/mp4', buffer: readFileSync(await clip(0.4)) },
    ]);
    await isReady(page, 'uno.mp4', words);
    await isReady(page, 'dos.mp4', words);
    await card(page, 'notas.mp4').locator('.error', { hasText: 'El archivo no es un video que podamos leer' }).waitFor();
    await card(page, 'cortado.mp4').locator('.error', { hasText: 'El archivo está cortado o dañado' }).waitFor();
    await shot(page, 'several-desktop-es');
    await card(page, 'cortado.mp4').getByRole('button', { name: words.retry }).click();
    await card(page, 'cortado.mp4').locator('.error', { hasText: 'cortado o dañado' }).waitFor();
    await page.locator('#language').click();
    await card(page, 'cortado.mp4').locator('.error', { hasText: 'The file is cut off or damaged' }).waitFor();
    await page.reload();
    await isReady(page, 'uno.mp4', WORDS.en);
    assert.equal(await page.locator('html').getAttribute('lang'), 'en', 'the choice is kept');
    await card(page, 'cortado.mp4').locator('.error').waitFor();
    assert.equal(await page.locator('.card').count(), 3, 'what was never accepted is gone');
});

test('wrong passwords and missing fields are told in plain words, and focus goes where the fault is', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server);
    await page.locator('#enter').click();
    await page.locator('#entry-error', { hasText: 'Fill in all fields' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.name), 'username');
    await page.getByLabel('User name').fill('nobody');
    await page.getByLabel('Password', { exact: true }).fill('wrong horse');
    await page.locator('#enter').click();
    await page.locator('#entry-error', { hasText: 'Wrong password' }).waitFor();
});

test('a name that is HTML stays text', async (t) => {
    const server = await serve(t);
    const { page, troubles } = await open(t, server);
    const evil = '<img src=x onerror=alert(1)>';
    await signUp(page, WORDS.en, '<b>ana</b>');
    assert.equal(await page.locator('#who').textContent(), '<b>ana</b>');
    await page.setInputFiles('#files', { name: `${evil}.mp4`, mimeType: 'video/mp4', buffer: readFileSync(await clip(0.2)) });
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    assert.ok((await page.locator('.name').textContent()).includes('onerror'));
    assert.equal(await page.locator('.name img').count(), 0);
    assert.deepEqual(troubles, []);
});

test('the whole of it can be done with the keyboard, and everything has a name', async (t) => {
    const server = await serve(t);
    const { page } = await open(t, server);
    await signUp(page, WORDS.en, 'ana');
    await page.setInputFiles('#files', await clip(1));
    await page.locator('.badge', { hasText: 'Ready' }).waitFor();
    await page.evaluate(() => document.activeElement.blur());
    const stops = [];
    for (let i = 0; i < 20; i++) {
        await page.keyboard.press('Tab');
        stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.className.split(' ').pop()));
    }
    for (const stop of ['logout', 'language', 'files', 'play', 'get', 'remove']) assert.ok(stops.includes(stop), `${stop} in ${stops}`);
    const nameless = await page.$$eval('button, a, input, select, progress', (all) => all
        .filter((el) => el.offsetParent !== null && el.id !== 'files')
        .filter((el) => !(el.getAttribute('aria-label') || el.textContent.trim() || el.labels?.[0]?.textContent.trim()))
        .map((el) => el.outerHTML));
    assert.deepEqual(nameless, []);
    await page.locator('.remove').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.card').count(), 1, 'Escape keeps it');
    assert.ok(await page.evaluate(() => document.activeElement.classList.contains('remove')), 'and focus goes back');
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
        await page.getByLabel('User name').fill('ana');
        await page.getByLabel('Password', { exact: true }).fill('correct horse');
        await page.locator('#enter').click();
        await page.waitForFunction(() => document.querySelectorAll('.card[data-state=processed] .poster:not([hidden])').length === 3);
        await page.waitForFunction(() => [...document.querySelectorAll('.poster:not([hidden])')].every((p) => p.naturalWidth > 0));
        await page.evaluate(() => document.activeElement.blur());
        await shot(page, `full-${size}-${scheme}`);
        if (process.env.REELGATE_SHOTS === '1' && scheme === 'light') {
            mkdirSync(join(root, 'doc/img'), { recursive: true });
            await page.screenshot({ path: join(root, `doc/img/page-${size}.png`) });
        }
        await context.close();
    }
});
