// Links to reels as people use them: pasted into a browser that knows nothing of the service, and saved as files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { FLAGS, artifacts, executablePath, isForAll, noSideways, open } from './lib/page.mjs';
import { PATIENCE_MS, folder, serve } from './lib/reelgate.mjs';

// A browser with a fresh profile, which starts films by itself only as far as people's do.
async function fresh(t) {
    const profile = folder(null);
    const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: FLAGS.filter((flag) => !/autoplay/.test(flag)), viewport: { width: 1280, height: 860 }, acceptDownloads: true, timeout: PATIENCE_MS });
    t.after(async () => {
        await context.close();
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    });
    const page = context.pages()[0];
    page.setDefaultTimeout(PATIENCE_MS);
    return page;
}

test('a copied link plays in a tab of its own, and can run nothing', async (t) => {
    const ana = await new Client(await serve(t)).user('ana');
    const { download, poster } = await ana.made(await ana.give(await clip(2)));
    const page = await fresh(t), said = [];
    page.on('console', (m) => said.push(m.text()));
    const answer = await page.goto(download);
    assert.equal(answer.headers()['content-security-policy'], "default-src 'none'; media-src 'self'; base-uri 'none'; form-action 'none'");
    assert.equal(answer.headers()['x-content-type-options'], 'nosniff');
    await page.waitForFunction(() => document.querySelector('video')?.currentTime > 0.5);
    await page.screenshot({ path: join(artifacts, 'link-plays.png') });
    assert.deepEqual(said, []);
    // What would have to run is refused: a script in the tab, and whatever a page around the film could load.
    const refused = await page.evaluate(() => new Promise((done) => {
        addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective));
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.documentElement.append(script);
    }));
    assert.match(refused, /^script-src/);
    assert.equal(await page.evaluate(() => window.ran), undefined);
    await page.goto(poster);
    assert.ok(await page.evaluate(() => document.images[0].naturalWidth > 0), 'the poster is shown');
});

test('a reel is saved under its title, in any script', async (t) => {
    const ana = await new Client(await serve(t)).user('ana');
    const id = await ana.give(await clip(1), { name: 'mi gol.MOV' });
    const { download } = await ana.made(id);
    const page = await fresh(t);
    // [title, what Chromium suggests, what curl takes, which knows the plain name alone]
    for (const [title, chromiums, curls] of [
        ['', 'mi gol.mp4', 'mi gol.mp4'],
        ['Final 2.0', 'Final 2.0.mp4', 'Final 2.0.mp4'],
        ['Uno, dos; "tres"', /^Uno, dos; .tres.\.mp4$/, 'Uno_ dos_ _tres_.mp4'],
        ['Gol 🏆 ñandú', 'Gol 🏆 ñandú.mp4', 'Gol _ _and_.mp4'],
        ['هدف الفوز', 'هدف الفوز.mp4', '___ _____.mp4'],
        ['../../etc/passwd', '_._.._etc_passwd.mp4', '_._.._etc_passwd.mp4'],
        ['ñ'.repeat(200), `${'ñ'.repeat(125)}.mp4`, `${'_'.repeat(125)}.mp4`],
    ]) {
        assert.equal((await ana.call('PATCH', `/api/tasks/${id}`, { body: { title } })).json.title, title);
        const [saved] = await Promise.all([page.waitForEvent('download'), page.goto(`${download}&download=1`).catch((e) => assert.match(e.message, /Download is starting|ERR_ABORTED/))]);
        if (chromiums instanceof RegExp) assert.match(saved.suggestedFilename(), chromiums);
        else assert.equal(saved.suggestedFilename(), chromiums);
        await saved.path();
        const dir = folder(t);
        execFileSync('curl', ['-sSOJ', `${download}&download=1`], { cwd: dir });
        assert.deepEqual(readdirSync(dir), [curls]);
    }
});

