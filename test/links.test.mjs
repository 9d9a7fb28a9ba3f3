// Links to reels as people use them: pasted into a browser that knows nothing of the service, and saved as files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { FLAGS, artifacts, executablePath } from './lib/page.mjs';
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
    const { download, poster } = await ana.processed(await ana.give(await clip(2)));
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
    const { download } = await ana.processed(id);
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
