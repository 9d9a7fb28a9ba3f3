// The list of the page in a real browser: long ones, searched and sorted, several clips at once, the
// keyboard, titles and names in any script, and the place that is kept.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { bytes, clip } from './lib/clips.mjs';
import { WORDS, card, give, isForAll, isReady, logIn, noSideways, open, shifted, shot } from './lib/page.mjs';
import { serve, until } from './lib/reelgate.mjs';

const names = (page) => page.$$eval('.card .name', (all) => all.map((el) => el.textContent));
const inOrder = (page, ...wanted) => page.waitForFunction((list) => [...document.querySelectorAll('.card .name')].map((el) => el.textContent).join() === list.join(), wanted);

test('a long list comes page by page, and nothing jumps while it comes', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    const file = readFileSync(await clip(0.2));
    for (let i = 1; i <= 30; i++) await ana.give(file, { name: `clip ${i}.mp4` });
    const { page, troubles } = await open(t, server);
    await logIn(page, 'ana');
    await page.locator('.name', { hasText: 'clip 30.mp4' }).waitFor();
    assert.equal(await page.locator('.card').count(), 24);
    await page.waitForFunction(() => document.querySelectorAll('.card[aria-busy=false]').length === 24);
    const asked = await page.evaluate(() => performance.getEntriesByType('resource').filter((r) => /\/api\/tasks(\/\d+|\?view=full.*)$/.test(r.name)).length);
    assert.equal(asked, 1, 'all cards in sight were asked for together');
    await page.locator('.card').last().scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelectorAll('.card').length === 30);
    await page.locator('.name', { hasText: /^clip 1\.mp4$/ }).waitFor();
    assert.match(await page.locator('.filters a[aria-current]').textContent(), /30/);
    await page.reload();
    await page.locator('.name', { hasText: 'clip 7.mp4' }).waitFor();
    assert.ok(await shifted(page) < 0.02, `${await page.evaluate(() => window.shifts)}`);
    await page.goto(`${server.url}/#/reel/7`);
    await page.reload();
    await page.locator('h1', { hasText: 'clip 7.mp4' }).waitFor();
    assert.ok(await shifted(page) < 0.02, `reel: ${await page.evaluate(() => window.shifts)}`);
    await page.goto(`${server.url}/#/reel/999`);
    await page.locator('h1', { hasText: 'This clip does not exist' }).waitFor();
    assert.deepEqual(troubles.filter((text) => !/404/.test(text)), []);

    // a thousand newer ones do not hide the only one that failed
    await server.stop();
    execFileSync('sqlite3', ['-bail', join(server.dir, 'reelgate.db')], { input: `UPDATE tasks SET state = 3, error_slug = 'truncated' WHERE id = 3;
        INSERT INTO tasks (user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes, fit, start_us, created_ms, changed_ms, due, not_before_ms)
        SELECT user_id, 0, 'newer.mp4', '', 'clips/none' || value, '', 0, 0, 0, created_ms, created_ms, 0, created_ms * 2 FROM tasks, generate_series(1, 1000) WHERE id = 1;` });
    await server.start();
    await page.goto(`${server.url}/#/failed`);
    await logIn(page, 'ana');
    await card(page, 'clip 3.mp4').locator('.error', { hasText: 'cut off or damaged' }).waitFor();
    assert.equal(await page.locator('.card').count(), 1);
    assert.match(await page.locator('.filters a').first().textContent(), /1001\+/);
});

