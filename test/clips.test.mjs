// What people upload, row by row: a clip made by ffmpeg and what must become of it, either a reel of
// the standard form with these facts or this code. Rows go through `reelgate render`, which uses the
// same jailed child as the service; some go through HTTP as well.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { AAC, X264, assertReel, bytes, clip, colour, ffmpeg, loudness, picture, real, sound } from './lib/clips.mjs';
import { edited, table, write as writeBoxes } from './lib/boxes.mjs';
import { folder, run, serve } from './lib/reelgate.mjs';

// The encode path takes whatever there is; copy.test.mjs has what need not take it.
const ENCODE = ['--preset', 'ultrafast', '--force-encode'];

async function render(dir, file, flags = []) {
    const out = join(dir, 'reel.mp4');
    const result = await run(['render', '--json', ...ENCODE, ...flags, file, out]);
    const last = result.stdout.trim().split('\n').pop();
    return { ...result, out, json: last ? JSON.parse(last) : null };
}

async function becomesReel(t, file, body, { flags, check, warnings = [], ...facts } = {}) {
    const { code, stderr, json, out } = await render(folder(t), file, flags);
    assert.equal(code, 0, stderr);
    assert.equal(json.path, 'encode');
    assert.deepEqual(json.warnings.map((w) => w.code), warnings);
    const reel = await assertReel(out, body, facts);
    assert.deepEqual([json.out.width, json.out.height], [reel.video.width, reel.video.height]);
    await check?.(out, json, reel);
}

async function isRefused(t, file, code) {
    const result = await render(folder(t), file);
    assert.equal(result.json?.error?.code, code, result.stderr);
    assert.equal(result.code, 3);
    assert.ok(!existsSync(result.out), 'nothing is written');
}

// Cuts a file: keeps these first bytes of it.
const head = async (file, part) => {
    const whole = readFileSync(file);
    return bytes('.mp4', whole.subarray(0, Math.floor(whole.length * part)));
};

// The tone of the clip is in the reel at this time.
async function isHeard(out, at) {
    const level = await loudness(out, at, 0.3);
    assert.ok(level > -40, `${level} dB`);
}

// A file with every occurrence of one word made another of the same length.
async function patched(file, from, to) {
    const data = readFileSync(await file);
    let found = 0;
    for (let at = data.indexOf(from); at >= 0; at = data.indexOf(from, at + 1), found++) data.write(to, at, 'latin1');
    assert.ok(found > 0, `${from} is in the file`);
    return bytes(extname(await file), data);
}

