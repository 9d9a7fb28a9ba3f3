// Every kind of reel in a browser: it is played from end to end, and it is searched to both sides of
// both seams; what the browser paints must be the very picture that belongs there. Each picture of
// the clips says its number: sixteen columns for sixteen bits, white for 1, the same below inverted,
// so that neither a logo nor a broken picture can be taken for one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { AAC, ffmpeg } from './lib/clips.mjs';
import { PATIENCE_MS, folder, run } from './lib/reelgate.mjs';

const RATE = 25, BUMPER = 2 * RATE;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

const bit = 'mod(floor(N/pow(2,X)),2)';
const numbered = (seconds, { audio = AAC, params = 'keyint=40:min-keyint=40:scenecut=0:bframes=3:b-adapt=0', size = '320:180', pixel = '1', hz = 48000, extension = '.mp4', choose, more = [] } = {}) =>
    ffmpeg(extension, ['-f', 'lavfi', '-t', String(seconds), '-i', `color=black:s=16x9:r=${RATE},format=yuv444p,geq=lum='16+219*if(lt(Y,4),${bit},1-${bit})':cb=128:cr=128,scale=${size}:flags=neighbor,setsar=${pixel}:max=4000`,
        ...(audio ? ['-f', 'lavfi', '-t', String(seconds), '-i', `sine=f=440:r=${hz}`] : []),
        ...(choose ? ['-vf', `select='${choose}'`, '-fps_mode', 'passthrough', '-enc_time_base', '-1'] : []),
        '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-pix_fmt', 'yuv420p', '-x264-params', params, ...(audio ?? []), ...more]);
const OPEN = 'open-gop=1:keyint=20:min-keyint=20:scenecut=0:bframes=3:b-adapt=0';
// It begins on a key picture that leans on those before it; the next that stands alone is number 60.
const tunedIn = async () => ffmpeg('.ts', ['-i', await numbered(4, { extension: '.ts', params: OPEN, more: ['-force_key_frames', '2.4', '-forced-idr', '1'] }),
    '-c', 'copy', '-bsf:v', "noise=drop='lt(n,10)'"]);

const START = 'copy'; // what a start inside the clip takes
// two thirds of the pictures from the 42nd on are left out: those that stay are shown for three frames
const LAST = 'lte(n,370)+not(mod(n,8))', last = (n) => (n <= 370 ? n : n - (n % 8)); /* the last of 16 s is encoded alone */
const SLOW = 'lte(n,41)+not(mod(n,3))', stays = (n) => (n <= 41 ? n : n - (n % 3));
// [name, clip, path, frames of the body, number of its first picture, flags, the number that stays for one]
const kinds = [
    ['encoded', () => numbered(3), 'encode', 75, 0, ['--force-encode']],
    ['encoded with a start', () => numbered(4), 'encode', 65, 35, ['--force-encode', '--start', '1.4']],
    ['copied', () => numbered(3), 'copy', 75, 0, []],
    ['copied, CAVLC in slices of Baseline', () => numbered(3, { params: 'cabac=0:bframes=0:8x8dct=0:weightp=0:slices=3:keyint=50' }), 'copy', 75, 0, []],
    ['copied, with a deep pyramid', () => numbered(3, { params: 'bframes=8:b-adapt=0:b-pyramid=normal:ref=8:keyint=60' }), 'copy', 75, 0, []],
    ['copied, with sound of 44.1 kHz', () => numbered(3, { hz: 44100 }), 'copy', 75, 0, []],
    ['copied, with its sound encoded', () => numbered(3, { audio: ['-c:a', 'libmp3lame'] }), 'copy', 75, 0, []],
    ['copied, without sound', () => numbered(3, { audio: null }), 'copy', 75, 0, []],
    ['with a start', () => numbered(5), START, 90, 35, ['--start', '1.4']],
    ['copied from a transport stream', () => numbered(3, { extension: '.ts' }), 'copy', 75, 0, []],
    ['copied, with groups that lean on those before them', () => numbered(4, { params: OPEN }), 'copy', 100, 0, []],
    ['copied, with intra refresh', () => numbered(4, { params: 'intra-refresh=1:keyint=20:bframes=0:scenecut=0', extension: '.ts' }), 'copy', 100, 0, []],
    ['copied from a transport stream that begins inside a group', tunedIn, 'copy', 80, 20, []],
    ['copied from an AVI, whose times are worked out', () => numbered(3, { extension: '.avi', audio: ['-c:a', 'libmp3lame'] }), 'copy', 75, 0, []],
    ['copied, with pixels that are not square', () => numbered(2, { size: '240:180', pixel: '4/3' }), 'copy', 50, 0, []],
    ['copied, with pixels of 1281:1280', () => numbered(2, { pixel: '1281/1280' }), 'copy', 50, 0, []],
    ['copied at 424x240', () => numbered(2, { size: '424:240' }), 'copy', 50, 0, []],
    ['copied, with times that vary', () => numbered(3, { choose: SLOW, params: 'keyint=8:min-keyint=8:scenecut=0:bframes=3:b-adapt=0' }), 'copy', 73, 0, [], stays],
    ['copied, with times that vary and a deep pyramid', () => numbered(3, { choose: SLOW, params: 'bframes=8:b-adapt=0:b-pyramid=normal:ref=8:keyint=46:min-keyint=46:scenecut=0' }), 'copy', 73, 0, [], stays],
    ['copied, with times that vary and a start', () => numbered(5, { choose: SLOW }), START, 89, 35, ['--start', '1.4'], stays],
    ['copied, its end encoded', () => numbered(17, { params: 'bframes=16:b-adapt=0:b-pyramid=normal:keyint=1000:scenecut=0' }), 'copy', 400, 0, []],
    ['copied, with times that vary, its last picture encoded', () => numbered(18, { choose: LAST, params: 'bframes=3:b-adapt=0:b-pyramid=none:keyint=1000:scenecut=0' }), 'copy', 400, 0, [], last],
    ['copied at 1080p', () => numbered(2, { size: '1920:1080' }), 'copy', 50, 0, []],
];