test('a thousand clips: only what changes is drawn, what is out of sight costs nothing, and back is where one was', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    await ana.give(await clip(0.2), { name: 'first.mp4' });
    await server.stop();
    execFileSync('sqlite3', ['-bail', join(server.dir, 'reelgate.db')], { input: `INSERT INTO tasks (user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes, fit, start_us, created_ms, changed_ms, due, not_before_ms)
        SELECT user_id, 3, 'clip ' || value || '.mp4', '', 'clips/none' || value, '', 1000 * value, 0, 0, created_ms, created_ms, 0, 0 FROM tasks, generate_series(1, 1000) WHERE id = 1;` });
    await server.start();
    const { page } = await open(t, server);
    await logIn(page, 'ana');
    await page.waitForFunction(() => document.querySelectorAll('.card').length >= 24);
    for (let n = 24; n < 1001;) {
        await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
        await page.waitForFunction((before) => document.querySelectorAll('.card').length > before || document.querySelectorAll('.card').length === 1001, n);
        n = await page.locator('.card').count();
    }
    await page.waitForFunction(() => document.querySelectorAll('.card[aria-busy=false]').length === 1001);
    assert.equal(await page.locator('#more').count(), 0);
    assert.equal(await page.$eval('.card .shot', (el) => getComputedStyle(el).contentVisibility), 'auto');
    await page.evaluate(() => {
        window.drawn = new Set();
        new MutationObserver((list) => list.forEach((m) => window.drawn.add(m.target.nodeType === 1 ? m.target.closest('.card')?.dataset.id : m.target.parentElement.closest('.card')?.dataset.id)))
            .observe(document.getElementById('list'), { subtree: true, childList: true, attributes: true, characterData: true });
    });
    await page.locator('.card').nth(700).scrollIntoViewIfNeeded();
    const place = await page.evaluate(() => scrollY), id = await page.locator('.card').nth(700).getAttribute('data-id');
    await page.locator('.card').nth(700).locator('.pick input').check({ force: true });
    await page.locator('.chosen', { hasText: '1 chosen' }).waitFor();
    assert.deepEqual(await page.evaluate(() => [...window.drawn]), [id], 'one card of all');
    await page.keyboard.press('Escape');
    await page.locator('.card').nth(700).locator('.name a').click();
    await page.locator('#reel').waitFor();
    await page.locator('.way a').click();
    await page.locator('#desk').waitFor();
    assert.equal(await page.locator('.card').count(), 1001);
    assert.ok(Math.abs(await page.evaluate(() => scrollY) - place) < 5, 'the same place');
    assert.equal(await page.evaluate(() => document.activeElement.closest('.card')?.dataset.id), id, 'and the same card');
});

test('searched and sorted, by an address that can be kept; several clips at once', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const whole = readFileSync(await clip(1));
    for (const [name, seconds, title] of [['b.mp4', 2, 'Gol de Ana'], ['c.mp4', 1, 'Ánimo, árbitro'], ['a.mp4', 3, 'Calentamiento']])
        await ana.processed(await ana.give(await clip(seconds), { name, fields: { title } }));
    await ana.failed(await ana.give(await bytes('.mp4', whole.subarray(0, whole.length / 2)), { name: 'gol cortado.mp4' }));
    const { page, troubles } = await open(t, server);
    await logIn(page, 'ana');
    await inOrder(page, 'gol cortado.mp4', 'Calentamiento', 'Ánimo, árbitro', 'Gol de Ana');
    await card(page, 'cortado').locator('.error').waitFor();
    assert.equal(await card(page, 'cortado').locator('.again').count(), 0, 'what is cut off stays so');
    assert.match(await page.locator('.card time').first().getAttribute('datetime'), /^20\d\d-/);
    await page.keyboard.press('/');
    await page.keyboard.type('gol');
    await inOrder(page, 'gol cortado.mp4', 'Gol de Ana');
    await page.selectOption('#sort', 'longest');
    await inOrder(page, 'Gol de Ana', 'gol cortado.mp4');
    assert.match(page.url(), /#\/\?q=gol&sort=longest$/);
    await page.locator('.filters a', { hasText: 'Ready' }).click();
    await inOrder(page, 'Gol de Ana');
    await page.reload();
    await inOrder(page, 'Gol de Ana');
    assert.deepEqual([await page.inputValue('#search'), await page.inputValue('#sort')], ['gol', 'longest']);
    await shot(page, 'found-desktop-en');
    await isForAll(page, 'what was found');
    await card(page, 'Gol de Ana').locator('.name a').click();
    await page.locator('#reel .way a').click();
    await inOrder(page, 'Gol de Ana');
    await page.fill('#search', 'nobody');
    await page.locator('#empty', { hasText: 'Nothing found for “nobody”' }).waitFor();
    await page.locator('#empty button').click();
    await page.selectOption('#sort', 'title');
    await inOrder(page, 'Ánimo, árbitro', 'Calentamiento', 'Gol de Ana');
    await page.locator('.filters a', { hasText: 'All' }).click();
    await inOrder(page, 'Ánimo, árbitro', 'Calentamiento', 'gol cortado.mp4', 'Gol de Ana');

    // several at once: downloaded, deleted, and back
    await page.selectOption('#sort', 'newest');
    await inOrder(page, 'gol cortado.mp4', 'Calentamiento', 'Ánimo, árbitro', 'Gol de Ana');
    await card(page, 'Calentamiento').locator('.pick input').check();
    await card(page, 'Gol de Ana').locator('.pick input').click({ modifiers: ['Shift'] });
    await page.locator('.chosen', { hasText: '3 chosen' }).waitFor();
    await shot(page, 'chosen-desktop-en');
    await isForAll(page, 'several are chosen');
    const files = [];
    page.on('download', (download) => files.push(download.suggestedFilename()));
    await page.locator('#download-chosen').click();
    await until('three files', () => files.length === 3);
    await page.locator('#choose-all').click();
    await page.locator('.chosen', { hasText: '4 chosen' }).waitFor();
    await page.locator('#remove-chosen').click();
    await page.locator('#empty').waitFor();
    await page.locator('.toast', { hasText: '4 clips are deleted' }).getByRole('button', { name: 'Undo' }).click();
    await inOrder(page, 'gol cortado.mp4', 'Calentamiento', 'Ánimo, árbitro', 'Gol de Ana');
    assert.equal(await page.locator('.chosen').count(), 0);
    await card(page, 'Gol de Ana').locator('.pick input').check();
    await card(page, 'cortado').locator('.pick input').check();
    await page.locator('#remove-chosen').click();
    await page.locator('.toast .shut').click();
    await until('they are gone', async () => (await ana.tasks()).length === 2);
    assert.deepEqual(troubles, []);
});