const WIDE = { size: '320x180' };
const reels = [
    ['a clip of 6 s is 2 + 6 + 2 s', () => clip(6), 6, { width: 320, height: 180, rate: 25 }],
    ['wrong extension', async () => bytes('.txt', readFileSync(await clip(1))), 1],
    ['no extension', async () => bytes('', readFileSync(await clip(1))), 1],
    ['1 frame', () => ffmpeg('.mp4', [...picture(1), ...X264, '-frames:v', '1']), 0.04],
    ['0.2 s', () => clip(0.2), 0.2],
    ['3 s without sound', () => clip(3, { audio: null }), 3],
    ['15.9 s', () => clip(15.9, { rate: 10 }), 15.9],
    ['16.0 s', () => clip(16, { rate: 10 }), 16],
    ['17 s is cut at 16 s', () => clip(17, { rate: 10 }), 16],
    ['sound shorter than picture', () => ffmpeg('.mp4', [...picture(3), ...sound(1), ...X264, ...AAC]), 3],
    ['sound longer than picture', () => ffmpeg('.mp4', [...picture(1), ...sound(3), ...X264, ...AAC]), 1],
    ['4:3', () => clip(1, { size: '320x240' }), 1, { height: 240 }],
    ['9:16', () => clip(1, { size: '180x320' }), 1, { height: 320 }],
    ['1:1', () => clip(1, { size: '240x240' }), 1, { height: 240 }],
    ['21:9', () => clip(1, { size: '420x180' }), 1, { width: 420 }],
    ['853x481', () => clip(1, { size: '853x481', video: ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv444p'] }), 1],
    ['10-bit', () => clip(1, { video: ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le'] }), 1],
    ['4:2:2', () => clip(1, { video: ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv422p'] }), 1],
    ['interlaced', () => clip(2, { size: '352x288', more: ['-vf', 'tinterlace=interleave_top,fieldorder=tff', '-flags', '+ildct+ilme'] }), 2, { tolerance: 0.08 }],
    ['interlaced and smaller than its filter takes', () => ffmpeg('.mpg', [...picture(1, { size: '8x4' }), '-c:v', 'mpeg2video', '-flags', '+ildct+ilme', '-vf', 'setfield=tff']), 1, { tolerance: 0.1 }],
    ['first timestamp not 0', () => clip(2, { extension: '.ts', more: ['-output_ts_offset', '3600'] }), 2],
    ['several video and audio tracks', () => ffmpeg('.mkv', [...picture(2), ...picture(2, { size: '160x90' }), ...sound(2), ...sound(2),
        '-map', '0:v', '-map', '1:v', '-map', '2:a', '-map', '3:a', ...X264, ...AAC]), 2, { width: 320, height: 180 }],
    ['5.1 sound', () => ffmpeg('.mp4', [...picture(1), ...sound(1, { layout: '5.1' }), ...X264, ...AAC]), 1],
    ['mono sound of 22.05 kHz', () => ffmpeg('.mp4', [...picture(1), ...sound(1, { hz: 22050, layout: 'mono' }), ...X264, ...AAC]), 1],
    ['sound of 96 kHz', () => ffmpeg('.mp4', [...picture(1), ...sound(1, { hz: 96000 }), ...X264, ...AAC]), 1],
    ['pixels that are not square', () => clip(1, { size: '240x180', more: ['-vf', 'setsar=4/3'] }), 1, { width: 320, height: 180 }],
    ['a clip larger than Full HD', () => clip(0.4, { size: '2560x1440' }), 0.4, { width: 1920, height: 1080 }],
    ['more than 60 pictures a second', () => clip(1, { rate: 120 }), 1, { rate: 60 }],
    ['a data track', () => ffmpeg('.mp4', [...picture(1), ...X264, '-timecode', '01:00:00:00']), 1],

    ['container mkv', () => clip(1, { extension: '.mkv' }), 1],
    ['container mov with ProRes', () => clip(1, { extension: '.mov', video: ['-c:v', 'prores_ks', '-profile:v', '0'], audio: ['-c:a', 'pcm_s16le'] }), 1],
    ['container webm with VP9', () => clip(1, { extension: '.webm', video: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'], audio: ['-c:a', 'libopus'] }), 1, { tolerance: 0.01 }],
    ['container webm with VP8', () => clip(1, { extension: '.webm', video: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8'], audio: ['-c:a', 'libvorbis'] }), 1, { tolerance: 0.01 }],
    ['AV1 in mp4', () => clip(1, { video: ['-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime'] }), 1],
    ['HEVC in mp4', () => clip(1, { video: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-tag:v', 'hvc1'] }), 1],
    ['MPEG-2 in mpeg-ts', () => clip(1, { extension: '.ts', video: ['-c:v', 'mpeg2video', '-b:v', '1M'], audio: ['-c:a', 'mp2'] }), 1],
    ['MPEG-1 in mpeg-ps', () => clip(1, { extension: '.mpg', video: ['-c:v', 'mpeg1video', '-b:v', '1M'], audio: ['-c:a', 'mp2'] }), 1],
    ['MPEG-4 in avi', () => clip(1, { extension: '.avi', video: ['-c:v', 'mpeg4'], audio: ['-c:a', 'libmp3lame'] }), 1],
    ['Motion JPEG in avi', () => clip(1, { extension: '.avi', video: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'], audio: ['-c:a', 'pcm_s16le'] }), 1],
    ['flv', () => ffmpeg('.flv', [...picture(1), ...sound(1, { hz: 44100 }), '-c:v', 'flv', '-c:a', 'libmp3lame']), 1],
    ['wmv', () => clip(1, { extension: '.wmv', video: ['-c:v', 'wmv2'], audio: ['-c:a', 'wmav2'] }), 1, { tolerance: 0.05 }],
    ['Theora in ogv', () => clip(1, { extension: '.ogv', video: ['-c:v', 'libtheora'], audio: ['-c:a', 'libvorbis'] }), 1],
    ['3gp', () => clip(1, { extension: '.3gp', size: '176x144', video: ['-c:v', 'h263'], audio: null }), 1],
    ['fragmented mp4', () => clip(2, { more: ['-movflags', 'frag_keyframe+empty_moov'] }), 2],

    // beside the film a still, larger, first and called the default, as phones and cameras write it
    ...[['.mp4', 2, X264], ['.mov', 1, X264], ['.mkv', 2, X264], ['.ts', 2, X264], ['.avi', 1, X264], ['.wmv', 1, ['-c:v:0', 'mjpeg', '-pix_fmt:v:0', 'yuvj420p', '-c:v:1', 'wmv2']]].map(([extension, pictures, codecs]) =>
        [`a still track before the film, in ${extension}`, () => ffmpeg(extension, ['-f', 'lavfi', '-t', String(pictures / 25), '-i', 'color=red:s=1280x720:r=25', ...picture(1), ...sound(1), '-map', '0', '-map', '1', '-map', '2',
            ...codecs, '-disposition:v:0', 'default', '-disposition:v:1', '0', ...(extension === '.wmv' ? ['-c:a', 'wmav2'] : AAC)]), 1, { width: 320, height: 180, tolerance: 0.09 }]),
    ['two films, the one that is called default', () => ffmpeg('.mkv', [...picture(1), ...picture(1, { size: '160x90' }), '-map', '0', '-map', '1', ...X264, '-disposition:v:0', '0', '-disposition:v:1', 'default']), 1, { width: 160, height: 90 }],
    // sound goes a minute before the picture begins
    ...[['.mkv', X264, AAC], ['.ts', X264, AAC], ['.mp4', X264, AAC], ['.flv', X264, AAC], ['.webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8'], ['-c:a', 'libopus']]].map(([extension, video, audio]) =>
        [`picture a minute behind its sound, in ${extension}`, () => ffmpeg(extension, ['-itsoffset', '60', ...picture(1), ...sound(61), '-vsync', 'vfr', ...video, ...audio]), 1, { width: 320, height: 180, tolerance: 0.05, check: (out) => isHeard(out, 2.5) }]),
    ['sound 8 s behind its picture, in .ts', () => ffmpeg('.ts', [...picture(9), '-itsoffset', '8', ...sound(1), ...X264, ...AAC]), 9, { tolerance: 0.05, check: (out) => isHeard(out, 10.5) }],

    ['sound of an unknown kind is silence', () => patched(clip(1, { extension: '.mkv' }), 'A_AAC', 'A_XYZ'), 1, { warnings: ['sound_unreadable'] }],
    ['sound of nothing but noise is silence', () => clip(1, { extension: '.mkv', audio: ['-c:a', 'ac3', '-bsf:a', 'noise=amount=1'] }), 1, { warnings: ['sound_unreadable'] }],
    ['sound of which half is noise is heard in part', () => clip(2, { extension: '.mkv', audio: ['-c:a', 'ac3', '-bsf:a', "noise=amount='if(mod(n,2),1,0)'"] }), 2, { warnings: ['sound_damaged'] }],
    ['pictures that are damaged on the way', () => clip(2, { video: [...X264, '-x264-params', 'keyint=10:slices=4'], more: ['-bsf:v', "noise=amount='if(gt(mod(n,9),7),300,0)'"] }), 2, { warnings: ['pictures_damaged'], tolerance: 0.3 }],
    ['of two sounds the one that can be read', () => patched(ffmpeg('.mkv', [...picture(1), ...sound(1), ...sound(1), '-map', '0', '-map', '1', '-map', '2', ...X264,
        '-c:a:0', 'ac3', '-c:a:1', 'aac', '-disposition:a:0', 'default']), 'A_AC3', 'A_XYZ'), 1, { warnings: ['sound_other'] }],

    ['fit blur', () => clip(1, { size: '180x320' }), 1, { flags: ['--fit', 'blur'] }],
    ['fit crop', () => clip(1, { size: '320x240' }), 1, { flags: ['--fit', 'crop'], width: 320, height: 180 }],
    ['fit stretch', () => clip(1, { size: '320x240' }), 1, { flags: ['--fit', 'stretch'] }],
    ['start in the middle', () => clip(6), 2.5, { flags: ['--start', '3.5'] }],
    ['a logo of any shape', () => clip(1), 1, { flags: ['--logo', 'LOGO'] }],
];

const logo = () => ffmpeg('.png', ['-f', 'lavfi', '-i', 'color=red:s=90x200,format=rgba,colorchannelmixer=aa=0.5', '-frames:v', '1']);

for (const [name, make, body, facts = {}] of reels)
    test(`becomes a reel: ${name}`, async (t) => {
        const flags = facts.flags && (await Promise.all(facts.flags.map((f) => (f === 'LOGO' ? logo() : f))));
        await becomesReel(t, await make(), body, { ...facts, flags });
    });

for (const preset of ['superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow'])
    test(`becomes a reel: preset ${preset} joins its bumpers to the body`, async (t) => {
        await becomesReel(t, await clip(1), 1, { flags: ['--preset', preset], width: 320, height: 180 });
    });

test('becomes a reel: a cover picture beside the video is not taken for it', async (t) => {
    const cover = await ffmpeg('.jpg', ['-f', 'lavfi', '-i', 'color=red:s=600x600', '-frames:v', '1']);
    const file = await ffmpeg('.mp4', ['-i', await clip(2), '-i', cover, '-map', '1', '-map', '0', '-c', 'copy', '-disposition:v:0', 'attached_pic']);
    await becomesReel(t, file, 2, { width: 320, height: 180 });
});

test('asks 20: a clip of variable rate gets a constant one and keeps its length', async (t) => {
    // 10 pictures/s in the first second, 30 in the next two
    const file = await ffmpeg('.mp4', [...picture(3, { rate: 30 }), '-vf', "select='if(lt(t,1),not(mod(n,3)),1)'", '-vsync', 'vfr', ...X264]);
    await becomesReel(t, file, 3);
});

test('asks 23: the shape comes from the display aspect; borders fill the rest', async (t) => {
    const file = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '1', '-i', 'color=lime:s=240x240:r=25', ...X264]);
    await becomesReel(t, file, 1, {
        check: async (out) => {
            const [r, g, b] = await colour(out, 2.5, 0.5, 0.5);
            assert.ok(g > 150 && r < 100 && b < 100, `the middle is the clip: ${[r, g, b]}`);
            const left = await colour(out, 2.5, 0, 0.5);
            assert.ok(left[1] < 120, `the border is not: ${left}`);
        },
    });
});

for (const degrees of [90, 180, 270])
    test(`asks 18: a clip turned by ${degrees} degrees is upright`, async (t) => {
        const stored = degrees === 180 ? '320x180' : '180x320';
        const plain = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '1', '-i', `color=blue:s=${stored}:r=25`, '-vf', 'drawbox=0:0:iw/3:ih/3:red:fill', ...X264]);
        const file = await ffmpeg('.mp4', ['-i', plain, '-c', 'copy', '-metadata:s:v', `rotate=${degrees}`]);
        const isRed = async (path, at, x, y) => {
            const [r, , b] = await colour(path, at, x, y);
            assert.ok(Math.abs(r - b) > 80, 'the corner is clearly red or clearly blue');
            return r > b;
        };
        await becomesReel(t, file, 1, {
            width: 320,
            height: 180,
            check: async (out) => {
                const seen = [], wanted = [];
                for (const [x, y] of [[0.05, 0.05], [0.95, 0.05], [0.05, 0.95], [0.95, 0.95]]) {
                    seen.push(await isRed(out, 2.5, x, y));
                    wanted.push(await isRed(file, 0.5, x, y)); /* ffmpeg turns it as players do */
                }
                assert.equal(seen.filter(Boolean).length, 1, 'one corner is red');
                assert.deepEqual(seen, wanted);
                assert.notDeepEqual(seen, [true, false, false, false], 'the corner has moved');
            },
        });
    });

// A clip of several parts, each a second long and of a shape of its own, in one stream: blue, with a red
// corner at the upper left.
async function parts(extension, video, list) {
    const files = await Promise.all(list.map(({ size, filter = 'null', more = [] }, i) => ffmpeg(extension, ['-f', 'lavfi', '-t', '1', '-i', `color=blue:s=${size}:r=25`,
        '-vf', `drawbox=0:0:iw/3:ih/3:red:fill,${filter}`, ...video, ...more, '-output_ts_offset', String(i)])));
    if (extension === '.ts') return bytes(extension, Buffer.concat(files.map((file) => readFileSync(file))));
    const names = await bytes('.txt', files.map((file) => `file '${file}'\n`).join(''));
    return ffmpeg(extension, ['-f', 'concat', '-safe', '0', '-i', names, '-c', 'copy']);
}
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8'];
const WHOLE = { left: 'red', right: 'blue', low: 'blue' }, PILLARS = { left: 'black', right: 'black', low: 'blue' };
// The seconds, each with the colours near the left edge, near the right one, and in the middle near the lower one.
const shapes = [
    ['a phone that is turned, and turned back', '.ts', X264, [{ size: '320x180' }, { size: '180x320' }, { size: '320x180' }], [WHOLE, PILLARS, WHOLE]],
    ['a phone that is turned, as a browser records it', '.webm', VP8, [{ size: '320x180' }, { size: '180x320' }], [WHOLE, PILLARS]],
    ['a call whose picture grows', '.webm', VP8, [{ size: '160x90' }, { size: '320x180' }], [WHOLE, WHOLE]],
    ['a call whose picture shrinks', '.ts', X264, [{ size: '320x180' }, { size: '96x54' }], [WHOLE, WHOLE]],
    ['pixels that become square', '.ts', X264, [{ size: '240x180', filter: 'setsar=4/3' }, { size: '240x180', filter: 'setsar=1' }], [WHOLE, PILLARS]],
    ['turned by its own stream', '.ts', X264, [{ size: '320x180' }, { size: '320x180', more: ['-bsf:v', 'h264_metadata=display_orientation=insert:rotate=270'] }], [WHOLE, PILLARS]],
    ['progressive, then interlaced', '.ts', X264, [{ size: '320x180' }, { size: '320x180', filter: 'setfield=tff', more: ['-flags', '+ildct+ilme'] }], [WHOLE, WHOLE]],
    ['8 bits, then 10 of 4:2:2', '.ts', X264, [{ size: '320x180' }, { size: '320x180', more: ['-pix_fmt', 'yuv422p10le'] }], [WHOLE, WHOLE]],
    ['cropped, each part by itself', '.ts', X264, [{ size: '320x180' }, { size: '240x180' }], [WHOLE, WHOLE], ['--fit', 'crop']],
    ['blurred ground, where it is needed', '.ts', X264, [{ size: '320x180' }, { size: '180x320' }], [WHOLE, { left: 'dim', right: 'dim', low: 'blue' }], ['--fit', 'blur']],
];
const named = ([r, g, b]) => (g > 90 ? 'other' : r > 140 && b < 100 ? 'red' : b > 140 && r < 60 ? (r < 12 ? 'blue' : 'dim') : r < 60 && b < 60 ? 'black' : 'dim');
for (const [name, extension, video, list, seen, flags = []] of shapes)
    test(`a picture that changes its shape on the way is laid anew: ${name}`, async (t) => {
        await becomesReel(t, await parts(extension, video, list), list.length, {
            flags,
            tolerance: 0.05,
            check: async (out) => {
                for (const [i, { left, right, low }] of seen.entries()) {
                    const at = async (x, y) => named(await colour(out, 2.5 + i, x, y));
                    const got = { left: await at(0.02, 0.1), right: await at(0.98, 0.1), low: await at(0.5, 0.95) };
                    if (left === 'dim') assert.notEqual(got.left, 'black', 'there is a ground');
                    assert.deepEqual(left === 'dim' ? { ...got, left, right } : got, { left, right, low }, `second ${i}`);
                }
            },
        });
    });

// The four ways of colour that may follow each other in one stream; grey stays grey, and as bright.
test('a picture that changes its colours on the way keeps them to the eye', async (t) => {
    const tags = (primaries, transfer, matrix, range = 'tv') => ['-x264-params', `colorprim=${primaries}:transfer=${transfer}:colormatrix=${matrix}:fullrange=${range === 'pc' ? 'on' : 'off'}`];
    const part = (matrix, range, more) => ({ size: '320x180', filter: `scale=out_color_matrix=${matrix}:out_range=${range},format=yuv420p`, more });
    const file = await parts('.ts', X264, [
        part('bt709', 'tv', tags('bt709', 'bt709', 'bt709')),
        part('bt601', 'tv', tags('smpte170m', 'smpte170m', 'smpte170m')),
        part('bt709', 'pc', tags('bt709', 'bt709', 'bt709', 'pc')),
        part('bt2020', 'tv', tags('bt709', 'bt709', 'bt2020nc')),
    ]);
    await becomesReel(t, file, 4, {
        check: async (out) => {
            const first = [await colour(out, 2.5, 0.1, 0.1), await colour(out, 2.5, 0.9, 0.9)];
            for (let i = 1; i < 4; i++)
                for (const [j, at] of [0.1, 0.9].entries()) {
                    const now = await colour(out, 2.5 + i, at, at);
                    assert.ok(now.every((v, k) => Math.abs(v - first[j][k]) <= 6), `second ${i}: ${now} for ${first[j]}`);
                }
        },
    });
});

// Four patches: a grey, the white of paper (573 of 1023 is 203 cd/m2), a light of 1000 cd/m2, the peak.
for (const [name, transfer, white] of [['PQ', 'smpte2084', [185, 230]], ['HLG', 'arib-std-b67', [140, 190]]])
    test(`asks 17: HDR (${name}) becomes a picture of standard range that is neither dim nor washed out`, async (t) => {
        const file = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '0.4', '-i',
            "color=black:s=320x180:r=25,format=gray10le,geq=lum='if(lt(X,80),390,if(lt(X,160),573,if(lt(X,240),720,940)))'",
            '-pix_fmt', 'yuv420p10le', '-c:v', 'libx265', '-preset', 'ultrafast',
            '-x265-params', `log-level=error:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc`, '-tag:v', 'hvc1']);
        await becomesReel(t, file, 0.4, {
            width: 320,
            check: async (out, json, { video }) => {
                assert.deepEqual([video.color_transfer, video.color_primaries, video.color_range], ['bt709', 'bt709', 'tv']);
                assert.equal(json.in.video.hdr, true);
                const seen = await Promise.all([0.1, 0.4, 0.6, 0.9].map((x) => colour(out, 2.2, x, 0.5)));
                for (const [r, g, b] of seen) assert.ok(Math.max(r, g, b) - Math.min(r, g, b) <= 6, `grey stays grey: ${[r, g, b]}`);
                const [dark, paper, light, peak] = seen.map(([, g]) => g);
                assert.ok(dark > 60 && dark + 20 < paper && paper + 10 < light && light <= peak, `in order: ${[dark, paper, light, peak]}`);
                assert.ok(paper >= white[0] && paper <= white[1], `the white of paper is ${paper}`);
                assert.ok(peak >= 225, `the peak is ${peak}`);
            },
        });
    });

// Three patches, coded as these arguments of zscale say and tagged as these of x265; what plays them right
// shows the colours of the first line.
const PATCHES = [[176, 72, 72], [72, 160, 88], [128, 128, 128]];
const coded = (as, tags, format = 'yuv420p10le') => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '0.2', '-i',
    `color=0xb04848:s=320x180:r=25,drawbox=107:0:107:ih:0x48a058:fill,drawbox=214:0:107:ih:0x808080:fill,format=gbrp,zscale=min=gbr:pin=709:tin=709:rin=full:npl=203:${as},format=${format},setparams=color_primaries=unknown:color_trc=unknown:colorspace=unknown`,
    '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', `log-level=error:qp=8${tags && `:${tags}`}`, '-tag:v', 'hvc1', '-movflags', '-write_colr']);
const tagged = (primaries, transfer, matrix) => `colorprim=${primaries}:transfer=${transfer}:colormatrix=${matrix}`;
const HDR10 = ['m=2020_ncl:p=2020:t=smpte2084:r=limited', tagged('bt2020', 'smpte2084', 'bt2020nc')];
const SDR = ['m=709:p=709:t=709:r=limited', tagged('bt709', 'bt709', 'bt709')];
// A box at the end of the description of the picture's track.
const described = async (file, type, body) => bytes('.mp4', edited(readFileSync(file), (_top, { picture: trak }) => {
    const stsd = table(trak, 'stsd'), end = 8 + stsd.body.readUInt32BE(8), head = Buffer.from(stsd.body.subarray(0, end));
    head.writeUInt32BE(end - 8 + 8 + body.length, 8);
    stsd.body = Buffer.concat([head, writeBoxes([{ type, body }]), stsd.body.subarray(end)]);
}));
const says = (file, ...numbers) => described(file, 'colr', Buffer.concat([Buffer.from('nclx'), ...numbers.map((n) => Buffer.from([0, n])), Buffer.from([0])]));
const dolby = (file, profile, compatible) => described(file, 'dvcC', Buffer.from([1, 0, profile << 1, 0x2d, compatible << 4, ...Array(19).fill(0)]));

const colours = [
    ['BT.709', () => coded(...SDR)],
    ['YCgCo', () => coded('m=ycgco:p=709:t=709:r=limited', tagged('bt709', 'bt709', 'ycgco'), 'yuv444p10le')],
    ['BT.2020 of standard range', () => coded('m=2020_ncl:p=2020:t=2020_10:r=limited', tagged('bt2020', 'bt2020-10', 'bt2020nc'))],
    ['BT.2020 of constant luminance', () => coded('m=2020_cl:p=2020:t=2020_10:r=limited', tagged('bt2020', 'bt2020-10', 'bt2020c'))],
    ['P3', () => coded('m=709:p=smpte432:t=709:r=limited', tagged('smpte432', 'bt709', 'bt709'))],
    ['linear light', () => coded('m=709:p=709:t=linear:r=limited', tagged('bt709', 'linear', 'bt709'), 'yuv420p12le')],
    ['HDR10', () => coded(...HDR10), true],
    ['HDR10 in ICtCp', () => coded('m=ictcp:p=2020:t=smpte2084:r=limited', tagged('bt2020', 'smpte2084', 'ictcp')), true],
    ['HDR of P3 and the matrix of BT.709', () => coded('m=709:p=smpte432:t=smpte2084:r=limited', tagged('smpte432', 'smpte2084', 'bt709')), true],
    ['HDR10 whose container says BT.709', async () => says(await coded(...HDR10), 1, 1, 1), true],
    ['BT.709 whose container says HDR10', async () => says(await coded(...SDR), 9, 16, 9), false],
    ['HDR10 of which the container alone knows', async () => says(await coded(HDR10[0], ''), 9, 16, 9), true],
    ['Dolby Vision 8.1, over HDR10', async () => dolby(await coded(...HDR10), 8, 1), true],
    ['Dolby Vision 8.4, over HLG', async () => dolby(await coded('m=2020_ncl:p=2020:t=arib-std-b67:r=limited', tagged('bt2020', 'arib-std-b67', 'bt2020nc')), 8, 4), true],
    ['Dolby Vision 7, over HDR10', async () => dolby(await coded(...HDR10), 7, 6), true],
];
for (const [name, make, hdr = false] of colours)
    test(`colours are shown as they were meant: ${name}`, async (t) => {
        await becomesReel(t, await make(), 0.2, {
            width: 320,
            check: async (out, json) => {
                assert.equal(json.in.video.hdr, hdr);
                for (const [i, wanted] of PATCHES.entries()) {
                    const seen = await colour(out, 2.1, [0.1, 0.5, 0.9][i], 0.5);
                    assert.ok(seen.every((v, k) => Math.abs(v - wanted[k]) <= 10), `${seen} for ${wanted}`);
                }
            },
        });
    });

// The picture's track described under another name.
const renamed = async (file, name) => bytes('.mp4', edited(readFileSync(file), (_top, { picture: trak }) => table(trak, 'stsd').body.write(name, 12, 'latin1')));
const ENCRYPTED = ['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', '76a6c65c5ea762046bd749a2e632ccbb', '-encryption_kid', 'a7e61c373e219033c21091fa607bf3b8'];
// A picture that says it has so many bytes.
const swollen = async (file, picture, size) => bytes('.mp4', edited(readFileSync(file), (_top, { picture: trak }) => table(trak, 'stsz').body.writeUInt32BE(size, 12 + 4 * picture)));

for (const [name, flags] of [['copied', []], ['encoded', ['--force-encode']]])
    test(`a size in the index that cannot be true costs what comes after it and no more: ${name}`, async (t) => {
        const out = join(folder(t), 'reel.mp4'), file = await swollen(await clip(3, { audio: null }), 40, 0x20000000);
        const { code, stdout, stderr } = await run(['render', '--json', '--preset', 'ultrafast', ...flags, file, out]);
        assert.equal(code, 0, stderr);
        const { body_seconds: body } = JSON.parse(stdout.trim().split('\n').pop());
        assert.ok(body >= 1.56 && body <= 3, `${body} s`);
        await assertReel(out, body);
    });

const CANARY = 'reelgate-canary-5e1f';
const faults = [
    ['not a video', () => bytes('.mp4', 'This is only some text, whatever its name says.\n'.repeat(50)), 'not_a_video'],
    ['a zip file', () => bytes('.mp4', Buffer.concat([Buffer.from('PK\x03\x04\x14\x00\x00\x00\x08\x00'), Buffer.alloc(4000, 7)])), 'not_a_video'],
    ['0 bytes', () => bytes('.mp4', ''), 'empty_file'],
    ['audio only', () => ffmpeg('.m4a', [...sound(1), ...AAC]), 'no_video'],
    ['audio only, as mp3', () => ffmpeg('.mp3', [...sound(1), '-c:a', 'libmp3lame']), 'no_video'],
    ['image only, JPEG', () => ffmpeg('.jpg', ['-f', 'lavfi', '-i', 'testsrc2=s=320x180', '-frames:v', '1']), 'image_only'],
    ['image only, PNG', () => ffmpeg('.png', ['-f', 'lavfi', '-i', 'testsrc2=s=320x180', '-frames:v', '1']), 'image_only'],
    ['cut in the middle, index lost', async () => head(await clip(3), 0.5), 'truncated'],
    ['0 frames', () => ffmpeg('.mp4', [...picture(1), ...X264, '-frames:v', '0', '-movflags', '+empty_moov']), 'no_frames'],
    ['Dolby Vision 5, which has no other picture', async () => dolby(await coded(HDR10[0], ''), 5, 0), 'dolby_vision'],
    ['Dolby Vision 10.0', async () => dolby(await coded(HDR10[0], ''), 10, 0), 'dolby_vision'],
    ['a matrix that nothing converts', () => coded(SDR[0], tagged('bt709', 'bt709', 'smpte2085')), 'colour_unsupported'],
    ['constant luminance of HDR', () => coded(HDR10[0], tagged('bt2020', 'smpte2084', 'bt2020c')), 'colour_unsupported'],
    ['encrypted', () => clip(1, { more: ENCRYPTED }), 'encrypted'],
    ['encrypted, in fragments', () => clip(1, { more: [...ENCRYPTED, '-movflags', 'frag_keyframe+empty_moov+default_base_moof'] }), 'encrypted'],
    ['scrambled MPEG-TS', () => scrambled(clip(1, { extension: '.ts' }), 188), 'encrypted'],
    ['scrambled M2TS', () => scrambled(clip(1, { extension: '.m2ts', audio: ['-c:a', 'ac3'] }), 192), 'encrypted'],
    ['encrypted by its description alone', async () => renamed(await clip(1), 'encv'), 'encrypted'],
    ['a coding that no decoder knows', async () => renamed(await clip(1), 'aprn'), 'codec_unsupported'],
    ['17 tracks', () => ffmpeg('.mp4', ['-f', 'lavfi', '-i', 'testsrc=s=64x64:d=1', ...Array(17).fill(['-map', '0:v']).flat(), ...X264]), 'too_many_tracks'],
    ['8192x8192 in a tiny file', () => ffmpeg('.mp4', ['-f', 'lavfi', '-i', 'color=black:s=8192x8192:r=1', '-frames:v', '1', ...X264]), 'too_many_pixels'],
    ['an HLS playlist as .mp4', (dir) => bytes('.mp4', `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://${dir}/canary\n#EXT-X-ENDLIST\n`), 'playlist'],
    ['a concat list as .mp4', (dir) => bytes('.mp4', `ffconcat version 1.0\nfile '${dir}/canary'\n`), 'playlist'],
    ['an SDP description as .mp4', () => bytes('.mp4', 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n'), 'playlist'],
    ['a DASH manifest as .mp4', (dir) => bytes('.mp4', `<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file://${dir}/canary</BaseURL></MPD>\n`), 'playlist'],
];

for (const [name, make, code] of faults)
    test(`is refused with ${code}: ${name}`, async (t) => {
        const dir = folder(t);
        writeFileSync(join(dir, 'canary'), CANARY);
        const result = await render(dir, await make(dir));
        assert.equal(result.json?.error?.code, code, result.stderr);
        assert.equal(result.code, 3);
        assert.ok(!existsSync(result.out), 'nothing is written');
        assert.ok(!(result.stdout + result.stderr).includes(CANARY), 'no other file is read');
    });

test('is refused: a start beyond the end', async (t) => {
    const result = await render(folder(t), await clip(2), ['--start', '9']);
    assert.deepEqual([result.json?.error?.code, result.code], ['start_beyond_end', 3]);
});

// Every packet of a transport stream but those of its tables says that it is scrambled, and so it is.
async function scrambled(make, step) {
    const file = readFileSync(await make);
    for (let at = step - 188; at < file.length; at += step)
        if ((file.readUInt16BE(at + 1) & 0x1fff) >= 0x100 && (file.readUInt16BE(at + 1) & 0x1fff) !== 0x1000 && (file.readUInt16BE(at + 1) & 0x1fff) < 0x1f00) {
            const from = at + 4 + (file[at + 3] & 0x20 ? 1 + file[at + 4] : 0);
            file[at + 3] |= 0x80;
            for (let i = from; i < at + 188; i++) file[i] ^= (i * 167 + 91) & 0xff;
        }
    return bytes(step === 188 ? '.ts' : '.m2ts', file);
}

test('a clip cut in its data behind an index at the front gives what is there and says so', async (t) => {
    const whole = await clip(4, { more: ['-movflags', '+faststart'] });
    await becomesReelOrTruncated(t, await head(whole, 0.6));
    await isRefused(t, await head(whole, 0.02), 'truncated');
});
async function becomesReelOrTruncated(t, file) {
    const { code, json, out, stderr } = await render(folder(t), file);
    if (code === 3) {
        assert.equal(json.error.code, 'truncated', stderr);
        return;
    }
    assert.equal(code, 0, stderr);
    assert.ok(json.warnings.some((w) => w.code === 'clip_cut'), JSON.stringify(json.warnings));
    assert.ok(json.body_seconds > 1 && json.body_seconds < 4, `${json.body_seconds} s of 4 s`);
    await assertReel(out, json.body_seconds);
}

test('asks 19: sound and picture stay within 20 ms at the seams', async (t) => {
    // a flash and a beep together, every second
    const file = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '5', '-i', 'color=black:s=320x180:r=25', '-f', 'lavfi', '-t', '5', '-i',
        "aevalsrc='if(lt(mod(t,1),0.2),0.5*sin(880*2*PI*t),0)':s=48000", '-vf', "drawbox=0:0:iw:ih:white:fill:enable='lt(mod(t,1),0.2)'", ...X264, ...AAC]);
    await becomesReel(t, file, 5, { check: (out, json) => assert.ok(Math.abs(json.sync_ms) <= 20, `${json.sync_ms} ms`) });
});

const realClips = [
    ['video_test_1_480_270.mp4', 16, { width: 480, height: 270 }],
    ['video_test_2_950_540.mp4', 13.3, { width: 960, height: 540, tolerance: 0.1 }],
    ['video_test_5_640_480.mp4', 5.8, { height: 480, tolerance: 0.1 }],
];
for (const [name, body, facts] of realClips.filter(([name]) => real(name)))
    test(`a real clip becomes a reel: ${name}`, async (t) => {
        await becomesReel(t, real(name), body, facts);
    });

// -- the same through the service --------------------------------------------------------------

test('the service tells a fault of the clip by the same code, in the language asked for', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    for (const [name, make, code, format] of [
        ['audio only', () => ffmpeg('.m4a', [...sound(1), ...AAC]), 'no_video'],
        ['cut', async () => head(await clip(3), 0.5), 'truncated'],
        ['a raw film', async () => renamed(await clip(1), 'aprn'), 'codec_unsupported', 'Apple ProRes RAW'],
    ]) {
        const id = await ana.give(await make(), { name: `${name}.mp4` });
        const task = await ana.failed(id);
        assert.equal(task.error.code, code, `asks 1: an explicit failure (${name})`);
        assert.equal(task.error.format, format);
        assert.ok(task.error.message.includes(format ?? ''), task.error.message);
        const english = await ana.get(`/api/tasks/${id}`, { headers: { 'Accept-Language': 'en' } });
        assert.notEqual(english.json.error.message, task.error.message);
        assert.equal(english.json.error.code, code);
        assert.match(task.download, /No disponible para descarga/);
    }
});

test('a reel that lacks something of its clip says so, in the language asked for and on either path', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const deaf = await patched(clip(1, { extension: '.mkv' }), 'A_AAC', 'A_XYZ');
    const id = await ana.give(deaf);
    const task = await ana.processed(id);
    assert.deepEqual([task.path, task.warnings], ['copy', [{ code: 'sound_unreadable', message: 'No se pudo leer el sonido; el reel es mudo' }]]);
    const { json } = await ana.get(`/api/tasks/${id}`, { headers: { 'Accept-Language': 'en' } });
    assert.deepEqual(json.warnings, [{ code: 'sound_unreadable', message: 'The sound could not be read; the reel is silent' }]);
    assert.deepEqual((await ana.processed(await ana.give(await clip(1)))).warnings, []);
    const { stdout } = await run(['render', deaf, join(folder(t), 'reel.mp4')]);
    assert.match(stdout, /\n {2}warning: The sound could not be read; the reel is silent\n$/);
});

test('the service refuses at once what cannot be a clip', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const rows = [
        ['plain text, whatever it is called', 'only text\n'.repeat(100), 415, 'not_a_video'],
        ['a playlist', '#EXTM3U\n/etc/passwd\n', 415, 'playlist'],
        ['a concat list', "ffconcat version 1.0\nfile '/etc/passwd'\n", 415, 'playlist'],
        ['nothing', '', 400, 'empty_file'],
    ];
    for (const [name, data, status, code] of rows) {
        const answer = await ana.upload(Buffer.from(data), { name: 'clip.mp4' });
        assert.deepEqual([answer.status, answer.json.code], [status, code], name);
    }
    assert.deepEqual((await ana.get('/api/tasks')).json, { data: [], next: null });
    assert.deepEqual(server.blobs(), []);
});

test('upload to download: the reel that comes down is the one with the facts of the task', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await clip(3, WIDE), { fields: { fit: 'crop', start: '1', title: 'Gol de Ana' } });
    const task = await ana.processed(id);
    const reel = await ana.reel(task), out = join(folder(t), 'reel.mp4');
    writeFileSync(out, reel);
    await assertReel(out, 2, { width: 320, height: 180, copied: true });
    assert.equal(task.reel.bytes, reel.length);
    assert.ok(Math.abs(task.reel.duration - 6) < 0.05 && Math.abs(task.clip.duration - 3) < 0.1);
    assert.deepEqual([task.progress, task.path, task.error ?? null], [100, 'copy', null]);
    const poster = await ana.get(task.poster, { token: null });
    assert.deepEqual([poster.status, poster.headers.get('content-type')], [200, 'image/jpeg']);
    assert.deepEqual([...poster.bytes.subarray(0, 3)], [0xff, 0xd8, 0xff]);
});
