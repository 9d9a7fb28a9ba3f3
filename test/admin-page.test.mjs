// The administration in a real browser: how the service does, what failed and is tried again, users with
// roles and limits, and how reels are made; wide and narrow, in both languages. Who is no admin sees none of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip, ffmpeg } from './lib/clips.mjs';
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

        // how reels are made: a logo tried out, values that cannot be, a new version for new clips alone
        const version = (await boss.get('/api/admin/profile')).json.version;
        const isVersion = (n) => page.locator('#profile-version', { hasText: new RegExp(`^Versi.n ${n},`) }).waitFor(); // its date has digits too
        await page.locator('.tabs a').nth(3).click();
        await page.locator('#bumper').waitFor();
        await page.setInputFiles('#logo-file', { name: 'logo.gif', mimeType: 'image/gif', buffer: Buffer.from('GIF89a') });
        await page.locator('#logo-error').waitFor();
        await page.setInputFiles('#logo-file', { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
        await page.locator('#logo-error', { hasText: 'JPEG' }).waitFor();
        const mark = await page.locator('#bumper').getAttribute('src');
        await page.setInputFiles('#logo-file', await ffmpeg('.png', ['-f', 'lavfi', '-i', 'color=c=orange:s=300x200', '-frames:v', '1']));
        await page.waitForFunction((old) => { const i = document.getElementById('bumper'); return i && i.src !== old && i.naturalWidth === 1280; }, mark);
        const colour = await page.$eval('#bumper', (i) => {
            const c = new OffscreenCanvas(1280, 720).getContext('2d');
            c.drawImage(i, 0, 0);
            return [...c.getImageData(640, 360, 1, 1).data].slice(0, 3);
        });
        assert.ok(colour[0] > 230 && Math.abs(colour[1] - 165) < 25 && colour[2] < 40, `orange: ${colour}`);
        await page.fill('[name=bumper_s]', '11');
        await page.locator('#save-profile').click();
        await page.locator('#profile-error', { hasText: '10' }).waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.name), 'bumper_s');
        await page.fill('[name=bumper_s]', '1,5');
        await page.fill('[name=longest_s]', '3');
        await page.locator('#save-profile').click();
        await page.locator('#profile-error').waitFor();
        await page.fill('[name=longest_s]', '12');
        await page.fill('[name=shape_tolerance]', '31');
        await page.locator('#save-profile').click();
        await page.locator('#profile-error', { hasText: '30' }).waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.name), 'shape_tolerance');
        await page.fill('[name=shape_tolerance]', '20');
        await page.selectOption('[name=fit]', 'blur');
        await look('profile');
        await page.locator('#save-profile').click();
        await isVersion(version + 1);
        const { bumper_s, longest_s, shape_tolerance, fit, logo } = (await boss.get('/api/admin/profile')).json;
        assert.deepEqual([bumper_s, longest_s, shape_tolerance, fit, logo], [1.5, 12, 20, 'blur', true]);
        assert.deepEqual((await ana.get('/api/me')).json.profile, { bumper_s: 1.5, longest_s: 12, fit: 'blur' });

        // and whoever prepares a clip sees it
        await page.locator('.brand a').click();
        await page.setInputFiles('#files', await clip(12));
        await page.locator('.used', { hasText: /0:09[.,]0.*9[.,]0 s.*12[.,]0 s/ }).waitFor();
        assert.ok(await page.locator('[name=fit][value=blur]').isChecked());
        await page.keyboard.press('Escape');

        // back to how it was
        await page.goto(`${server.url}/#/admin/profile`);
        await page.locator('#logo-none').click();
        await page.fill('[name=bumper_s]', '2');
        await page.fill('[name=longest_s]', '20');
        await page.selectOption('[name=fit]', 'pad');
        await page.locator('#save-profile').click();
        await isVersion(version + 2);
        assert.equal((await boss.get('/api/admin/profile')).json.logo, false);
        assert.deepEqual(troubles.filter((text) => !/status of 4(00|09)/.test(text)), []);
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
