// Makes the pictures of doc/user.md, doc/usuario.md and doc/admin.md by walking through the page in Chromium, with the
// clips that the tests use:   node test/pictures.mjs [folder]      (doc/img unless told otherwise)
// It ends with a fault when the page is not as the documents tell it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Client } from './lib/client.mjs';
import { clip, real } from './lib/clips.mjs';
import { PATIENCE_MS, Server, folder, root, run } from './lib/reelgate.mjs';

const to = process.argv[2] ?? join(root, 'doc/img');
const WORDS = {
    en: { signUp: 'Sign up', name: 'User name', email: 'E-mail', pass: 'Password', pass2: 'Password again', blur: 'Blurred borders', ready: 'Ready', remove: 'Delete', checked: 'passed every test', one: 'The last minute', two: 'Warming up', three: 'The whole match' },
    es: { signUp: 'Crear cuenta', name: 'Usuario', email: 'Correo electrónico', pass: 'Contraseña', pass2: 'Repita la contraseña', blur: 'Bordes difuminados', ready: 'Listo', remove: 'Eliminar', checked: 'pasó todas las pruebas', one: 'El último minuto', two: 'Calentamiento', three: 'El partido completo' },
};
const wide = real('video_test_2_950_540.mp4') ?? (await clip(20)), narrow = real('video_test_5_640_480.mp4') ?? (await clip(12, { size: '320x240' }));

// A server and a browser; both are gone when `look` is done.
async function visit(language, look) {
    const profile = folder(null), server = new Server(folder(null), ['--preset', 'slower', '--workers', '1', '--quota', '2G']);
    let context;
    try {
        await server.start();
        context = await chromium.launchPersistentContext(profile, {
            executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, timeout: PATIENCE_MS, viewport: { width: 1040, height: 720 }, colorScheme: 'light',
            locale: language === 'es' ? 'es-CO' : 'en-GB', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--autoplay-policy=no-user-gesture-required'],
        });
        const page = context.pages()[0] ?? (await context.newPage());
        page.setDefaultTimeout(PATIENCE_MS);
        await look(server, page, async (name) => {
            await page.evaluate(() => document.activeElement.blur());
            await page.mouse.move(1, 1);
            await page.waitForFunction(() => [...document.querySelectorAll('.poster, .picture')].every((p) => p.complete));
            await page.screenshot({ path: join(to, `${name}-${language}.jpg`), type: 'jpeg', quality: 82 });
        });
    } finally {
        await context?.close();
        await server.stop();
        for (const dir of [profile, server.dir]) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
}

const walk = (language) => visit(language, async (server, page, shot) => {
    const words = WORDS[language];
    const card = (name) => page.locator('.card', { hasText: name });
    const isReady = (name) => card(name).locator('.badge', { hasText: words.ready }).waitFor();
    const give = (path, name) => page.setInputFiles('#files', { name: `${name}.mp4`, mimeType: 'video/mp4', buffer: readFileSync(path) });

    await page.goto(server.url);
    await page.getByRole('button', { name: words.signUp }).click();
    await page.getByLabel(words.name).fill('ana');
    await page.getByLabel(words.email).fill('ana@example.org');
    await page.getByLabel(words.pass, { exact: true }).fill('correct horse');
    await page.getByLabel(words.pass2).fill('correct horse');
    await shot('user-door');
    await page.locator('#enter').click();
    await page.locator('#desk').waitFor();
    await page.locator('#empty').waitFor();
    await shot('user-empty');

    await give(wide, words.two);
    await page.locator('#send').click();
    await isReady(words.two);
    await give(narrow, words.one);
    await page.getByText(words.blur).click();
    await page.locator('#start-slider').fill('2');
    await page.waitForFunction(() => { const v = document.querySelector('.frame video'); return !v.seeking && v.currentTime === 2; });
    await shot('user-prepare');
    await page.locator('#send').click();
    await page.waitForFunction(() => document.querySelector('.card[data-state=processing] progress')?.value > 5);
    await page.waitForFunction(() => [...document.querySelectorAll('.toast')].length === 0);
    await shot('user-working');
    await isReady(words.one);
    await page.waitForFunction(() => [...document.querySelectorAll('.poster')].filter((p) => p.naturalWidth > 0).length === 2);
    await card(words.two).locator('.pick input').check();
    await card(words.one).locator('.pick input').check();
    await page.fill('#search', 'm');
    await page.waitForFunction(() => /q=m/.test(location.hash) && document.querySelectorAll('#list .card').length === 2);
    await shot('user-list');
    await page.keyboard.press('Escape');
    await page.goto(`${server.url}/#/`);
    await card(words.one).locator('.name a').click();
    await page.locator('#reel', { hasText: words.checked }).waitFor();
    await page.$eval('#player', async (v) => { v.currentTime = 5; await new Promise((done) => v.addEventListener('seeked', done, { once: true })); });
    await shot('user-reel');
    await page.goBack();
    await page.locator('#desk').waitFor();
    await card(words.two).getByRole('button', { name: words.remove }).click();
    await page.locator('.toast .undo').waitFor();
    await shot('user-undo');
});

// An upload whose line is cut, whose page is left, and that goes on all the same.
const cut = (language) => visit(language, async (server, page, shot) => {
    const words = WORDS[language], port = new URL(server.url).port;
    const free = Buffer.alloc(20 << 20), clip_ = readFileSync(narrow), name = join(server.dir, `${words.three}.mp4`);
    free.writeUInt32BE(free.length, 0);
    free.write('free', 4);
    writeFileSync(name, Buffer.concat([clip_, free]));
    await new Client(server).user('ana');
    page.on('dialog', (dialog) => dialog.accept());
    const slowly = async () => {
        const cdp = await page.context().newCDPSession(page);
        await cdp.send('Network.enable');
        await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 2_500_000 });
    };
    const percent = (least) => page.waitForFunction((n) => document.querySelector('.card .bar')?.value >= n, least);
    await page.goto(server.url);
    await page.fill('[name=username]', 'ana');
    await page.fill('[name=password]', 'correct horse');
    await page.locator('#enter').click();
    await page.locator('#empty').waitFor();
    await slowly();
    await page.setInputFiles('#files', name);
    await page.locator('#send').click();
    await page.locator('.card .picture').waitFor();
    await percent(35);
    await shot('user-cut-1');
    await server.kill();
    await page.locator('.offline').waitFor();
    await page.locator('.card[data-state=lost]').waitFor();
    await shot('user-cut-2');
    await server.start(['--listen', `127.0.0.1:${port}`]);
    await page.locator('.offline').waitFor({ state: 'detached' });
    await percent(45);
    await page.reload();
    await page.locator('.unfinished').waitFor();
    await shot('user-cut-3');
    await slowly();
    await page.setInputFiles('#files', name);
    await page.locator('.shot-note').waitFor();
    await page.locator('.card .picture').waitFor();
    await percent(55);
    await shot('user-cut-4');
});