test('the list with the keyboard alone', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    for (const name of ['a', 'b', 'c', 'd', 'e']) await ana.give(await clip(0.2), { name: `${name}.mp4`, fields: { title: name } });
    const { page } = await open(t, server);
    await logIn(page, 'ana');
    await inOrder(page, 'e', 'd', 'c', 'b', 'a');
    await page.waitForFunction(() => document.querySelectorAll('.card[aria-busy=false]').length === 5);
    const at = () => page.evaluate(() => document.activeElement.closest('.card')?.querySelector('.name').textContent ?? document.activeElement.id);
    await page.keyboard.press('/');
    await page.keyboard.press('ArrowDown');
    const walk = [await at()];
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'End', 'Home', 'ArrowUp']) {
        await page.keyboard.press(key);
        walk.push(await at());
    }
    assert.deepEqual(walk, ['e', 'd', 'a', 'b', 'a', 'e', 'search'], 'three in a row');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('x');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    await page.locator('.chosen', { hasText: '2 chosen' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.chosen').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.locator('#help').waitFor();
    await shot(page, 'help-desktop-en');
    await isForAll(page, 'the help');
    await page.keyboard.press('Escape');
    await page.locator('#help').waitFor({ state: 'hidden' });
    await page.locator('.card .name a').nth(1).focus();
    await page.keyboard.press('Delete');
    await inOrder(page, 'e', 'c', 'b', 'a');
    assert.equal(await at(), 'c', 'the focus goes to the next one');
    await page.keyboard.press('Control+z');
    await inOrder(page, 'e', 'd', 'c', 'b', 'a');
    await page.keyboard.press('Enter');
    await page.locator('#reel h1', { hasText: /^c$/ }).waitFor();
});

