// What clips may be made of: a clip of each container and codec that ffmpeg can write becomes a reel
// by way of the service, whose jail is the real one; and broken ones of the same kinds, with some that
// hold nothing but noise under the name of a codec, are refused and harm nobody.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { X264, bytes, clip, ffmpeg, loudness, picture, sound } from './lib/clips.mjs';
import { folder, run, serve } from './lib/reelgate.mjs';

const SMALL = { size: '160x96', rate: 10 };
const LENGTH = 0.5;
const made = (extension, video, audio, { size = SMALL.size, hz = 48000, layout, rate = SMALL.rate, more = [] } = {}) =>
    ffmpeg(extension, [...picture(LENGTH, { size, rate }), ...(audio ? sound(LENGTH, { hz, layout }) : []), '-c:v', ...video, ...(audio ? ['-c:a', ...audio] : []), ...more]);
const PCM = ['pcm_s16le'];

// name of the codec of the picture, of the sound, how it is made
const rows = [
    ['huffyuv', 'pcm_s16le', () => made('.avi', ['huffyuv'], PCM)],
    ['ffvhuff', null, () => made('.avi', ['ffvhuff'])],
    ['ffv1', 'flac', () => made('.mkv', ['ffv1'], ['flac'])],
    ['utvideo', null, () => made('.avi', ['utvideo'])],
    ['magicyuv', null, () => made('.avi', ['magicyuv'])],
    ['cinepak', null, () => made('.avi', ['cinepak'])],
    ['msmpeg4v2', 'adpcm_ms', () => made('.avi', ['msmpeg4v2'], ['adpcm_ms'], { hz: 44100 })],
    ['msmpeg4v3', 'wmav1', () => made('.wmv', ['msmpeg4'], ['wmav1'], { hz: 44100 })],
    ['msvideo1', null, () => made('.avi', ['msvideo1'])],
    ['zmbv', null, () => made('.avi', ['zmbv'])],
    ['wmv1', 'wmav2', () => made('.wmv', ['wmv1'], ['wmav2'], { hz: 44100 })],
    ['svq1', 'adpcm_ima_qt', () => made('.mov', ['svq1'], ['adpcm_ima_qt'], { hz: 44100 })],
    ['qtrle', 'alac', () => made('.mov', ['qtrle'], ['alac'])],
    ['rpza', null, () => made('.mov', ['rpza'], null, { size: '176x144' })], // the encoder writes beyond its buffer at 160x96
    ['smc', null, () => made('.mov', ['smc'])],
    ['png', 'pcm_s24le', () => made('.mov', ['png'], ['pcm_s24le'])],
    ['rawvideo', 'pcm_s16be', () => made('.mov', ['rawvideo', '-pix_fmt', 'uyvy422'], ['pcm_s16be'])],
    ['rawvideo', null, () => made('.avi', ['rawvideo', '-pix_fmt', 'bgr24'])],
    ['v210', null, () => made('.mov', ['v210'])],
    ['r210', null, () => made('.mov', ['r210'])],
    ['cfhd', null, () => made('.mov', ['cfhd'], null, { size: '320x192' })],
    ['dnxhd', 'pcm_s16le', () => made('.mov', ['dnxhd', '-profile:v', 'dnxhr_lb', '-pix_fmt', 'yuv422p'], PCM, { size: '320x192' })],
    ['jpeg2000', null, () => made('.mov', ['jpeg2000'])],
    ['jpegls', null, () => made('.avi', ['jpegls'])],
    ['speedhq', null, () => made('.mkv', ['speedhq', '-pix_fmt', 'yuv422p'])],
    ['rv10', 'ac3', () => made('.rm', ['rv10'], ['ac3'], { size: '176x144' })],
    ['rv20', null, () => made('.rm', ['rv20'], null, { size: '176x144' })],
    ['mpeg4', 'ra_144', () => made('.mkv', ['mpeg4'], ['real_144'], { hz: 8000, layout: 'mono' })],
    ['flashsv', 'nellymoser', () => made('.flv', ['flashsv'], ['nellymoser'], { hz: 44100, layout: 'mono' })],
    ['flashsv2', 'speex', () => made('.flv', ['flashsv2'], ['libspeex'], { hz: 16000, layout: 'mono' })],
    ['h261', null, () => made('.mkv', ['h261'], null, { size: '176x144', rate: '30000/1001' })],
    ['h264', 'dts', () => made('.mkv', X264.slice(1), ['dca', '-strict', '-2'])],
    ['h264', 'truehd', () => made('.mkv', X264.slice(1), ['truehd', '-strict', '-2'])],
    ['h264', 'mlp', () => made('.mkv', X264.slice(1), ['mlp', '-strict', '-2'])],
    ['h264', 'wavpack', () => made('.mkv', X264.slice(1), ['wavpack'])],
    ['h264', 'tta', () => made('.mkv', X264.slice(1), ['tta'])],
    ['h264', 's302m', () => made('.ts', X264.slice(1), ['s302m', '-strict', '-2'])],
    ['mpeg4', 'adpcm_g726', () => made('.avi', ['mpeg4'], ['g726'], { hz: 8000, layout: 'mono' })],
    ['mpeg4', 'adpcm_g722', () => made('.mkv', ['mpeg4'], ['g722'], { hz: 16000, layout: 'mono' })],
    ['mpeg4', 'adpcm_yamaha', () => made('.avi', ['mpeg4'], ['adpcm_yamaha'], { hz: 44100 })],
    ['mpeg4', 'g723_1', () => made('.mkv', ['mpeg4'], ['g723_1', '-b:a', '6300'], { hz: 8000, layout: 'mono' })],
    // cameras
    ['dvvideo', 'pcm_s16le', () => made('.dv', ['dvvideo', '-pix_fmt', 'yuv420p'], PCM, { size: '720x576', rate: 25, more: ['-aspect', '16:9'] })],
    ['dvvideo', 'pcm_s16le', () => made('.mov', ['dvvideo', '-pix_fmt', 'yuv420p'], PCM, { size: '720x576', rate: 25 })],
    ['mpeg2video', 'pcm_s16le', () => made('.mxf', ['mpeg2video', '-pix_fmt', 'yuv422p'], PCM, { rate: 25 })],
    ['dnxhd', 'pcm_s16le', () => made('.mxf', ['dnxhd', '-profile:v', 'dnxhr_lb', '-pix_fmt', 'yuv422p'], PCM, { size: '320x192', rate: 25 })],
    // pictures alone; raw ones are taken to be 25 a second
    ['h264', null, () => made('.h264', X264.slice(1), null, { rate: 25 })],
    ['h264', null, () => made('.264', ['libx264', '-preset', 'medium', '-pix_fmt', 'yuv420p', '-aud', '1'], null, { rate: 25 })],
    ['hevc', null, () => made('.hevc', ['libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error'], null, { rate: 25 })],
    ['mpeg4', null, () => made('.m4v', ['mpeg4'], null, { rate: 25 })],
    ['mpeg2video', null, () => made('.m2v', ['mpeg2video'], null, { rate: 25 })],
    ['vp8', null, () => made('.ivf', ['libvpx', '-deadline', 'realtime', '-cpu-used', '8'])],
    ['vp9', null, () => made('.ivf', ['libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'])],
    ['av1', null, () => made('.obu', ['libaom-av1', '-cpu-used', '8', '-usage', 'realtime'], null, { rate: 25 })],
    // pictures that move
    ['gif', null, () => made('.gif', ['gif'])],
    ['apng', null, () => made('.png', ['apng'], null, { more: ['-f', 'apng', '-plays', '0'] })],
    ['av1', null, () => made('.avif', ['libaom-av1', '-cpu-used', '8', '-usage', 'realtime'])],
    ['jpeg2000', null, () => mj2()],
    ['h264', 'aac', () => motion('microvideo')],
    ['h264', 'aac', () => motion('container')],
    ['h264', 'aac', () => motion('samsung')],
    ['h264', 'aac', () => motion('heic')],
];