describe('players', { concurrency: 2, timeout: 5 * PATIENCE_MS }, () => {
    let browser, dir;
    before(async () => {
        dir = folder(null);
        browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS, timeout: PATIENCE_MS });
    });
    after(() => browser?.close());

    for (const [name, make, path, frames, first, flags, shown = (n) => n] of kinds)
        it(`show the pictures of the clip: ${name}`, async (t) => {
            const reel = join(folder(t), 'reel.mp4');
            const { code, stdout, stderr } = await run(['render', '--json', '--preset', 'ultrafast', '--cache', dir, ...flags, await make(), reel]);
            assert.equal(code, 0, stderr);
            const report = JSON.parse(stdout.trim().split('\n').pop());
            assert.equal(report.path, path, report.reason);
            await plays(t, browser, reel, frames, (n) => (n < BUMPER || n >= BUMPER + frames ? null : shown(first + n - BUMPER)));
        });

    it('would be seen to show another picture at a seam', async (t) => {
        const reel = join(folder(t), 'reel.mp4'), frames = 75;
        const { code, stderr } = await run(['render', '--preset', 'ultrafast', '--cache', dir, await numbered(3), reel]);
        assert.equal(code, 0, stderr);
        const wrong = plays(t, browser, reel, frames, (n) => (n === BUMPER + frames ? 7 : n < BUMPER || n > BUMPER + frames ? null : n - BUMPER));
        await assert.rejects(wrong, (e) => {
            const differ = e.actual.filter(([, seen], i) => seen !== e.expected[i][1]).map(([n]) => n);
            return assert.deepEqual([...new Set(differ)], [BUMPER + frames]) ?? true;
        });
    });
});