test('clips that wait say their place in line; those of this page show a picture of theirs', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    for (const name of ['one.mp4', 'two.mp4']) await ana.give(await clip(0.2), { name });
    const { page, troubles } = await open(t, server);
    await logIn(page, 'ana');
    await card(page, 'one.mp4').locator('.facts', { hasText: 'next in line' }).waitFor();
    await card(page, 'two.mp4').locator('.facts', { hasText: 'no. 2 in line' }).waitFor();
    await page.setInputFiles('#files', await clip(2));
    await page.fill('#draft-title', 'three');
    await page.locator('#send').click();
    await card(page, 'three').locator('.facts', { hasText: 'no. 3 in line' }).waitFor();
    await page.waitForFunction(() => document.querySelector('.card .picture')?.naturalWidth > 0);
    await ana.delete('/api/tasks/1');
    await card(page, 'three').locator('.facts', { hasText: 'no. 2 in line' }).waitFor();
    await shot(page, 'line-desktop-en');
    await isForAll(page, 'a line');
    await server.stop();
    await page.evaluate(() => { window.revoked = []; const revoke = URL.revokeObjectURL; URL.revokeObjectURL = (url) => { window.revoked.push(url); revoke.call(URL, url); }; });
    const picture = await page.$eval('.card .picture', (img) => img.src);
    await server.start(['--listen', new URL(server.url).host, '--workers', '1']);
    await isReady(page, 'three', WORDS.en);
    await page.waitForFunction((url) => window.revoked.includes(url), picture);
    assert.equal(await page.locator('.card .picture').count(), 0, 'the poster took its place');
    assert.deepEqual(troubles.filter((text) => !/ERR_CONNECTION|ERR_INCOMPLETE|Failed to load/.test(text)), []);
});

test('names of any script and length: cut in the middle, their beginning and ending in sight', async (t) => {
    const server = await serve(t, '--workers', '0');
    const ana = await new Client(server).user('ana');
    const given = ['A match on a very long evening in the north stand of the stadium, the final version.mp4',
        'مباراة كرة القدم في الملعب الكبير مساء يوم الجمعة الماضي بعد المطر الغزير والبرد.mp4', 'משחק כדורגל ארוך מאוד באצטדיון הגדול בערב קיץ אחד.mov', 'e\u0301'.repeat(60), 'ok.mp4'];
    for (const name of given) await ana.give(await clip(0.2), { name });
    for (const size of ['desktop', 'phone']) {
        const { page, context } = await open(t, server, { size });
        await logIn(page, 'ana');
        await page.waitForFunction(() => document.querySelectorAll('.card[aria-busy=false]').length === 5);
        assert.deepEqual(await names(page), [...given].reverse(), 'the whole of them, for those who listen');
        const seen = await page.$$eval('.card .cut', (all) => all.map((cut) => {
            const box = cut.getBoundingClientRect(), head = cut.querySelector('.cut-head').firstChild, tail = cut.querySelector('.cut-tail')?.firstChild ?? head;
            const within = (node, at) => {
                const range = document.createRange();
                range.setStart(node, at);
                range.setEnd(node, at + 1);
                const r = range.getBoundingClientRect();
                return r.left >= box.left - 1 && r.right <= box.right + 1;
            };
            return [within(head, 0), within(tail, tail.length - 1), getComputedStyle(cut).direction];
        }));
        const ways = ['ltr', 'ltr', 'rtl', 'rtl', 'ltr'];
        assert.deepEqual(seen, ways.map((way) => [true, true, way]), size);
        await noSideways(page);
        await shot(page, `names-${size}-en`);
        await page.locator('.card').nth(3).locator('.name a').click();
        await page.locator('#reel h1').waitFor();
        await noSideways(page);
        await context.close();
    }
});