// A MOV in the coat of Motion JPEG 2000.
async function mj2() {
    const mov = readFileSync(await made('.mov', ['jpeg2000']));
    const head = Buffer.from('0000000c6a5020200d0a870a' + '0000001466747970' + '6d6a7032' + '00000000' + '6d6a7032', 'hex');
    const old = mov.readUInt32BE(0); /* the index tells places in the file: what replaces the head has its length */
    assert.equal(mov.toString('latin1', 4, 8), 'ftyp');
    const rest = mov.subarray(old), pad = 8 + ((old - head.length - 8) % 8 + 8) % 8;
    const grown = head.length + pad - old, free = Buffer.alloc(pad);
    free.writeUInt32BE(pad, 0);
    free.write('free', 4, 'latin1');
    const moov = rest.indexOf('moov'), out = Buffer.from(rest);
    for (const table = { at: out.indexOf('stco', moov) }; table.at > 0; table.at = out.indexOf('stco', table.at + 4))
        for (let i = 0, n = out.readUInt32BE(table.at + 8); i < n; i++) {
            const place = table.at + 12 + 4 * i;
            out.writeUInt32BE(out.readUInt32BE(place) + grown, place);
        }
    return bytes('.mj2', Buffer.concat([head, free, out]));
}

// A picture with a film behind it, as phones write them.
async function motion(way) {
    const film = readFileSync(await clip(LENGTH, { ...SMALL, more: ['-movflags', '+faststart'] }));
    const jpeg = readFileSync(await ffmpeg('.jpg', ['-f', 'lavfi', '-i', 'color=red:s=320x192', '-frames:v', '1']));
    const segment = (text) => {
        const body = Buffer.from(`http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:RDF>${text}</rdf:RDF></x:xmpmeta>`), head = Buffer.from([0xff, 0xe1, 0, 0]);
        head.writeUInt16BE(body.length + 2, 2);
        return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
    };
    const box = (type, ...parts) => {
        const body = Buffer.concat(parts.map((part) => Buffer.from(part, 'latin1'))), head = Buffer.alloc(8);
        head.writeUInt32BE(body.length + 8, 0);
        head.write(type, 4, 'latin1');
        return Buffer.concat([head, body]);
    };
    const little = (...numbers) => Buffer.concat(numbers.map((n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n >>> 0); return b; }));
    if (way === 'microvideo')
        return bytes('.jpg', Buffer.concat([segment(`<rdf:Description GCamera:MicroVideo="1" GCamera:MicroVideoOffset="${film.length}"/>`), film]));
    if (way === 'container')
        return bytes('.jpg', Buffer.concat([segment('<rdf:Description GCamera:MotionPhoto="1"><Container:Directory><rdf:Seq><rdf:li><Container:Item Item:Mime="image/jpeg" Item:Semantic="Primary" Item:Length="0"/></rdf:li>' +
            `<rdf:li><Container:Item Item:Mime="video/mp4" Item:Semantic="MotionPhoto" Item:Length="${film.length}"/></rdf:li></rdf:Seq></Container:Directory></rdf:Description>`), film]));
    if (way === 'samsung') {
        const piece = Buffer.concat([Buffer.from([0, 0, 0x30, 0x0a]), little(16), Buffer.from('MotionPhoto_Data'), film]);
        const directory = Buffer.concat([Buffer.from('SEFH'), little(107, 1), Buffer.from([0, 0, 0x30, 0x0a]), little(piece.length, piece.length)]);
        return bytes('.jpg', Buffer.concat([jpeg, piece, directory, little(directory.length), Buffer.from('SEFT')]));
    }
    return bytes('.heic', Buffer.concat([box('ftyp', 'heic', '\0\0\0\0', 'mif1heic'), box('meta', '\0'.repeat(64)), box('mpvd', film), box('free', 'tail')]));
}

