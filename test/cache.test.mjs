// Kept logo parts, through the program: what is kept is used, what is damaged is made again, and
// nothing that can be wrong with the folder costs a reel.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clip, picture, sound, AAC, ffmpeg } from './lib/clips.mjs';
import { folder, run } from './lib/reelgate.mjs';

const copied = () => clip(3);
const files = (dir) => (existsSync(dir) ? readdirSync(dir).sort() : []);

async function render(file, dir, name, ...flags) {
    const reel = join(dir, name);
    const { code, stdout, stderr } = await run(['render', '--json', '--log-level', 'debug', ...flags, file, reel]);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout.trim().split('\n').pop()).path, 'copy', 'these tests are about copied clips');
    return { bytes: readFileSync(reel), made: (stderr.match(/a bumper was made/g) ?? []).length, stderr };
}

test('a second clip of a shape has its logo part from the cache, and the reel is the same', async (t) => {
    const dir = folder(t), cache = join(dir, 'not', 'there', 'yet');
    const cold = await render(await copied(), dir, 'cold.mp4', '--cache', cache);
    assert.equal(cold.made, 1);
    const [entry, ...others] = files(cache);
    assert.match(entry, /^[0-9a-f]{64}\.bumper$/);
    assert.deepEqual(others, []);
    assert.equal(statSync(cache).mode & 0o777, 0o700);
    assert.equal(statSync(join(cache, entry)).mode & 0o777, 0o600);
    const warm = await render(await copied(), dir, 'warm.mp4', '--cache', cache);
    assert.equal(warm.made, 0);
    const none = await render(await copied(), dir, 'none.mp4', '--cache', 'none');
    assert.equal(none.made, 0);
    assert.ok(warm.bytes.equals(cold.bytes) && none.bytes.equals(cold.bytes));
    assert.deepEqual(files(cache), [entry]);
});

test('another logo, another length and another size are entries of their own', async (t) => {
    const dir = folder(t), cache = join(dir, 'cache'), logo = join(dir, 'logo.png');
    writeFileSync(logo, readFileSync(await ffmpeg('.png', ['-f', 'lavfi', '-i', 'color=red:s=64x64', '-frames:v', '1'])));
    const first = await render(await copied(), dir, '1.mp4', '--cache', cache);
    const red = await render(await copied(), dir, '2.mp4', '--cache', cache, '--logo', logo);
    writeFileSync(logo, readFileSync(await ffmpeg('.png', ['-f', 'lavfi', '-i', 'color=blue:s=64x64', '-frames:v', '1'])));
    const blue = await render(await copied(), dir, '3.mp4', '--cache', cache, '--logo', logo);
    const long = await render(await copied(), dir, '4.mp4', '--cache', cache, '--bumper', '1s');
    const small = await render(await clip(3, { size: '256x144' }), dir, '5.mp4', '--cache', cache);
    assert.deepEqual([first, red, blue, long, small].map((r) => r.made), [1, 1, 1, 1, 1]);
    assert.equal(files(cache).length, 5);
    assert.ok(!red.bytes.equals(blue.bytes));
});

test('damaged entries are made again', async (t) => {
    const dir = folder(t), cache = join(dir, 'cache');
    const good = await render(await copied(), dir, 'good.mp4', '--cache', cache);
    const entry = join(cache, files(cache)[0]), whole = readFileSync(entry);
    const spoiled = Buffer.from(whole);
    spoiled[whole.length >> 1] ^= 1;
    for (const data of [spoiled, whole.subarray(0, 100), Buffer.alloc(0)]) {
        writeFileSync(entry, data);
        const again = await render(await copied(), dir, 'again.mp4', '--cache', cache);
        rmSync(join(dir, 'again.mp4'));
        assert.equal(again.made, 1);
        assert.ok(again.bytes.equals(good.bytes));
        assert.ok(readFileSync(entry).equals(whole));
    }
});

test('renders side by side share one cache', async (t) => {
    const dir = folder(t), cache = join(dir, 'cache'), file = await copied();
    const reels = await Promise.all([1, 2, 3, 4].map((i) => render(file, dir, `${i}.mp4`, '--cache', cache)));
    for (const r of reels) assert.ok(r.bytes.equals(reels[0].bytes));
    assert.equal(files(cache).length, 1);
});

test('a folder that cannot be used costs time and no reel', async (t) => {
    const dir = folder(t), real = join(dir, 'real'), link = join(dir, 'link'), open = join(dir, 'open'), plain = join(dir, 'plain');
    mkdirSync(real, { mode: 0o700 });
    symlinkSync(real, link);
    mkdirSync(open);
    chmodSync(open, 0o777);
    writeFileSync(plain, '');
    const good = await render(await copied(), dir, 'good.mp4', '--cache', 'none');
    for (const [name, cache, why] of [
        ['link', link, /symbolic link/],
        ['open', open, /others may write/],
        ['plain', plain, /not a folder/],
        ['below', join(plain, 'x'), /not a folder/],
        ['proc', '/proc/reelgate', /No such file/],
    ]) {
        const r = await render(await copied(), dir, `${name}.mp4`, '--cache', cache);
        assert.match(r.stderr, why);
        assert.equal(r.made, 0);
        assert.ok(r.bytes.equals(good.bytes));
        assert.deepEqual([...files(real), ...files(open)], []);
    }
});

test('the cache stays within its size', async (t) => {
    const dir = folder(t), cache = join(dir, 'cache'), noise = join(dir, 'noise.png');
    writeFileSync(noise, readFileSync(await ffmpeg('.png', ['-f', 'lavfi', '-i', 'nullsrc=s=600x340,geq=random(1)*255:128:128', '-frames:v', '1'])));
    const file = await ffmpeg('.mp4', [...picture(2, { size: '1280x720' }), ...sound(2),
        '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', ...AAC]);
    const sizes = [];
    for (let ms = 1000; ms < 1000 + 8 * 40; ms += 40) {
        await render(file, dir, 'reel.mp4', '--cache', cache, '--cache-size', '1M', '--logo', noise, '--crf', '8', '--bumper', `${ms}ms`);
        rmSync(join(dir, 'reel.mp4'));
        sizes.push(files(cache).reduce((sum, name) => sum + statSync(join(cache, name)).size, 0));
    }
    assert.ok(Math.max(...sizes) <= 1 << 20, sizes.join());
    assert.ok(sizes.at(-1) > 0 && files(cache).length < 8, `${files(cache).length} entries, ${sizes.join()}`);
});
