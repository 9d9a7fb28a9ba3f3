// Lighthouse finds nothing to say against the page: accessibility and best practices at 100, on a phone
// and on a desk, before and after the log-in. On the phone the pages are loaded under its eyes; what
// that shows beyond the look of them (errors, policies, deprecations) is the same on the desk, where
// they are looked at as they stand.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { navigation, snapshot } from 'lighthouse';
import puppeteer from 'puppeteer-core';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { FLAGS, executablePath } from './lib/page.mjs';
import { PATIENCE_MS, folder, serve } from './lib/reelgate.mjs';

// The wait for quiet is short: nothing here is measured in time.
const SETTINGS = {
    onlyCategories: ['accessibility', 'best-practices'], disableStorageReset: true, disableFullPageScreenshot: true, skipAboutBlank: true,
    throttlingMethod: 'simulate', maxWaitForLoad: PATIENCE_MS, maxWaitForFcp: PATIENCE_MS, pauseAfterFcpMs: 1, pauseAfterLoadMs: 0,
    networkQuietThresholdMs: 200, cpuQuietThresholdMs: 50,
};
const FORMS = {
    phone: { width: 390, height: 844, deviceScaleFactor: 2, mobile: true },
    desktop: { width: 1280, height: 860, deviceScaleFactor: 1, mobile: false },
};

// What keeps a page from 100, in words.
function isPerfect({ lhr }, what) {
    const faults = [];
    for (const { id, score, auditRefs } of Object.values(lhr.categories)) {
        if (score === 1) continue;
        faults.push(`${id}: ${score}`);
        for (const audit of auditRefs.map((ref) => lhr.audits[ref.id]).filter((a) => a.score !== null && a.score < 1))
            faults.push(`${audit.id}: ${audit.title} ${JSON.stringify(audit.details?.items ?? '').slice(0, 2000)}`);
    }
    assert.deepEqual([...faults, ...lhr.runWarnings], [], what);
    assert.equal(Object.keys(lhr.categories).length, 2, what);
}

test('Lighthouse: accessibility and best practices are at 100', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await clip(3), { name: 'Un gol.mp4' });
    await ana.processed(id);
    const profile = folder(null);
    const browser = await puppeteer.launch({ executablePath, headless: true, args: FLAGS, userDataDir: profile, timeout: PATIENCE_MS });
    t.after(async () => {
        await browser.close();
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    });
    const [page] = await browser.pages();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.bringToFront();
    for (const [form, screenEmulation] of Object.entries(FORMS)) {
        const { mobile, ...viewport } = screenEmulation;
        await page.setViewport({ ...viewport, isMobile: mobile, hasTouch: mobile });
        const config = { extends: 'lighthouse:default', settings: { ...SETTINGS, formFactor: mobile ? 'mobile' : 'desktop', screenEmulation, emulatedUserAgent: mobile } };
        const look = async (what) => isPerfect(await snapshot(page, { config }), `${what}, ${form}`);
        const visit = async (hash, sign, what) => {
            await page.goto('about:blank');
            if (mobile) {
                isPerfect(await navigation(page, `${server.url}/${hash}`, { config }), `${what}, ${form}`);
                await page.waitForSelector(sign);
            } else {
                await page.goto(`${server.url}/${hash}`);
                await page.waitForSelector(sign);
                await look(what);
            }
        };
        await visit('', '#enter', 'the door');
        await page.evaluate((token) => { localStorage.setItem('token', token); localStorage.setItem('name', 'ana'); }, ana.token);
        await visit('', '.poster', 'the list');
        const files = await page.waitForSelector('#files');
        await files.uploadFile(await clip(3));
        await page.waitForSelector('#start-slider:enabled');
        await look('preparing');
        await visit(`#/reel/${id}`, '#player', 'a reel');
        if (!mobile) { // one page of those that are fetched later; axe looks at all of them elsewhere
            await page.evaluate(() => { location.hash = '#/settings/keys'; });
            await page.waitForSelector('#new-key');
            await look('keys');
        }
        await page.evaluate(() => localStorage.clear());
    }
});