const NAMES = { es: ['Este enlace ya no sirve', 'Este reel ya no está', 'Aquí no hay nada'], en: ['This link is no longer good', 'This reel is gone', 'There is nothing here'] };
const STEPS = { es: /Pida un enlace nuevo|Pregunte a quien|Revise que/, en: /Ask whoever|See whether/ };

test('a link that leads nowhere is a page in the language of who follows it, and JSON for programs', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana'), anyone = new Client(server);
    const id = await ana.give(await clip(1));
    const { download, poster } = await ana.made(id);
    assert.equal((await ana.delete(`/api/tasks/${id}`)).status, 200);
    const { pathname } = new URL(download);
    // [what a person follows, its status, its code for programs]
    const places = [[`${pathname}?exp=1&sig=${new URL(download).searchParams.get('sig')}`, 401, 'link_bad'], [download, 404, 'not_found'], ['/api/vidoe/download', 404, 'not_found']];

    for (const [language, size, scheme] of [['es', 'phone', 'light'], ['en', 'desktop', 'light'], ['en', 'phone', 'dark'], ['es', 'desktop', 'dark']]) {
        const { page } = await open(t, server, { language, size, scheme }), refused = [];
        page.on('console', (m) => { if (!/Failed to load resource.*40[14]/.test(m.text())) refused.push(m.text()); });
        for (const [i, [path, status]] of places.entries()) {
            const answer = await page.goto(new URL(path, server.url).href);
            assert.equal(answer.status(), status);
            assert.equal(answer.headers()['content-type'], 'text/html; charset=utf-8');
            assert.equal(await page.locator('h1').textContent(), NAMES[language][i]);
            assert.match(await page.locator('main').innerText(), STEPS[language]);
            assert.match(await page.locator('.about').textContent(), new RegExp(`${status} · .* ${answer.headers()['x-request-id']}$`));
            assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir, document.scripts.length]), [language, 'ltr', 0]);
            assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), scheme === 'dark' ? 'rgb(18, 23, 26)' : 'rgb(245, 244, 240)', 'it has its colours');
            await noSideways(page);
            await isForAll(page, path);
            await page.screenshot({ path: join(artifacts, `sorry-${['link', 'reel', 'path'][i]}-${language}-${size}-${scheme}.png`) });
        }
        assert.deepEqual(refused, []);
        await page.locator('main a').click();
        await page.locator('#app h1').first().waitFor();
        await page.context().close();
    }

    const html = 'text/html,application/xhtml+xml,*/*;q=0.8';
    for (const [path, status, code] of [...places, [poster, 404, 'not_found'], ['/assets/none.js', 404, 'not_found']]) {
        for (const headers of [{}, { Accept: '*/*' }, { Accept: 'application/json, text/plain, */*' }, { Accept: html, Authorization: `Bearer ${ana.token}` }]) {
            const told = await anyone.get(path, { headers });
            assert.match(told.headers.get('content-type'), /^application\/json/);
            if (!headers.Authorization) assert.deepEqual([told.status, told.json.code], [status, code]);
            assert.equal(told.headers.get('vary'), 'Accept, Accept-Language');
        }
        const page = await anyone.get(path, { headers: { Accept: html } }), head = await anyone.call('HEAD', path, { headers: { Accept: html } });
        assert.deepEqual([page.status, head.status], [status, status]);
        assert.equal(page.headers.get('www-authenticate'), status === 401 ? 'Bearer' : null);
        assert.match(page.text, /^<!doctype html>/);
        assert.equal(head.headers.get('content-type'), 'text/html; charset=utf-8');
    }
    // What is asked of the API itself is JSON for everybody, and a way of asking that a path does not know is said on a page.
    assert.equal((await anyone.get('/api/tasks', { headers: { Accept: html } })).json.code, 'auth_missing');
    const other = await anyone.get('/api/auth/login', { headers: { Accept: html, 'Accept-Language': 'en' } });
    assert.equal(other.status, 405);
    assert.match(other.text, /<h1>This could not be shown<\/h1>\n<p>Method not allowed\.<\/p>/);
});
