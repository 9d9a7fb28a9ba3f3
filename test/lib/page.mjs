// The page in Debian's Chromium, for the tests that look at it: browsers that collect what goes wrong,
// the door, pictures (to test/artifacts), and what axe finds.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { PATIENCE_MS, folder, root } from './reelgate.mjs';

export const artifacts = join(root, 'test/artifacts');
mkdirSync(artifacts, { recursive: true });
export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

// A browser of its own and a page in it that collects what goes wrong.
export async function open(t, server, { language = 'en', size = 'desktop', scheme = 'light' } = {}) {
    const profile = folder(null);
    const context = await chromium.launchPersistentContext(profile, {
        executablePath, headless: true, args: FLAGS, locale: language === 'es' ? 'es-CO' : 'en-GB', viewport: SIZES[size], colorScheme: scheme,
        hasTouch: size === 'phone', isMobile: size === 'phone', deviceScaleFactor: 1, acceptDownloads: true, timeout: PATIENCE_MS,
    });
    t.after(async () => {
        await context.close();
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    });
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(PATIENCE_MS);
    const troubles = [];
    page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') troubles.push(m.text()); });
    page.on('pageerror', (e) => troubles.push(String(e)));
    page.on('requestfailed', (r) => { if (!/net::ERR_ABORTED/.test(r.failure()?.errorText)) troubles.push(`${r.url()} ${r.failure()?.errorText}`); });
    await page.addInitScript(() => {
        window.shifts = [];
        new PerformanceObserver((list) => window.shifts.push(...list.getEntries().filter((e) => !e.hadRecentInput).map((e) => e.value))).observe({ type: 'layout-shift', buffered: true });
        addEventListener('securitypolicyviolation', (e) => console.error(`content policy: ${e.violatedDirective} ${e.blockedURI}`));
    });
    await page.goto(server.url);
    return { page, troubles, context };
}
export async function signUp(page, words, name, password = 'correct horse') {
    await page.getByRole('button', { name: words.signUp }).click();
    await page.getByLabel(words.name).fill(name);
    await page.getByLabel(words.email).fill(`${name.replace(/\W/g, '')}@example.org`);
    await page.getByLabel(words.pass, { exact: true }).fill(password);
    await page.getByLabel(words.pass2).fill(password);
    await page.locator('#enter').click();
    await page.locator('#desk').waitFor();
}
export const shot = (page, name) => page.screenshot({ path: join(artifacts, `${name}.png`) });

export const noSideways = async (page) => assert.deepEqual(await page.evaluate((width) => (document.documentElement.scrollWidth <= width ? []
    : [...document.querySelectorAll('body *')].filter((el) => el.getBoundingClientRect().right > width).map((el) => `${el.localName}#${el.id}.${el.getAttribute('class')}`)), page.viewportSize().width), [], 'nothing sticks out sideways');
export const shifted = (page) => page.evaluate(() => window.shifts.reduce((a, b) => a + b, 0));
export async function logIn(page, name) {
    await page.fill('[name=username]', name);
    await page.fill('[name=password]', 'correct horse');
    await page.locator('#enter').click();
    await page.locator('#desk').waitFor();
}
// What axe finds that keeps people out. It is evaluated by the debugger, which no content policy stops.
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
export async function isForAll(page, what) {
    await page.evaluate(axe);
    const found = await page.evaluate(async () => (await window.axe.run({ resultTypes: ['violations'] })).violations
        .filter((v) => v.impact === 'serious' || v.impact === 'critical')
        .map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join(' | ')}`));
    assert.deepEqual(found, [], what);
}

export const WORDS = {
    es: { signUp: 'Crear cuenta', ready: 'Listo', remove: 'Eliminar', undo: 'Deshacer', name: 'Usuario', email: 'Correo electrónico', pass: 'Contraseña', pass2: 'Repita la contraseña', retry: 'Reintentar', checked: 'pasó todas las pruebas', blur: 'Bordes difuminados', copied: 'Enlace copiado' },
    en: { signUp: 'Sign up', ready: 'Ready', remove: 'Delete', undo: 'Undo', name: 'User name', email: 'E-mail', pass: 'Password', pass2: 'Password again', retry: 'Try again', checked: 'passed every test', blur: 'Blurred borders', copied: 'Link copied' },
};

// Lets go of files over the page, as a hand does.
export async function drop(page, ...files) {
    const given = files.map(({ name, path }) => ({ name, data: readFileSync(path).toString('base64') }));
    const transfer = await page.evaluateHandle((list) => {
        const t = new DataTransfer();
        for (const { name, data } of list) t.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type: 'video/mp4' }));
        return t;
    }, given);
    for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('#drop', type, { dataTransfer: transfer });
}
export const card = (page, name) => page.locator('.card', { hasText: name });
export const isReady = (page, name, words) => card(page, name).locator('.badge', { hasText: words.ready }).waitFor();
// Chooses files as they are, and sends them up.
export async function give(page, files) {
    await page.setInputFiles('#files', files);
    await page.locator('#send').click();
}