// What admins see, with some life in it.
const rule = () => visit('en', async (server, page, shot) => {
    const boss = await new Client(server).user('marta');
    await server.stop();
    assert.equal((await run(['user', 'admin', '--data', server.dir, 'marta'])).code, 0);
    await server.start();
    const whole = readFileSync(await clip(3));
    for (const [i, name] of ['andres', 'camila', 'juan.perez', 'liga-norte'].entries()) {
        const user = await new Client(server).user(name);
        for (let n = 0; n <= i; n++) await user.give(wide, { name: `Partido ${n + 1}.mp4` });
        if (i > 1) await user.failed(await user.give(whole.subarray(0, whole.length / 2), { name: 'Tribuna.mp4' }));
    }
    assert.equal((await boss.call('PATCH', '/api/admin/users/2', { body: { tasks_limit: 50 } })).status, 200);
    await boss.give(narrow);
    await page.goto(server.url);
    await page.fill('[name=username]', 'marta');
    await page.fill('[name=password]', 'correct horse');
    await page.locator('#enter').click();
    await page.locator('#to-admin').click();
    await page.locator('#workers .row').waitFor();
    await page.locator('#n-failed', { hasText: /^2$/ }).waitFor();
    await shot('admin-overview');
    await page.locator('.tabs a').nth(2).click();
    await page.locator('#users .row').nth(4).waitFor();
    await shot('admin-users');
    await page.locator('.tabs a').nth(3).click();
    await page.waitForFunction(() => document.getElementById('bumper')?.naturalWidth > 0);
    await shot('admin-profile');
});

mkdirSync(to, { recursive: true });
await Promise.all(['en', 'es'].map(walk));
await Promise.all(['en', 'es'].map(cut));
await rule();