// wanted(n): the number that picture n of the reel says, null for a logo.
async function plays(t, browser, reel, frames, wanted) {
    const page = await browser.newPage();
    t.after(() => page.close());
    page.setDefaultTimeout(PATIENCE_MS);
    await page.evaluate(load, readFileSync(reel).toString('base64'));
    const all = frames + 2 * BUMPER, seam1 = BUMPER, seam2 = BUMPER + frames;
    const facts = await page.evaluate(() => ({ seconds: video.duration, error: video.error?.message ?? null }));
    assert.equal(facts.error, null);
    assert.ok(Math.abs(facts.seconds - all / RATE) < 0.03, `${facts.seconds} s`);

    /* there and back, so that no picture is only right because the one before it was */
    const places = [0, seam1 - 2, seam1 - 1, seam1, seam1 + 1, seam1 + 2, seam1 + 39, seam1 + 41, seam2 - 2, seam2 - 1, seam2, seam2 + 1, all - 1,
        seam2 - 1, seam1, seam2, seam1 - 1, seam2 + 1, seam1 + 1].filter((n) => n < all);
    const seen = await page.evaluate(search, places.map((n) => ({ time: (n + 0.5) / RATE, number: wanted(n) })));
    assert.deepEqual(places.map((n, i) => [n, seen[i]]), places.map((n) => [n, wanted(n)]));

    const shown = await page.evaluate(play);
    assert.equal(shown.error, null);
    assert.ok(shown.ended, 'it plays to its end');
    const [shape, ...others] = await page.evaluate(() => [...globalThis.shapes]);
    assert.deepEqual(others, [], `one shape, over both seams: ${shape}`);
    const [w, h] = shape.split('x').map(Number);
    assert.ok(Math.abs((w * 9) / h / 16 - 1) <= 0.01 || Math.abs(w - (h * 16) / 9) <= 1, `${shape} is 16:9`);
    const wrong = shown.pictures.filter(({ from, to, number }) => {
        for (let n = Math.round(Math.min(from, to) * RATE) - 1; n <= Math.round(Math.max(from, to) * RATE) + 1; n++) if (wanted(n) === number) return false;
        return true;
    });
    assert.deepEqual(wrong, [], 'while playing, only pictures that belong there');
    const numbers = shown.pictures.map((p) => p.number);
    assert.ok(numbers.includes(null) && numbers.filter((n) => n !== null).length > 3, `${numbers.length} pictures were seen`);
}

// -- in the page -------------------------------------------------------------------------------

/* global video, read */
async function load(base64) {
    const video = document.createElement('video');
    document.body.append(video);
    globalThis.video = video;
    globalThis.shapes = new Set();
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    /* the number that the picture says, or null */
    globalThis.read = () => {
        const w = (canvas.width = video.videoWidth), h = (canvas.height = video.videoHeight);
        globalThis.shapes.add(`${w}x${h}`);
        pen.drawImage(video, 0, 0);
        let number = 0;
        for (let x = 0; x < 16; x++) {
            const light = (y) => pen.getImageData(((x + 0.5) * w) / 16, y * h, 1, 1).data[1];
            const up = light(0.25), down = light(0.75);
            if (Math.abs(up - down) < 128) return null;
            if (up > down) number += 2 ** x;
        }
        return number;
    };
    const data = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    video.src = URL.createObjectURL(new Blob([data], { type: 'video/mp4' }));
    video.preload = 'auto';
    await new Promise((done, fail) => {
        video.onloadeddata = done;
        video.onerror = () => fail(new Error(video.error.message));
    });
}
/* What is shown at each of the places once the search is over. The picture that was there before may
 * stand for a moment longer on a busy machine; one that stays is what the viewer sees. */
async function search(places) {
    const seen = [];
    for (const { time, number } of places) {
        const there = new Promise((done) => (video.onseeked = done));
        video.currentTime = time;
        await there;
        const begun = performance.now();
        let is;
        do {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            is = read();
        } while (is !== number && performance.now() - begun < 2000);
        seen.push(is);
    }
    return seen;
}
async function play() {
    video.currentTime = 0;
    await new Promise((done) => (video.onseeked = done));
    video.muted = true;
    video.playbackRate = 2;
    const pictures = [];
    /* called late, it sees a picture that is newer than the one that it is called for */
    const look = (now, { mediaTime }) => {
        const number = read();
        pictures.push({ from: mediaTime, to: video.currentTime, number });
        video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    const over = new Promise((done) => (video.onended = video.onerror = done));
    await video.play();
    await over;
    return { pictures, ended: video.ended, error: video.error?.message ?? null };
}