let server, ana;
const context = { after: (end) => (context.end = end) };
before(async () => {
    server = await serve(context, '--workers', '2');
    ana = await new Client(server).user('ana');
});
after(() => context.end());

const label = async (file) => extname(await file);
async function end(id) {
    for (;;) {
        const task = await ana.task(id);
        if (task.status === 'processed' || task.status === 'failed') return task;
        await new Promise((done) => setTimeout(done, 20));
    }
}

test('what is offered where a clip is chosen has the ending of each kind, but for photos that move', async () => {
    const { accept } = await ana.api.me(), photos = ['.png', '.avif', '.jpg', '.heic'];
    assert.equal(new Set(accept).size, accept.length);
    assert.equal(accept[0], 'video/*');
    // as the rows name them; the files themselves are made by the test below
    const named = [...readFileSync(new URL(import.meta.url), 'utf8').matchAll(/made\('(\.\w+)'/g)].map(([, ending]) => ending);
    assert.ok(named.length > 40, `${named.length} endings`);
    const kinds = readFileSync(new URL('./lib/kinds.mjs', import.meta.url), 'utf8').matchAll(/'(\.[a-z0-9]{2,4})'/g);
    for (const ending of [...named, ...[...kinds].map(([, one]) => one)])
        if (!photos.includes(ending)) assert.ok(accept.includes(ending), `${ending} is not offered`);
});

test('a clip of each kind becomes a reel, with its sound', async (t) => {
    const ids = [];
    for (const [, , make] of rows) ids.push(await ana.give(await make()));
    for (const [i, [video, audio, make]] of rows.entries())
        await t.test(`${video}${audio ? ` and ${audio}` : ''} in ${await label(make())}`, async () => {
            const task = await end(ids[i]);
            assert.equal(task.status, 'processed', JSON.stringify(task.error));
            assert.deepEqual(task.warnings, []);
            assert.equal(task.clip.video.codec, video);
            assert.equal(task.clip.audio?.codec ?? null, audio);
            assert.ok(Math.abs(task.reel.duration - 4 - LENGTH) < 0.25, `${task.reel.duration} s`);
            if (!audio) return;
            const out = join(folder(t), 'reel.mp4');
            writeFileSync(out, await ana.reel(task));
            assert.ok((await loudness(out, 2.1, 0.2)) > -40, 'its tone is heard');
        });
});

const still = (extension, more = []) => ffmpeg(extension, ['-f', 'lavfi', '-i', 'testsrc2=s=160x96', '-frames:v', '1', ...more]);
const webp = (flags) => Buffer.concat([Buffer.from('RIFF\x64\0\0\0WEBPVP8X\x0a\0\0\0', 'latin1'), Buffer.from([flags]), Buffer.alloc(80)]);
const stills = [
    ['a JPEG', () => still('.jpg'), 'image_only'],
    ['a PNG', () => still('.png'), 'image_only'],
    ['a GIF of one picture', () => still('.gif'), 'image_only'],
    ['an animated PNG of one picture', () => still('.png', ['-f', 'apng']), 'image_only'],
    ['a BMP', () => still('.bmp'), 'image_only'],
    ['a WebP', () => bytes('.webp', webp(0x10)), 'image_only'],
    ['a WebP that moves', () => bytes('.webp', webp(0x12)), 'webp_moving'],
    ['an AVIF of one picture', () => still('.avif', ['-c:v', 'libaom-av1', '-cpu-used', '8', '-still-picture', '1']), 'image_only'],
    ['a WAV', () => ffmpeg('.wav', sound(0.1)), 'no_video'],
    ['an MP3', () => ffmpeg('.mp3', [...sound(0.1), '-c:a', 'libmp3lame']), 'no_video'],
    ['a text', () => bytes('.txt', 'only words\n'.repeat(20)), 'not_a_video'],
];
test('what does not move is refused by one word, over HTTP and by the command', async () => {
    for (const [name, make, code] of stills) {
        const file = await make(), answer = await ana.upload(file);
        const said = answer.status === 201 ? (await end(answer.json.task_id)).error?.code : answer.json.code;
        const { stdout } = await run(['probe', '--json', file]);
        assert.deepEqual([name, said, JSON.parse(stdout).error?.code], [name, code, code]);
        assert.ok(answer.status === 201 || answer.status === 415, `${answer.status}`);
    }
});

// -- hostile ones --

// The same numbers for the same seed.
function* random(seed) {
    for (let x = seed; ; yield x >>> 0) x = (Math.imul(x, 1664525) + 1013904223) | 0;
}
function flipped(data, seed) {
    const out = Buffer.from(data), numbers = random(seed);
    const flips = 8 + out.length / 400;
    for (let i = 0; i < flips; i++) out[64 + (numbers.next().value % (out.length - 64))] ^= 1 << (numbers.next().value % 8);
    return out;
}
const torn = (data) => data.subarray(0, Math.floor(data.length * 0.7));

// Noise under the name of a codec that nothing here can write: decoders are met with it all the same.
const NOISE = ['IV31', 'IV32', 'IV41', 'IV50', 'LAGS', 'CSCD', 'tscc', 'TSC2', 'FPS1', 'G2M5', 'ZLIB', 'MSZH', 'VMnc', 'SVQ3', 'WMV3', 'WVC1', 'MSS2', 'VP31', 'VP50', 'VP60', 'VP70', 'CLLC', 'CHQX', 'CUVC', 'PIXL', 'Shr0', 'icod', 'ML20', 'mjpb', 'RV40', 'apch', 'CYUV', 'MSS1', 'SP53'];
async function noise(fourcc) {
    const avi = readFileSync(await made('.avi', ['mpeg4']));
    for (let at = avi.indexOf('FMP4'); at >= 0; at = avi.indexOf('FMP4', at + 4)) avi.write(fourcc, at, 'latin1');
    const numbers = random(fourcc.charCodeAt(3) + 256 * fourcc.charCodeAt(0)), from = avi.indexOf('movi');
    for (let at = from + 24; at < avi.length - 600; at += 1 + (numbers.next().value % 3)) avi[at] = numbers.next().value >>> 24;
    return avi;
}

const FAULTS = ['not_a_video', 'no_video', 'image_only', 'no_frames', 'truncated', 'codec_unsupported', 'too_many_pixels', 'too_many_tracks', 'encrypted', 'shape_absurd', 'colour_unsupported', 'memory_limit'];
test('broken clips of each kind are refused or shown as far as they go, and kill nothing', async () => {
    const given = [];
    const give = async (name, data) => {
        const answer = await ana.upload(data, { name: 'clip' });
        if (answer.status === 201) given.push([name, answer.json.task_id]);
        else assert.ok(FAULTS.includes(answer.json.code), `${name}: ${answer.json.code}`);
    };
    for (const [i, [video, audio, make]] of rows.entries()) {
        const file = await make(), data = readFileSync(file), name = `${video}, ${audio}, ${extname(file)}`;
        await give(`${name}, flipped`, flipped(data, i + 1));
        await give(`${name}, torn`, torn(data));
    }
    for (const fourcc of NOISE) await give(`noise as ${fourcc}`, await noise(fourcc));
    const wrong = [];
    for (const [name, id] of given) {
        const { status, error } = await end(id);
        if (status === 'failed' && !FAULTS.includes(error.code)) wrong.push(`${name}: ${error.code}`);
    }
    assert.deepEqual(wrong, []);
});
