// The settings in a real browser: keys that are shown once, webhooks that are made, tried, replayed and
// given new secrets, and what the account may use; wide and narrow, in both languages.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { artifacts, isForAll, logIn, noSideways, open, shifted } from './lib/page.mjs';
import { serve, until } from './lib/reelgate.mjs';
import { join } from 'node:path';

const FAR = 'x'.repeat(40);
const WORDS = {
    en: { yes: 'Delete', copied: 'Link copied', delivered: 'Delivered', dead: 'Not delivered', used: '2.5 MB' },
    es: { yes: 'Eliminar', delivered: 'Entregada', dead: 'No se entregó', used: '2,5 MB' },
};
const full = (page, name) => page.screenshot({ path: join(artifacts, `${name}.png`), fullPage: true });

// Answers as it is told, and keeps what it hears.
async function receiver(t) {
    const heard = { status: 204, requests: [] };
    const server = createServer((request, response) => {
        const parts = [];
        request.on('data', (part) => parts.push(part));
        request.on('end', () => {
            heard.requests.push({ headers: request.headers, text: Buffer.concat(parts).toString() });
            response.writeHead(heard.status).end();
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    t.after(() => { server.closeAllConnections(); server.close(); });
    heard.url = `http://127.0.0.1:${server.address().port}/reels`;
    heard.verifies = (secret, request) => { try { return !!new Webhook(secret).verify(request.text, request.headers); } catch { return false; } };
    return heard;
}

for (const [language, size, scheme] of [['en', 'desktop', 'light'], ['es', 'phone', 'dark']])
    test(`settings, ${language}, ${size}`, async (t) => {
        const server = await serve(t, '--hook-private', '--hook-attempts', '1', '--quota', '100M', '--quota-tasks', '20');
        const words = WORDS[language], heard = await receiver(t);
        const ana = await new Client(server).user('ana');
        await ana.processed(await ana.give(await clip(1), { name: 'gol.mp4' }));
        const { page, troubles } = await open(t, server, { language, size, scheme });
        const look = async (what) => {
            await full(page, `settings-${what}-${size}-${language}`);
            await noSideways(page);
            await isForAll(page, what);
        };
        await logIn(page, 'ana');
        await page.locator('#to-settings').click();
        await page.locator('.meter').nth(1).waitFor();
        await page.waitForFunction(() => document.activeElement.id === 'title'); // the focus goes along
        assert.match(await page.locator('.meter-of').nth(1).textContent(), /1 (of|de) 20/);
        await look('account');

        // a key: refused without a name, shown once, used, gone
        await page.locator('.tabs a').nth(1).click();
        await page.locator('#no-keys').waitFor();
        await page.locator('#make-key').click();
        await page.locator('#key-error').waitFor();
        await page.waitForFunction(() => document.activeElement.name === 'key_name');
        await page.fill('[name=key_name]', `cámara del estadio ${FAR}`);
        await page.check('[name=scope_upload]');
        await page.selectOption('[name=expires]', '30');
        await page.locator('#make-key').click();
        const key = await page.locator('#once').inputValue();
        assert.match(key, /^rg_\d+_[\w-]{43}$/);
        await page.waitForFunction(() => document.activeElement.id === 'once-title'); // once it is drawn
        await page.locator('#once-copy').click();
        await look('key');
        await page.locator('.toast .shut').click();
        assert.equal((await new Client(server, key).get('/api/tasks')).status, 200);
        assert.equal((await new Client(server, key).delete('/api/tasks/1')).status, 403, 'it may not delete');
        await page.locator('#once-done').click();
        assert.equal(await page.locator('#once').count(), 0);
        await page.reload();
        await page.locator('#keys .row').waitFor();
        assert.ok(!(await page.content()).includes(key), 'it is not shown again');
        assert.ok(await shifted(page) < 0.02, `${await page.evaluate(() => window.shifts)}`);
        await page.locator('#keys .remove').click();
        await page.locator('#question').waitFor();
        await look('question');
        await page.keyboard.press('Escape');
        await page.locator('#question').waitFor({ state: 'hidden' });
        assert.equal((await new Client(server, key).get('/api/tasks')).status, 200, 'Escape is a no');
        await page.locator('#keys .remove').click();
        await page.locator('#yes').click();
        await page.locator('#no-keys').waitFor();
        assert.equal((await new Client(server, key).get('/api/tasks')).status, 401);

        // a webhook: refused, made, tried
        await page.locator('.tabs a').nth(2).click();
        await page.locator('#no-hooks').waitFor();
        await page.fill('#new-hook [name=url]', 'ftp://example.org/');
        await page.locator('#make-hook').click();
        await page.locator('#hook-error', { hasText: 'http' }).waitFor();
        await page.fill('#new-hook [name=url]', `${heard.url}?${FAR}${FAR}`);
        await page.locator('#make-hook').click();
        const secret = await page.locator('#once').inputValue();
        assert.match(secret, /^whsec_/);
        await look('hook-new');
        await page.locator('#once-done').click();
        await page.locator('#hooks .row-name a').click();
        await page.locator('#no-deliveries').waitFor();
        await page.locator('#hook-test').click();
        await page.locator('#deliveries .badge', { hasText: words.delivered }).waitFor();
        assert.ok(heard.verifies(secret, heard.requests[0]));

        // a delivery that failed, sent again
        heard.status = 500;
        await page.locator('#hook-test').click();
        await page.locator('#deliveries .badge', { hasText: words.dead }).waitFor();
        await look('hook');
        heard.status = 204;
        await page.locator('.row', { hasText: words.dead }).locator('.replay').click();
        await page.waitForFunction((n) => document.querySelectorAll('#deliveries .badge.good').length === n, 2);
        assert.equal(heard.requests.at(-1).headers['webhook-id'], heard.requests.at(-2).headers['webhook-id'], 'the same message');

        // a new secret, beside the old one
        await page.locator('#hook-secret').click();
        await page.locator('#yes').click();
        const other = await page.locator('#once').inputValue();
        assert.notEqual(other, secret);
        await page.locator('#once-done').click();
        const before = heard.requests.length;
        await page.locator('#hook-test').click();
        await until('it is told', () => heard.requests.length > before);
        assert.deepEqual([secret, other].map((s) => heard.verifies(s, heard.requests.at(-1))), [true, true]);

        // changed, off and on, gone
        await page.fill('#hook-form [name=description]', 'Tablero del estadio');
        for (const name of ['task.uploaded', 'task.processing', 'task.deleted', 'task.failed']) await page.uncheck(`#hook-form [name="${name}"]`);
        await page.locator('#save-hook').click();
        await page.locator('#hook-title', { hasText: 'Tablero' }).waitFor();
        const [hook] = (await ana.get('/api/hooks')).json.data;
        assert.deepEqual([hook.events, hook.description], [['task.processed'], 'Tablero del estadio']);
        await page.locator('#hook-switch').click();
        await page.locator('#hook-title .badge.bad').waitFor();
        assert.ok(await page.locator('#hook-test').isDisabled());
        await page.locator('#hook-switch').click();
        await page.locator('#hook-title .badge.good').waitFor();
        await page.locator('#hook-remove').click();
        await page.locator('#yes').click();
        await page.locator('#no-hooks').waitFor();
        assert.equal((await ana.get('/api/hooks')).json.data.length, 0);
        assert.deepEqual(troubles.filter((text) => !/status of 400/.test(text)), [], 'nothing but what was refused on purpose');
    });
