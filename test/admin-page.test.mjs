// The administration in a real browser: how the service does, what failed and is tried again, users with
// roles and limits, and how reels are made; wide and narrow, in both languages. Who is no admin sees none of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { artifacts, isForAll, logIn, noSideways, open, shifted } from './lib/page.mjs';
import { Server, folder, run, until } from './lib/reelgate.mjs';

const FAR = 'x'.repeat(50);
let server, boss, ana;
before(async () => {
    server = new Server(folder(null), []);
    await server.start();
    boss = await new Client(server).user('boss');
    await server.stop();
    assert.equal((await run(['user', 'admin', '--data', server.dir, 'boss'])).code, 0);
    await server.start();
    ana = await new Client(server).user('ana');
    await new Client(server).user(`eva_${FAR}`);
    await ana.processed(await ana.give(await clip(1), { name: 'gol.mp4' }));
});
after(() => server.stop('SIGKILL'));

// Some clips of hers that fail, all with long names.
async function failures(count) {
    const whole = readFileSync(await clip(3)), ids = [];
    for (let i = 0; i < count; i++) ids.push(await ana.give(whole.subarray(0, whole.length / 2), { name: `cortado ${i} ${FAR}.mp4` }));
    for (const id of ids) await ana.failed(id);
    return ids;
}
const users = async (q) => (await boss.get(`/api/admin/users?q=${q}`)).json.data;

for (const [language, size, scheme] of [['en', 'desktop', 'light'], ['es', 'phone', 'dark']])
    test(`administration, ${language}, ${size}`, async (t) => {
        const made = await failures(3);
        t.after(() => Promise.all(made.map((id) => ana.delete(`/api/tasks/${id}`))));
        const { page, troubles } = await open(t, server, { language, size, scheme });
        const look = async (what) => {
            await page.screenshot({ path: join(artifacts, `admin-${what}-${size}-${language}.png`), fullPage: true });
            await noSideways(page);
            await isForAll(page, what);
        };
        await logIn(page, 'boss');
        await page.locator('#to-admin').click();
        await page.locator('#workers .row').waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.id), 'title', 'the focus goes along');
        assert.equal(await page.locator('#n-workers').textContent(), '1');
        await page.locator('#n-failed', { hasText: /^3$/ }).waitFor();
        await look('overview');
        await page.reload();
        await page.locator('#workers .row').waitFor();
        assert.ok(await shifted(page) < 0.02, `${await page.evaluate(() => window.shifts)}`);

        // what failed: one is tried again, then all
        await page.locator('.tile a').click();
        await page.locator('#failed .row').nth(2).waitFor();
        assert.ok(await page.locator('#retry-chosen').isDisabled());
        await page.locator('#failed .row-check').first().click();
        await look('failed');
        await page.locator('#retry-chosen').click();
        await page.locator('.toast', { hasText: /^1 / }).waitFor();
        await until('it has failed again', async () => (await boss.get('/api/admin/tasks?status=failed')).json.data.length === 3);
        await page.locator('#retry-all').click();
        await page.locator('#yes').click();
        await page.locator('.toast', { hasText: /^[23] / }).waitFor();
        await until('they have failed again', async () => (await boss.get('/api/admin/tasks?status=failed')).json.data.length === 3);

        // users: found; a limit that is none, a limit, a role; the last admin stays one
        await page.locator('.tabs a').nth(2).click();
        await page.locator('#users .row').nth(2).waitFor();
        await look('users');
        await page.fill('#user-search', 'nobody');
        await page.locator('#no-users').waitFor();
        await page.fill('#user-search', 'ana@');
        await page.waitForFunction(() => document.querySelectorAll('#users .row').length === 1);
        await page.locator('.edit-user').click();
        await page.fill('[name=space]', 'much');
        await page.locator('#save-user').click();
        await page.locator('#user-error').waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.name), 'space');
        await page.fill('[name=space]', '2,5');
        await page.fill('[name=tasks]', '0');
        await page.selectOption('[name=role]', 'admin');
        await look('user');
        await page.locator('#save-user').click();
        await page.locator('.user .badge').waitFor();
        await page.waitForFunction(() => document.activeElement.className === 'edit-user'); // the focus is not lost
        let [{ role, bytes_limit, tasks_limit }] = await users('ana@');
        assert.deepEqual([role, bytes_limit, tasks_limit], ['admin', 2_500_000_000, 0]);
        await page.locator('.edit-user').click();
        for (const name of ['space', 'tasks']) await page.fill(`[name=${name}]`, '');
        await page.selectOption('[name=role]', 'user');
        await page.locator('#save-user').click();
        await page.locator('.user .badge').waitFor({ state: 'detached' });
        [{ role, bytes_limit, tasks_limit }] = await users('ana@');
        assert.deepEqual([role, bytes_limit, tasks_limit], ['user', null, null]);
        await page.fill('#user-search', 'boss');
        await page.locator('[data-user=boss] .edit-user').click();
        await page.selectOption('[name=role]', 'user');
        await page.locator('#save-user').click();
        await page.locator('#user-error').waitFor();
        assert.deepEqual(troubles.filter((text) => !/status of 409/.test(text)), []);
    });

test('who is no admin is neither led there nor let in', async (t) => {
    const { page } = await open(t, server);
    const asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await logIn(page, 'ana');
    await until('it is known who she is', () => asked.includes('/api/me'));
    await page.locator('.poster').waitFor();
    assert.equal(await page.locator('#to-admin').count(), 0);
    assert.deepEqual(asked.filter((path) => /admin|settings/.test(path)), [], 'nor are the pages fetched');
    await page.evaluate(() => { location.hash = '#/admin'; });
    await page.locator('.error', { hasText: 'Not allowed' }).waitFor();
});