test('titles are changed where they stand, files are called by them, and shape and start make the reel anew', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await clip(4, { size: '320x240' }), { name: 'VID_0001.mp4' });
    await ana.processed(id);
    const { page, troubles } = await open(t, server);
    await logIn(page, 'ana');
    await isReady(page, 'VID_0001.mp4', WORDS.en);
    await card(page, 'VID_0001.mp4').locator('.retitle').click();
    await page.locator('.card .rename input').fill('nobody sees this');
    await page.keyboard.press('Escape');
    await inOrder(page, 'VID_0001.mp4');
    await card(page, 'VID_0001.mp4').locator('.retitle').click();
    await page.locator('.card .rename input').fill('  هدف في الدقيقة الأخيرة  ');
    await isForAll(page, 'a title that is changed');
    await page.keyboard.press('Enter');
    await inOrder(page, 'هدف في الدقيقة الأخيرة');
    await page.waitForFunction(() => document.activeElement.matches('.card .name a')); // the focus is not lost
    await until('it is kept', async () => (await ana.task(id)).title === 'هدف في الدقيقة الأخيرة');
    await page.keyboard.press('Enter');
    await page.locator('#reel h1', { hasText: 'هدف' }).waitFor();
    await page.locator('#rename').click();
    await page.locator('.named .rename input').fill('Gol ñandú');
    await page.locator('.named .rename input').blur();
    await page.locator('#reel h1', { hasText: 'Gol ñandú' }).waitFor();
    await until('it is kept', async () => (await ana.task(id)).title === 'Gol ñandú');
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.get').click()]);
    assert.equal(download.suggestedFilename(), 'Gol ñandú.mp4');

    await page.locator('#to-remake').click();
    await page.locator('#remake').waitFor();
    assert.ok(await page.locator('#remake-send').isDisabled(), 'nothing is another yet');
    await page.locator('.choice', { hasText: 'Crop' }).click();
    await page.locator('#start').fill('1.5');
    await shot(page, 'remake-desktop-en');
    await isForAll(page, 'another shape and start');
    await page.locator('#remake-send').click();
    await page.locator('#question', { hasText: 'Make the reel of “Gol ñandú” anew?' }).waitFor();
    await isForAll(page, 'the question');
    await page.locator('#yes').click();
    await page.locator('#reel', { hasText: 'Shape: Crop. Start: second 1.5' }).waitFor();
    await page.locator('#player').waitFor();
    const made = await ana.processed(id);
    assert.deepEqual([made.fit, made.start, Math.round(made.reel.duration * 10)], ['crop', 1.5, 65]);
    assert.deepEqual(troubles, []);
});

test('an answer that was on its way when a task ended does not put the task back', async (t) => {
    const server = await serve(t);
    await new Client(server).user('ana');
    const { page, context } = await open(t, server);
    await logIn(page, 'ana');
    const other = await context.newPage();
    await other.goto(server.url);
    let held = 0;
    await page.route(/\/api\/tasks\/\d+$/, async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        if (!held && ['uploaded', 'processing'].includes(body.status)) {
            held++;
            body.status = 'processing';
            await until('another page has heard of the end', async () => (await card(other, 'corto').locator('.badge', { hasText: 'Ready' }).count()) === 1);
        }
        await route.fulfill({ response, json: body });
    });
    await give(page, { name: 'corto.mp4', mimeType: 'video/mp4', buffer: readFileSync(await clip(6, { size: '640x480' })) });
    await isReady(page, 'corto', WORDS.en);
    assert.ok(held > 0, 'one was asked for before the end');
});

test('a reel that lacks something of its clip says so, on its card and on its page', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    await ana.processed(await ana.give(await clip(1, { extension: '.mkv', audio: ['-c:a', 'ac3', '-bsf:a', 'noise=amount=1'] }), { name: 'ruido.mkv' }));
    await ana.processed(await ana.give(await clip(1), { name: 'claro.mp4' }));
    for (const [language, size, sentence] of [['es', 'phone', 'No se pudo leer el sonido; el reel es mudo'], ['en', 'desktop', 'The sound could not be read; the reel is silent']]) {
        const { page } = await open(t, server, { language, size });
        await logIn(page, 'ana');
        await card(page, 'ruido').locator('.warned', { hasText: sentence }).waitFor();
        assert.equal(await card(page, 'claro').locator('.warned').count(), 0);
        await shot(page, `warned-${size}-${language}`);
        await isForAll(page, 'a card with a warning');
        await card(page, 'ruido').locator('.name a').click();
        await page.locator('.warnings', { hasText: sentence }).waitFor();
        await shot(page, `warned-reel-${size}-${language}`);
        await noSideways(page);
        await isForAll(page, 'a reel with a warning');
    }
});
