// Makes the pictures of doc/user.md and doc/usuario.md by walking through the page in Chromium, with the
// clips that the tests use:   node test/pictures.mjs [folder]      (doc/img unless told otherwise)
// It ends with a fault when the page is not as the documents tell it.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { clip, real } from './lib/clips.mjs';
import { PATIENCE_MS, Server, folder, root } from './lib/reelgate.mjs';

const to = process.argv[2] ?? join(root, 'doc/img');
const WORDS = {
    en: { signUp: 'Sign up', name: 'User name', email: 'E-mail', pass: 'Password', pass2: 'Password again', blur: 'Blurred borders', ready: 'Ready', remove: 'Delete', checked: 'passed every test', one: 'The last minute.mp4', two: 'Warming up.mp4' },
    es: { signUp: 'Crear cuenta', name: 'Usuario', email: 'Correo electrónico', pass: 'Contraseña', pass2: 'Repita la contraseña', blur: 'Bordes difuminados', ready: 'Listo', remove: 'Eliminar', checked: 'pasó todas las pruebas', one: 'El último minuto.mp4', two: 'Calentamiento.mp4' },
};
const wide = real('video_test_2_950_540.mp4') ?? (await clip(20)), narrow = real('video_test_5_640_480.mp4') ?? (await clip(12, { size: '320x240' }));

async function walk(language) {
    const words = WORDS[language], profile = folder(null);
    const server = new Server(folder(null), ['--preset', 'slower', '--workers', '1']);
    let context;
    try {
        await server.start();
        context = await chromium.launchPersistentContext(profile, {
            executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, timeout: PATIENCE_MS, viewport: { width: 1040, height: 720 }, colorScheme: 'light',
            locale: language === 'es' ? 'es-CO' : 'en-GB', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--autoplay-policy=no-user-gesture-required'],
        });
        const page = context.pages()[0] ?? (await context.newPage());
        page.setDefaultTimeout(PATIENCE_MS);
        const shot = (name) => page.screenshot({ path: join(to, `user-${name}-${language}.jpg`), type: 'jpeg', quality: 82 });
        const card = (name) => page.locator('.card', { hasText: name });
        const isReady = (name) => card(name).locator('.badge', { hasText: words.ready }).waitFor();
        const give = (path, name) => page.setInputFiles('#files', { name, mimeType: 'video/mp4', buffer: readFileSync(path) });

        await page.goto(server.url);
        await page.getByRole('button', { name: words.signUp }).click();
        await page.getByLabel(words.name).fill('ana');
        await page.getByLabel(words.email).fill('ana@example.org');
        await page.getByLabel(words.pass, { exact: true }).fill('correct horse');
        await page.getByLabel(words.pass2).fill('correct horse');
        await shot('door');
        await page.locator('#enter').click();
        await page.locator('#desk').waitFor();
        await page.locator('#empty').waitFor();
        await shot('empty');

        await give(wide, words.two);
        await page.locator('#send').click();
        await isReady(words.two);
        await give(narrow, words.one);
        await page.getByText(words.blur).click();
        await page.locator('#start-slider').fill('2');
        await page.waitForFunction(() => { const v = document.querySelector('.frame video'); return !v.seeking && v.currentTime === 2; });
        await shot('prepare');
        await page.locator('#send').click();
        await page.waitForFunction(() => document.querySelector('.card[data-state=processing] progress')?.value > 5);
        await page.waitForFunction(() => [...document.querySelectorAll('.toast')].length === 0);
        await shot('working');
        await isReady(words.one);
        await page.waitForFunction(() => [...document.querySelectorAll('.poster')].filter((p) => p.naturalWidth > 0).length === 2);
        await card(words.one).locator('.name a').click();
        await page.locator('#reel', { hasText: words.checked }).waitFor();
        await page.$eval('#player', async (v) => { v.currentTime = 5; await new Promise((done) => v.addEventListener('seeked', done, { once: true })); });
        await shot('reel');
        await page.goBack();
        await page.locator('#desk').waitFor();
        await card(words.two).getByRole('button', { name: words.remove }).click();
        await page.locator('.toast .undo').waitFor();
        await page.evaluate(() => document.activeElement.blur());
        await shot('undo');
    } finally {
        await context?.close();
        await server.stop();
        for (const dir of [profile, server.dir]) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
}
await Promise.all(['en', 'es'].map(walk));
