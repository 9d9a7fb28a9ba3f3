// Which clips are copied: a table of clips as cameras, phones and editors make them, and for each the
// path that it takes. A copied body is the clip's packets bit for bit, and decodes to its very
// pictures; sound is where it was; and every reel, by whichever path, has exactly its frames and
// gives decoders nothing to say.
//
// Rows share one cache of logo parts and run a few at a time; clips are small and short.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import { box, edited, parse, places, setEdits, table, write } from './lib/boxes.mjs';
import { AAC, bytes, ffmpeg, real } from './lib/clips.mjs';
import { assertTimes, onsets, packets, pictures, times } from './lib/packets.mjs';
import { folder, run } from './lib/reelgate.mjs';

const cache = folder(null), large = folder(null);
after(() => [cache, large].forEach((dir) => rmSync(dir, { recursive: true, force: true })));

const BUMPER_S = 2, BODY_S = 16, SYNC_S = 0.02;

async function render(dir, file, flags) {
    const out = join(dir, 'reel.mp4');
    const { code, stdout, stderr } = await run(['render', '--json', '--preset', 'ultrafast', '--cache', cache, ...flags, file, out]);
    assert.equal(code, 0, stderr);
    return { ...JSON.parse(stdout.trim().split('\n').pop()), reel: out };
}
async function probe(file, flags) {
    const { code, stdout, stderr } = await run(['probe', '--json', ...flags, file]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
}

// -- clips -------------------------------------------------------------------------------------

// 0.1 s of sound at the half of each second, so that its place can be measured.
const beeps = (seconds, { hz = 48000, layout = 'stereo' } = {}) =>
    ['-f', 'lavfi', '-t', String(seconds), '-i', `aevalsrc='if(between(mod(t,1),0.5,0.6),0.5*sin(1000*2*PI*t),0)':s=${hz},aformat=channel_layouts=${layout}`];
const moving = (seconds, { size = '320x180', rate = 25 } = {}) =>
    ['-f', 'lavfi', '-t', String(seconds), '-i', `testsrc2=size=${size}:rate=${rate}`];
const X264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-threads', '1'];
const x264 = (...params) => [...X264, '-preset', 'veryfast', ...(params.length ? ['-x264-params', params.join(':')] : [])];

const SECONDS = 2;
// A clip of the usual kind, but for what is said.
const made = ({ seconds = SECONDS, extension = '.mp4', video = x264(), audio = AAC, sound = {}, more = [], ...shape } = {}) =>
    ffmpeg(extension, [...moving(seconds, shape), ...(audio ? beeps(seconds, sound) : []), ...video, ...(audio ?? []), ...more]);
// The same packets in another file.
const repacked = async (file, extension, ...args) => ffmpeg(extension, ['-i', await file, '-map', '0', '-c', 'copy', ...args]);
// The file with these bytes changed; change gives true when it found what it looked for.
async function changed(file, extension, change) {
    const data = readFileSync(await file);
    assert.ok(change(data), 'the bytes to change are there');
    return bytes(extension, data);
}
const raw = async (params, seconds = 1) =>
    readFileSync(await ffmpeg('.h264', [...moving(seconds), ...x264('bframes=0', ...params)]));
// Annex B units of a raw stream, each with its start code.
function units(data) {
    const at = [];
    for (let i = data.indexOf('\0\0\x01', 0, 'latin1'); i >= 0; i = data.indexOf('\0\0\x01', i + 3, 'latin1')) at.push(i);
    return at.map((from, i) => ({ type: data[from + 3] & 31, data: Buffer.concat([Buffer.from([0]), data.subarray(from, at[i + 1])]) }));
}
const fromRaw = async (data) => ffmpeg('.mp4', ['-r', '25', '-i', await bytes('.h264', data), '-c', 'copy']);

async function twoSequences() {
    const one = units(await raw(['sps-id=0'])), two = units(await raw(['sps-id=3', 'cabac=0']));
    const sets = (list) => list.filter((u) => u.type === 7 || u.type === 8);
    return fromRaw(Buffer.concat([...sets(one), ...sets(two), ...one.filter((u) => u.type !== 7 && u.type !== 8)].map((u) => u.data)));
}
async function headersThatChange() {
    return fromRaw(Buffer.concat([await raw(['cabac=1']), await raw(['cabac=0', 'ref=5'])]));
}

// -- the table ---------------------------------------------------------------------------------
// [name, clip, path, facts]. Paths: copy; copy+sound, where the clip's sound is encoded anew;
// copy+silence, where it has none; encode. Facts: frames of the body (default: 2 s at the rate),
// tail: how many of the last of them are encoded since the cut would lose them, fewer: how many less a
// whole cut may have, rate, flags, width, height, reason (of an encode), beeps: when the clip's sound is heard, from its
// first picture on (default: 0.5 and 1.5 s), from: the first of its packets that is copied, head: how
// many pictures before that are encoded (default: as many as the packets cannot be), reformed: the reel
// has its pictures in packets of another form, slack: seconds that its file leaves open where its sound
// is, varies: its pictures keep their times, and rate is that of the bumpers.

const START = 'copy'; // what a start inside the clip takes
const rows = [];
const row = (name, make, path, facts = {}) => rows.push([name, make, path, facts]);

for (const preset of ['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow', 'slower', 'veryslow'])
    row(`x264 ${preset}`, () => made({ video: [...X264, '-preset', preset] }), 'copy');
for (const [name, ...params] of [
    ['5 B-frames without a pyramid', 'bframes=5', 'b-pyramid=none', 'b-adapt=0'],
    ['5 B-frames in a strict pyramid', 'bframes=5', 'b-pyramid=strict', 'b-adapt=0'],
    ['5 B-frames in a pyramid', 'bframes=5', 'b-pyramid=normal', 'b-adapt=0'],
    ['16 B-frames', 'bframes=16', 'b-adapt=0'],
    ['no B-frames', 'bframes=0'],
    ['weighted prediction', 'weightp=2', 'weightb=1', 'bframes=3'],
    ['open groups', 'open-gop=1', 'keyint=20', 'bframes=3', 'b-adapt=0', 'scenecut=0'],
    ['CAVLC', 'cabac=0'],
    ['1 reference', 'ref=1'],
    ['4 references', 'ref=4'],
    ['16 references', 'ref=16'],
    ['4 slices a picture', 'slices=4'],
    ['slices of 500 bytes', 'slice-max-size=500'],
    ['intra refresh', 'intra-refresh=1', 'keyint=25'],
    ['only key pictures', 'keyint=1'],
    ['one key picture', 'keyint=infinite', 'scenecut=0'],
    ['ids of 7', 'sps-id=7'],
    ['ids of 31', 'sps-id=31'],
    ['picture timing', 'nal-hrd=vbr', 'vbv-maxrate=500', 'vbv-bufsize=500'],
    ['no deblocking', 'no-deblock=1'],
    ['constrained intra prediction', 'constrained-intra=1'],
])
    row(`x264: ${name}`, () => made({ video: x264(...params) }), 'copy');
for (const profile of ['baseline', 'main', 'high'])
    row(`profile ${profile}`, () => made({ video: [...x264(), '-profile:v', profile] }), 'copy');
row('level 5.1', () => made({ video: x264('level=51') }), 'copy');
row('level 6.2', () => made({ video: x264('level=62') }), 'encode', { reason: /level/ });
for (const [rate, frames] of [['24000/1001', 48], ['24', 48], ['30000/1001', 60], ['30', 60], ['50', 100], ['60000/1001', 120], ['60', 120], ['12', 24]])
    row(`${rate} pictures a second`, () => made({ rate }), 'copy', { rate, frames });
row('120 pictures a second', () => made({ rate: 120, seconds: 1 }), 'encode', { reason: /rate/, rate: '60', frames: 60, beeps: [0.5] });

row('two eyes in one picture', () => made({ video: x264('frame-packing=3') }), 'encode', { reason: /how they are shown/ });
row('HLG that only a message tells of', () => made({ video: x264('alternative-transfer=arib-std-b67') }), 'encode', { reason: /colours/ });
row('a container that says BT.2020 of pictures that say nothing', () => made({ more: ['-colorspace', 'bt2020nc', '-color_primaries', 'bt2020', '-color_trc', 'bt2020-10', '-bsf:v', 'h264_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2'] }), 'encode', { reason: /colours/ });
row('full range', () => made({ video: [...x264(), '-pix_fmt', 'yuvj420p'] }), 'copy');
row('BT.709, and said so', () => made({ more: ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'] }), 'copy');
row('BT.601', () => made({ more: ['-colorspace', 'smpte170m', '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m'] }), 'copy');
row('BT.2020', () => made({ video: x264('colorprim=bt2020', 'transfer=bt2020-10', 'colormatrix=bt2020nc') }), 'encode', { reason: /colour/ });
row('10-bit', () => made({ video: [...x264(), '-pix_fmt', 'yuv420p10le'] }), 'encode', { reason: /picture is 10-bit/ });
row('4:2:2', () => made({ video: [...x264(), '-pix_fmt', 'yuv422p'] }), 'encode', { reason: /picture is 4:2:2/ });
row('4:4:4', () => made({ video: [...x264(), '-pix_fmt', 'yuv444p'] }), 'encode', { reason: /picture is 4:4:4/ });
row('grey', () => made({ video: [...x264(), '-pix_fmt', 'gray'] }), 'encode', { reason: /profile|4:2:0/ });
row('interlaced', () => made({ size: '640x360', video: x264('tff=1') }), 'encode', { reason: /interlaced/ });
row('said to be interlaced', () => made({ video: x264('fake-interlaced=1') }), 'encode', { reason: /interlaced/ });
row('headers that change on the way', headersThatChange, 'encode', { reason: /header|set/, beeps: null });
row('two sequence headers', twoSequences, 'encode', { reason: /several|headers/, frames: 25, beeps: null });
row('H.264 headers of tag avc3', () => changed(made(), '.mp4', (data) => {
    const at = data.lastIndexOf('avc1');
    return at > 64 && data.write('avc3', at);
}), 'copy');

row('4:3', () => made({ size: '320x240' }), 'encode', { reason: /16:9/ });
row('upright', () => made({ size: '180x320' }), 'encode', { reason: /16:9/, height: 320 });
row('pixels that are not square', () => made({ size: '240x180', more: ['-vf', 'setsar=4/3'] }), 'copy', { width: 240, pixel: '4:3' });
row('pixels of 1281:1280', () => made({ more: ['-vf', 'setsar=1281/1280:max=4000'] }), 'copy', { pixel: '1281:1280' });
row('800x640 with pixels of 64:45', () => made({ size: '800x640', seconds: 1, more: ['-vf', 'setsar=64/45'] }), 'copy', { width: 800, pixel: '64:45', frames: 25, beeps: [0.5] });
row('pixels of 64:45 that make 4:3 of it', () => made({ size: '300x320', more: ['-vf', 'setsar=64/45'] }), 'encode', { reason: /16:9/ });
row('424x240, as action cameras have it', () => made({ size: '424x240' }), 'copy', { width: 424 });
row('424x240 under a profile that takes nothing but 16:9', () => made({ size: '424x240' }), 'encode', { reason: /16:9/, flags: ['--shape-tolerance', '0'] });
row('1920x1088, not cropped', () => made({ size: '1920x1088', seconds: 0.4, video: [...X264, '-preset', 'ultrafast'] }), 'copy', { width: 1920, height: 1088, frames: 10, beeps: null });
row('1916x1078, as screen recorders have it', () => made({ size: '1916x1078', seconds: 0.4, video: [...X264, '-preset', 'ultrafast'] }), 'copy', { width: 1916, height: 1078, frames: 10, beeps: null });
row('424x240 cut from 448x256', () => made({ size: '448x256', video: x264('crop-rect=0,0,24,16') }), 'copy', { width: 424, height: 240 });
// a box and a track header that claim another size than the H.264 headers
const boxed = (make, width, height) => indexed(make, (top, { picture }) => {
    const stsd = table(picture, 'stsd').body, at = stsd.indexOf('avc1', 0, 'latin1') + 4, head = box(picture.boxes, 'tkhd').body;
    stsd.writeUInt16BE(width, at + 24);
    stsd.writeUInt16BE(height, at + 26);
    head.writeUInt32BE(width * 0x10000, head.length - 8);
    head.writeUInt32BE(height * 0x10000, head.length - 4);
});
row('a box that says 442x240 of 424x240', () => boxed(made({ size: '424x240' }), 442, 240), 'copy', { width: 424 });
row('a box that says 442x240 of 424x240 without a VUI', () => boxed(made({ size: '424x240', video: x264('bframes=0'), more: ['-bsf:v', 'h264_metadata=sample_aspect_ratio=0/1'] }), 442, 240), 'copy', { width: 424 });
row('a box that says 427x240 of 428x240', () => boxed(made({ size: '428x240' }), 427, 240), 'copy', { width: 427 });
row('a box that hides 8 rows of 320x192', () => boxed(made({ size: '320x192' }), 320, 180), 'copy', { height: 180 });
row('turned by 90 degrees', () => repacked(made({ size: '180x320' }), '.mp4', '-metadata:s:v', 'rotate=90'), 'encode', { reason: /turned by 90 degrees/ });
row('turned by 180 degrees', () => repacked(made(), '.mp4', '-metadata:s:v', 'rotate=180'), 'encode', { reason: /turned by 180 degrees/ });
row('larger than the profile', () => made({ size: '2560x1440', seconds: 0.2, video: [...X264, '-preset', 'ultrafast'] }), 'encode', { reason: /16:9|profile/, frames: 5, width: 1920, beeps: null });
row('854x480, which is 16:9 within a pixel', () => made({ size: '854x480' }), 'copy', { width: 854 });
row('426x240, cut from whole blocks', () => made({ size: '426x240' }), 'copy', { width: 426 });
row('1920x1080', () => made({ size: '1920x1080', seconds: 0.4, video: [...X264, '-preset', 'ultrafast'] }), 'copy', { width: 1920, frames: 10, beeps: null });

// Only the pictures that `select` chooses, each at its time.
const chosen = (select, { extension = '.mp4', rate = 30, seconds = 2, video = x264(), audio = AAC, more = [] } = {}) =>
    ffmpeg(extension, [...moving(seconds, { rate }), ...(audio ? beeps(seconds) : []), '-vf', `select='${select}'`, '-fps_mode', 'passthrough', '-enc_time_base', '-1', ...video, ...(audio ?? []), ...more]);
const KEPT = { varies: true, reason: /rate varies/ };
row('pictures of varying rate', () => chosen('if(lt(t,1),not(mod(n,3)),1)'), 'copy', { ...KEPT, rate: '30', frames: 40 });
row('varying rate without B-frames', () => chosen('if(lt(t,1),not(mod(n,7)),1)', { video: x264('bframes=0') }), 'copy', { ...KEPT, rate: '30', frames: 35 });
row('varying rate in pyramids', () => chosen('if(lt(t,1),not(mod(n,2)),1)', { video: x264('bframes=8', 'b-adapt=0', 'b-pyramid=normal') }), 'copy', { ...KEPT, rate: '30', frames: 45 });
row('varying rate in Matroska', () => chosen('if(lt(t,1),not(mod(n,3)),1)', { extension: '.mkv' }), 'copy', { ...KEPT, rate: '30', frames: 40 });
row('varying rate in fragments', () => chosen('if(lt(t,1),not(mod(n,3)),1)', { more: ['-movflags', 'frag_keyframe+empty_moov'] }), 'copy', { ...KEPT, rate: '30', frames: 40, slack: 0.1 });
row('varying rate without sound', () => chosen('if(lt(t,1),not(mod(n,3)),1)', { audio: null }), 'copy+silence', { ...KEPT, rate: '30', frames: 40 });
row('varying rate with MP3', () => chosen('if(lt(t,1),not(mod(n,3)),1)', { audio: ['-c:a', 'libmp3lame'] }), 'copy+sound', { ...KEPT, rate: '30', frames: 40 });
row("a browser's recording in Matroska", () => ffmpeg('.mkv', [...moving(3, { rate: 60 }), ...beeps(3), '-vf', "select='not(mod(floor(n*n/7),3))',settb=1/1000", '-fps_mode', 'passthrough', '-enc_time_base', '1/1000', ...x264('bframes=0'), '-profile:v', 'baseline', ...AAC]),
    'copy', { ...KEPT, rate: '20', frames: 77, beeps: [0.5, 1.5, 2.5] });
row('clocks that jitter', () => ffmpeg('.mp4', [...moving(2, { rate: 30 }), ...beeps(2), '-vf', "settb=1/90000,setpts='N*3003+900*mod(N*N,3)'", '-fps_mode', 'passthrough', '-enc_time_base', '1/90000', ...x264(), ...AAC]), 'copy', { ...KEPT, rate: null, frames: 60 });
row('varying rate that is cut at 16 s', () => chosen('if(lt(mod(t,2),1),not(mod(n,3)),1)', { rate: 15, seconds: 18, video: x264('bframes=3', 'keyint=30') }), 'copy', { ...KEPT, rate: '15', frames: 160, fewer: 4, beeps: Array.from({ length: 16 }, (_, i) => i + 0.5) });
row('begin at 1.2 s of a varying rate', () => chosen('if(lt(mod(t,1),0.5),not(mod(n,3)),1)', { seconds: 4, video: x264('keyint=40', 'min-keyint=40', 'scenecut=0') }), START, { ...KEPT, flags: ['--start', '1.2'], rate: '30', frames: 58, from: 40, beeps: [0.3, 1.3, 2.3] });
row('a picture missing', () => chosen('not(eq(n,20))', { rate: 25, video: x264('bframes=0') }), 'copy', { ...KEPT, frames: 49 });
row('0.9 s in which nothing moves', () => chosen('lt(n,20)+gt(n,46)'), 'copy', { ...KEPT, rate: '30', frames: 33 });
row('1.2 s in which nothing moves', () => chosen('lt(n,10)+gt(n,45)'), 'encode', { reason: /second lies/, rate: '30', frames: 60 });
row('varying rate that is above the profile for a second', () => chosen('if(lt(t,1),not(mod(n,3)),1)', { rate: 100 }), 'encode', { reason: /above the profile/, rate: null, frames: null });
row('no edit list', () => made({ more: ['-use_editlist', '0'] }), 'copy', { slack: 0.1 });
row('negative composition offsets', () => made({ more: ['-movflags', 'negative_cts_offsets'] }), 'copy');
row('picture from 0.2 s on', async () => ffmpeg('.mp4', ['-itsoffset', '0.2', '-i', await made({ audio: null }), '-i', await made(), '-map', '0:v', '-map', '1:a', '-c', 'copy']),
    'copy', { beeps: [0.3, 1.3] });
row('17 s are cut at 16 s', () => made({ seconds: 17, rate: 10, video: x264('bframes=3', 'keyint=40') }), 'copy', { rate: '10', frames: 160, beeps: Array.from({ length: 16 }, (_, i) => i + 0.5) });
row('17 s of pyramids are cut at 16 s', () => made({ seconds: 17, rate: 10, video: x264('bframes=8', 'b-adapt=0', 'b-pyramid=normal', 'keyint=60') }), 'copy', { rate: '10', frames: 160, tail: 3, beeps: Array.from({ length: 16 }, (_, i) => i + 0.5) });
// What lies behind the last safe point that fits is encoded where it is more than a quarter of a second.
const EVERY_SECOND = Array.from({ length: 16 }, (_, i) => i + 0.5);
const B3 = ['bframes=3', 'b-adapt=0', 'b-pyramid=none', 'scenecut=0'], B16 = ['bframes=16', 'b-adapt=0', 'b-pyramid=normal', 'scenecut=0'];
row('1 picture a second is cut', () => made({ seconds: 20, rate: 1, video: x264(...B3) }), 'copy', { rate: '1', frames: 16, tail: 3, beeps: EVERY_SECOND });
row('2 pictures a second are cut', () => made({ seconds: 20, rate: 2, video: x264(...B3) }), 'copy', { rate: '2', frames: 32, tail: 3, beeps: EVERY_SECOND });
row('1 picture a second without B pictures is cut', () => made({ seconds: 20, rate: 1, video: x264('bframes=0') }), 'copy', { rate: '1', frames: 16, beeps: EVERY_SECOND });
row('24 pictures a second are cut within a quarter of a second', () => made({ seconds: 17, rate: 24, video: x264(...B3, 'keyint=100') }), 'copy', { rate: '24', frames: 384, fewer: 4, beeps: EVERY_SECOND });
row('24 pictures a second in long groups are cut', () => made({ seconds: 17, rate: 24, video: x264(...B16, 'keyint=400', 'min-keyint=400') }), 'copy', { rate: '24', frames: 384, tail: 9, beeps: EVERY_SECOND });
row('24 pictures a second in open groups are cut', () => made({ seconds: 17, rate: 24, video: x264(...B16, 'keyint=100', 'open-gop=1') }), 'copy', { rate: '24', frames: 384, tail: 15, beeps: EVERY_SECOND });
row('24 pictures a second of a transport stream are cut', () => made({ seconds: 17, rate: 24, extension: '.ts', audio: null, video: x264(...B16, 'keyint=100') }), 'copy+silence', { rate: '24', frames: 384, tail: 15, reformed: true });
row('24 pictures a second of an AVI are cut', () => made({ seconds: 17, rate: 24, extension: '.avi', audio: null, video: x264(...B16, 'keyint=100') }), 'copy+silence', { rate: '24', frames: 384, tail: 15, reformed: true });
row('full range is cut', () => made({ seconds: 17, rate: 2, video: [...x264(...B3), '-pix_fmt', 'yuvj420p'] }), 'copy', { rate: '2', frames: 32, tail: 3, beeps: EVERY_SECOND });
row('full range from 1.2 s on', () => made({ seconds: 4, video: [...x264('keyint=50', 'min-keyint=50', 'scenecut=0'), '-pix_fmt', 'yuvj420p'] }), START, { flags: ['--start', '1.2'], frames: 70, from: 50, beeps: [0.3, 1.3, 2.3] });
row('848x480 is cut, its sound encoded', () => made({ seconds: 17, rate: 4, size: '848x480', audio: ['-c:a', 'libmp3lame'], video: x264(...B3) }), 'copy+sound', { rate: '4', frames: 64, tail: 3, width: 848, beeps: EVERY_SECOND });
row('begin at 2 s between two key pictures, and cut', () => made({ seconds: 20, rate: 4, video: x264(...B3, 'keyint=20', 'min-keyint=20') }), START, { flags: ['--start', '2'], rate: '4', frames: 64, from: 20, head: 12, tail: 3, beeps: EVERY_SECOND });
row('varying rate that is slow where it is cut', () => chosen('if(lt(t,13.4),1,not(mod(n,4)))', { rate: 10, seconds: 19, video: x264(...B3) }), 'copy', { ...KEPT, rate: '10', frames: 140, tail: 3, beeps: EVERY_SECOND });
row('varying rate that is cut before one slow picture', () => chosen('if(lt(t,14.2),1,not(mod(n,4)))', { rate: 10, seconds: 19, video: x264(...B3) }), 'copy', { ...KEPT, rate: '10', frames: 146, tail: 1, beeps: EVERY_SECOND });
row('varying rate in pyramids that is cut', () => chosen('if(lt(mod(t,2),1),not(mod(n,3)),1)', { rate: 10, seconds: 19, extension: '.mkv', video: x264(...B16) }), 'copy', { ...KEPT, rate: '10', frames: 107, tail: 4, beeps: EVERY_SECOND });
row('1 picture', () => made({ seconds: 0.04, audio: null }), 'copy+silence', { frames: 1 });
row('2 pictures', () => made({ seconds: 0.08, audio: null }), 'copy+silence', { frames: 2 });
row('begin at 0', () => made(), 'copy', { flags: ['--start', '0'] });
row('begin at 1.2 s', () => made({ seconds: 4, video: x264('keyint=50', 'min-keyint=50', 'scenecut=0') }), START, { flags: ['--start', '1.2'], frames: 70, from: 50, beeps: [0.3, 1.3, 2.3] });
row('encoding forced', () => made(), 'encode', { flags: ['--force-encode'] });

row('AAC of 44.1 kHz', () => made({ sound: { hz: 44100 } }), 'copy');
row('AAC of 22.05 kHz', () => made({ sound: { hz: 22050 } }), 'copy+sound');
row('AAC of 32 kHz', () => made({ sound: { hz: 32000 } }), 'copy+sound');
row('AAC of 96 kHz', () => made({ sound: { hz: 96000 } }), 'copy+sound');
row('AAC, mono', () => made({ sound: { layout: 'mono' } }), 'copy');
row('AAC, 5.1', () => made({ sound: { layout: '5.1' } }), 'copy+sound');
row('HE-AAC by its header', () => changed(made({ sound: { hz: 24000 } }), '.mp4', (data) => {
    const at = data.indexOf(Buffer.from([0x56, 0xe5, 0x00]));
    return at > 0 && data.writeUInt8(0x80 | (3 << 3), at + 2);
}), 'copy+sound', { slack: 0.01 });
row('MP3', () => made({ audio: ['-c:a', 'libmp3lame'] }), 'copy+sound');
row('Opus', () => made({ audio: ['-c:a', 'libopus'] }), 'copy+sound');
row('AC-3', () => made({ audio: ['-c:a', 'ac3'] }), 'copy+sound');
row('PCM in MOV', () => made({ extension: '.mov', audio: ['-c:a', 'pcm_s16le'] }), 'copy+sound');
row('FLAC in Matroska', () => made({ extension: '.mkv', audio: ['-c:a', 'flac'] }), 'copy+sound');
row('no sound', () => made({ audio: null }), 'copy+silence');
row('sound that ends early', () => ffmpeg('.mp4', [...moving(2), ...beeps(1), ...x264(), ...AAC]), 'copy', { beeps: [0.5] });
row('sound that ends late', () => ffmpeg('.mp4', [...moving(1), ...beeps(2), ...x264(), ...AAC]), 'copy', { frames: 25, beeps: [0.5] });
row('sound from 0.3 s on', async () => ffmpeg('.mp4', ['-i', await made(), '-itsoffset', '0.3', '-i', await made(), '-map', '0:v', '-map', '1:a', '-c', 'copy']), 'copy', { beeps: [0.8, 1.8] });
row('two sound tracks', () => ffmpeg('.mp4', [...moving(2), ...beeps(2), ...beeps(2, { layout: 'mono' }), '-map', '0', '-map', '1', '-map', '2', ...x264(), ...AAC]), 'copy');

row('Matroska', () => made({ extension: '.mkv' }), 'copy');
row('Matroska of 29.97 pictures a second', () => made({ extension: '.mkv', rate: '30000/1001' }), 'copy', { rate: '30000/1001', frames: 60 });
row('MOV', () => made({ extension: '.mov' }), 'copy');
row('M4V', () => made({ extension: '.m4v' }), 'copy');
row('3GP', () => made({ extension: '.3gp' }), 'copy');
row('MP4, index first', () => made({ more: ['-movflags', 'faststart'] }), 'copy');
row('MP4 in fragments', () => made({ more: ['-movflags', 'frag_keyframe+empty_moov'] }), 'copy', { slack: 0.1 });
row('MP4 in fragments of 0.1 s', () => made({ more: ['-movflags', 'empty_moov+default_base_moof', '-frag_duration', '100000'] }), 'copy', { slack: 0.1 });
row('a time code track', () => made({ more: ['-timecode', '01:00:00:00'] }), 'copy');
row('HEVC', () => made({ seconds: 1, video: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-tag:v', 'hvc1'] }), 'encode', { reason: /H\.264/, frames: 25, beeps: [0.5] });
row('MPEG-4', () => made({ seconds: 1, video: ['-c:v', 'mpeg4'] }), 'encode', { reason: /H\.264/, frames: 25, beeps: [0.5] });

// Indexes that no muxer writes. 2 s of 25 pictures a second: ticks of 1/12800 s, 1/1000 in the movie.
const indexed = async (make, change, extension = '.mp4') => bytes(extension, edited(readFileSync(await make), change));
const plainB = () => made({ video: x264('bframes=2', 'b-adapt=0', 'b-pyramid=none', 'keyint=25', 'scenecut=0') });
const twoDescriptions = (same) => indexed(plainB(), (top, { picture }) => {
    const stsd = table(picture, 'stsd'), entry = Buffer.from(stsd.body.subarray(8));
    if (!same) entry[entry.indexOf('avcC', 0, 'latin1') + 4 + 3] = 31; /* another level */
    stsd.body = Buffer.concat([stsd.body, entry]);
    stsd.body.writeUInt32BE(2, 4);
    const stsc = table(picture, 'stsc'), each = stsc.body.readUInt32BE(12);
    assert.ok(table(picture, 'stco').body.readUInt32BE(4) > 1 && stsc.body.readUInt32BE(4) === 1, 'several chunks of one size');
    stsc.body = Buffer.alloc(8 + 24);
    [0, 2, 1, each, 1, 2, each, 2].forEach((n, i) => stsc.body.writeUInt32BE(n, 4 * i));
});
row('two sample descriptions', () => twoDescriptions(false), 'encode', { reason: /header|description/ });
row('two sample descriptions that are the same', () => twoDescriptions(true), 'encode', { reason: /header|description/ });
row('a second sample description that nothing uses', () => indexed(plainB(), (top, { picture }) => {
    const stsd = table(picture, 'stsd');
    stsd.body = Buffer.concat([stsd.body, stsd.body.subarray(8)]);
    stsd.body.writeUInt32BE(2, 4);
}), 'encode', { reason: /header|description/ });
row('a last picture that stands for a second', () => indexed(plainB(), (top, { picture }) => {
    const stts = table(picture, 'stts'), body = Buffer.alloc(8 + 16);
    body.writeUInt32BE(2, 4);
    [49, 512, 1, 12800].forEach((n, i) => body.writeUInt32BE(n, 8 + 4 * i));
    assert.equal(stts.body.readUInt32BE(8), 50);
    stts.body = body;
}), 'copy');
row('lengths of movie and tracks that are wrong', () => indexed(plainB(), (top, { picture, sound: s }) => {
    box(top, 'moov/mvhd').body.writeUInt32BE(77000, 16);
    for (const t of [picture, s]) {
        box(t.boxes, 'tkhd').body.writeUInt32BE(55000, 20);
        box(t.boxes, 'mdia/mdhd').body.writeUInt32BE(9000, 16);
    }
}), 'copy');
row('an edit list that ends the picture after 1 s', () => indexed(plainB(), (top, { picture }) => setEdits(picture, [[1000, 512]])), 'encode', { reason: /edit|missing/, frames: null, rate: null, beeps: null });
row('an edit list of two parts', () => indexed(plainB(), (top, { picture }) => setEdits(picture, [[1000, 512], [400, 512 + 12800 * 1.2]])), 'encode', { reason: /edit|rate|missing/, frames: null, rate: null, beeps: null });
row('an edit list that repeats', () => indexed(plainB(), (top, { picture }) => setEdits(picture, [[1000, 512], [1000, 512]])), 'encode', { reason: /edit|rate|missing|time/, frames: null, rate: null, beeps: null });
row('an edit list of double speed, which decoders do not heed', () => indexed(plainB(), (top, { picture }) => setEdits(picture, [[2000, 512, 2]])), 'copy');
row('an edit list that skips 0.5 s of the sound', () => indexed(plainB(), (top, { sound: s }) => setEdits(s, [[1500, 1024 + 24000]])), 'copy', { beeps: [0, 1] });
row('nothing for 0.3 s before the sound', () => indexed(plainB(), (top, { sound: s }) => setEdits(s, [[300, -1], [2000, 1024]])), 'copy', { beeps: [0.8, 1.8] });
row('nothing for 0.3 s before the picture', () => indexed(plainB(), (top, { picture }) => setEdits(picture, [[300, -1], [2000, 512]])), 'copy', { beeps: [0.2, 1.2] });
const matrix = (numbers) => indexed(plainB(), (top, { picture }) => {
    const head = box(picture.boxes, 'tkhd').body;
    numbers.forEach((n, i) => head.writeInt32BE(n * 0x10000, 40 + 4 * i));
});
row('a matrix that mirrors', () => matrix([-1, 0, 0, 0, 1, 0, 320]), 'encode', { reason: /is mirrored/ });
row('a matrix that stretches', () => matrix([2, 0, 0, 0, 1]), 'copy');
row('a pixel shape that the container says and the headers do not', () => indexed(plainB(), (top, { picture }) => {
    const stsd = table(picture, 'stsd').body, at = stsd.indexOf('pasp', 0, 'latin1');
    assert.ok(at > 0);
    stsd.writeUInt32BE(4, at + 4);
    stsd.writeUInt32BE(3, at + 8);
}), 'encode', { reason: /pixel|16:9/, width: null });
row('a pixel shape that the pictures alone say', () => indexed(made({ more: ['-bsf:v', 'h264_metadata=sample_aspect_ratio=4/3'] }), () => {}), 'encode', { reason: /pixel|16:9/, width: null });
row('pictures cut on the left', () => made({ size: '336x180', more: ['-bsf:v', 'h264_metadata=crop_left=16:crop_right=0'] }), 'encode', { reason: /headers|size/, width: 320 });
row('a track of sound that is switched off', () => indexed(plainB(), (top, { sound: s }) => box(s.boxes, 'tkhd').body.writeUInt8(0, 3)), 'copy');
row('a track of pictures that is switched off', () => indexed(plainB(), (top, { picture }) => box(picture.boxes, 'tkhd').body.writeUInt8(0, 3)), 'encode', { reason: /off/ });
row('packets beyond the end of the file', () => indexed(plainB(), (top, { picture }) => {
    const stco = table(picture, 'stco').body, n = stco.readUInt32BE(4);
    stco.writeUInt32BE(0x7fff0000, 8 + 4 * (n - 1));
}), 'encode', { reason: /cut|outside|missing/, frames: null, beeps: null });
row('pictures that lie in the file in another order', async () => {
    const file = readFileSync(await made({ audio: null, video: x264('bframes=2') }));
    return indexed(await bytes('.mp4', file), (top, { picture }) => {
        const list = places(picture), stbl = box(picture.boxes, 'mdia/minf/stbl'), data = box(top, 'mdat');
        const from = list[0].at, all = data.body;
        const order = list.map((p, i) => [p, i]).reverse(), moved = [];
        let at = from;
        const parts = order.map(([p, i]) => {
            moved[i] = at;
            at += p.bytes;
            return all.subarray(p.at - from, p.at - from + p.bytes);
        });
        assert.equal(at - from, all.length);
        data.body = Buffer.concat(parts);
        const stco = Buffer.alloc(8 + 4 * list.length), stsc = Buffer.alloc(8 + 12);
        stco.writeUInt32BE(list.length, 4);
        moved.forEach((to, i) => stco.writeUInt32BE(to, 8 + 4 * i));
        [0, 1, 1, 1, 1].forEach((n, i) => stsc.writeUInt32BE(n, 4 * i));
        box(stbl.boxes, 'stco').body = stco;
        box(stbl.boxes, 'stsc').body = stsc;
    });
}, 'copy+silence');
row('3 MB of nothing before the media', () => indexed(plainB(), (top, { picture, sound: s }) => {
    const more = 3 << 20;
    top.splice(1, 0, { type: 'free', body: Buffer.alloc(more - 8) });
    for (const t of [picture, s]) {
        const stco = table(t, 'stco').body;
        for (let i = 0; i < stco.readUInt32BE(4); i++) stco.writeUInt32BE(stco.readUInt32BE(8 + 4 * i) + more, 8 + 4 * i);
    }
}), 'copy');
row('5 GiB of media, most of it a hole', async () => {
    const top = parse(readFileSync(await ffmpeg('.mp4', [...moving(1200, { rate: 5 }), ...X264, '-preset', 'ultrafast', '-g', '20'])));
    const mdat = top.findIndex((b) => b.type === 'mdat'), ahead = write(top.slice(0, mdat)), hole = 5 * 2 ** 30;
    const stbl = box(box(top, 'moov').boxes, 'trak/mdia/minf/stbl'), chunks = box(stbl.boxes, 'stco'), n = chunks.body.readUInt32BE(4);
    const wide = Buffer.alloc(8 + 8 * n), head = Buffer.alloc(16);
    wide.writeUInt32BE(n, 4);
    for (let i = 0; i < n; i++) wide.writeBigUInt64BE(BigInt(chunks.body.readUInt32BE(8 + 4 * i) + hole + 8), 8 + 8 * i);
    Object.assign(chunks, { type: 'co64', body: wide });
    head.writeUInt32BE(1);
    head.write('mdat', 4);
    head.writeBigUInt64BE(BigInt(16 + hole + top[mdat].body.length), 8);
    const file = join(large, 'hole.mp4'), fd = openSync(file, 'w'), data = ahead.length + 16 + hole;
    writeSync(fd, Buffer.concat([ahead, head]), 0, ahead.length + 16, 0);
    const rest = Buffer.concat([top[mdat].body, write(top.slice(mdat + 1))]);
    writeSync(fd, rest, 0, rest.length, data);
    closeSync(fd);
    return file;
}, 'copy+silence', { rate: '5', frames: 80, fewer: 2 });
const dropped = (n, ...params) => made({ seconds: 2.04, video: x264('bframes=0', 'keyint=60', 'scenecut=0', ...params) }).then((file) =>
    ffmpeg('.mp4', ['-i', file, '-c', 'copy', '-bsf:v', `noise=amount=999999999:drop='eq(n,${n})',setts=ts=N*512`]));
row('a reference that is missing, and times as if nothing were', () => dropped(10), 'encode', { reason: /missing/, frames: 50 });
row('a reference that is missing near the end', () => dropped(45, 'ref=4'), 'encode', { reason: /missing/, frames: 50 });
row('no IDR picture within what a reel has of a clip', () => made({ seconds: 19, video: x264('open-gop=1', 'keyint=20', 'min-keyint=20', 'bframes=3', 'b-adapt=0', 'scenecut=0'), more: ['-force_key_frames', '18', '-forced-idr', '1'] }).then((file) =>
    ffmpeg('.mkv', ['-ss', '0.9', '-i', file, '-c', 'copy'])), 'encode', { frames: 400, beeps: null, reason: /^no key picture that stands alone comes within/ });
row('times that begin at 5 s', () => repacked(plainB(), '.mkv', '-output_ts_offset', '5'), 'copy');
row('picture structures told', () => made({ video: x264('pic-struct=1') }), 'copy');
row('pictures said to be shown twice', () => made({ video: x264('pulldown=double', 'pic-struct=1') }), 'copy', {frames: null, rate: null, beeps: null});
row('a beginning that is richer than its clip', () => ffmpeg('.mp4', ['-f', 'lavfi', '-t', '2', '-i', 'testsrc2=size=320x180:rate=25,noise=alls=60:allf=t', '-f', 'lavfi', '-t', '40', '-i', 'color=black:size=320x180:rate=25',
    '-filter_complex', '[0]loop=loop=7:size=50,setpts=N/25/TB[a];[a][1]concat=n=2', ...x264('keyint=25'), '-crf', '18']), 'encode', { flags: ['--max-width', '320', '--max-height', '180'], reason: /bit rate/, frames: 400, beeps: null });

// -- the checks --------------------------------------------------------------------------------

const number = (rate) => rate.split('/').map(Number).reduce((n, d) => n / d);

// The clip's first pictures as packets: those of its track that come to the body.
function assertCopied(clip, body, from) {
    const hashes = (list) => list.map((p) => p.data_hash);
    const theirs = hashes(clip.packets);
    assert.deepEqual(hashes(body), theirs.slice(from, from + body.length), 'the body is the packets of the clip');
    if (from + body.length < theirs.length) { /* what is kept is shown before what is not */
        const last = Math.max(...clip.packets.slice(from, from + body.length).map((p) => p.pts));
        assert.ok(clip.packets.slice(from + body.length).every((p) => p.pts > last), 'the cut leaves no hole');
    }
}

// Each picture of the body is shown as long after the first as it is in the clip.
function assertKept(ours, theirs, first) {
    ours.forEach((s, i) => assert.ok(Math.abs(s - ours[0] - (theirs[first + i] - theirs[first])) < 1e-5, `picture ${i} is shown at ${s - ours[0]} s, in the clip at ${theirs[first + i] - theirs[first]} s`));
}

// How many of the clip's sound packets follow each other in the reel as they do in the clip. Where
// silence is, all packets are alike, so the place is told by those that are there once.
function copiedSound(clip, reel) {
    const theirs = clip.packets.map((p) => p.data_hash), ours = reel.packets.map((p) => p.data_hash);
    const once = (list, h) => list.indexOf(h) === list.lastIndexOf(h) && list.includes(h);
    const anchor = theirs.findIndex((h) => once(theirs, h) && once(ours, h));
    if (anchor < 0) return 0;
    const shift = ours.indexOf(theirs[anchor]) - anchor;
    let longest = 0;
    theirs.reduce((n, h, i) => {
        const now = ours[i + shift] === h ? n + 1 : 0;
        longest = Math.max(longest, now);
        return now;
    }, 0);
    return longest;
}

async function check(make, path, facts) {
    const file = await make(), dir = folder(null);
    try {
        await checkIn(dir, file, path, facts);
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
}

async function checkIn(dir, file, path, { flags = [], reason, rate = '25', frames, fewer = 0, tail = 0, width, height, pixel = '1:1', beeps: heard = [0.5, 1.5], from = 0, head, reformed = false, slack = 0, varies = false }) {
    const said = await probe(file, flags);
    const report = await render(dir, file, flags);
    const wanted = path.split('+');
    assert.equal(report.path, wanted[0], report.reason);
    assert.deepEqual([said.path, said.reason], [report.path, report.reason], 'probe says the same');
    assert.ok(report.reason.length > 10, report.reason);
    if (reason) assert.match(report.reason, reason);
    assert.ok(!report.remade, 'the receipt was good at once');

    const reel = await packets(report.reel);
    const { video, audio } = reel;
    assert.deepEqual([reel.streams.length, video.codec_tag_string, video.pix_fmt.replace('yuvj', 'yuv'), audio.codec_name, audio.profile],
        [2, 'avc1', 'yuv420p', 'aac', 'LC']);
    assert.equal(video.sample_aspect_ratio ?? '1:1', pixel);
    const aspect = (video.width * number(pixel.replace(':', '/'))) / video.height, exact = Math.abs(aspect - 16 / 9) <= 1 / video.height;
    assert.ok(exact || (report.path === 'copy' && Math.abs((aspect * 9) / 16 - 1) <= 0.01), `${video.width}x${video.height} of pixels ${pixel} is 16:9`);
    const { shape } = report.receipt;
    assert.deepEqual([shape.width, shape.height, shape.sample_aspect.replace('/', ':'), Math.abs(shape.aspect - aspect) < 1e-4], [video.width, video.height, pixel, true]);
    if (width) assert.equal(video.width, width);
    if (height) assert.equal(video.height, height);

    const fps = number(rate ?? (varies ? report.out.video.fps : video.r_frame_rate)), bumper = Math.round(BUMPER_S * fps);
    assert.equal(report.out.video.variable_rate, varies, 'the report says whether the rate varies');
    if (!varies) assert.ok(Math.abs(number(video.avg_frame_rate) / fps - 1) < 1e-4, `${video.avg_frame_rate} pictures a second`);
    const body = video.packets.length - 2 * bumper, most = frames ?? (frames === null ? null : Math.round(SECONDS * fps));
    if (most !== null) assert.ok(body <= most && body >= most - fewer, `the body has ${body} pictures of ${most}`);
    const at = times(video), seconds = at[bumper + body] - at[bumper];
    assert.ok(seconds <= BODY_S + 1e-6, `the body lasts ${seconds} s`);
    assertTimes(video, fps, varies && { bumper, body });
    const shown = await pictures(report.reel);
    assert.equal(shown.length, video.packets.length, 'every packet is a picture');
    assert.deepEqual(shown.slice(-bumper), shown.slice(0, bumper), 'both ends show the same');
    assert.notEqual(shown[bumper], shown[bumper - 1], 'the first seam is where it should be');
    assert.notEqual(shown[bumper + body - 1], shown[bumper + body], 'and so is the second');

    let encoded = 0;
    if (report.path === 'copy') {
        const clip = await packets(file);
        encoded = head ?? Math.max(from && most - (clip.video.packets.length - from), 0);
        if (!reformed) assertCopied(clip.video, video.packets.slice(bumper + encoded, bumper + body - tail), from);
        const theirs = await pictures(file, { most: from + body, quiet: true });
        assert.deepEqual(shown.slice(bumper + encoded, bumper + body - tail), theirs.slice(from, from + body - tail - encoded), 'and shows its pictures');
        assert.equal(/its end is encoded/.test(report.reason), tail > 0, report.reason);
        if (tail) assert.ok(!theirs.includes(shown[bumper + body - 1]), 'the last picture was encoded');
        if (varies) assertKept(at.slice(bumper, bumper + body), times(clip.video), from - encoded);
        assertSound(wanted[1], clip.audio, audio, seconds);
    }
    const picture = seconds + (2 * bumper) / fps, sound = Number(audio.duration);
    assert.ok(Math.abs(picture - sound) <= 0.03, `the sound lasts ${sound} s, the picture ${picture} s`);
    if (heard === null) return;
    const found = await onsets(report.reel);
    if (report.path === 'copy' && wanted[1] !== 'silence') await assertSync(file, found, { from, encoded, fps, bumper, body, seconds });
    const expected = wanted[1] === 'silence' ? [] : heard.filter((s) => s < seconds).map((s) => bumper / fps + s);
    assert.equal(found.length, expected.length, `sound at ${found}, not ${expected}`);
    expected.forEach((s, i) => assert.ok(Math.abs(found[i] - s) <= SYNC_S + slack, `sound ${found[i] - s} s late at ${s} s`));
}

// Sound is heard as long after the body's first picture as in the clip, by what decoders make of both.
async function assertSync(file, found, { from, encoded, fps, bumper, body, seconds }) {
    const { video } = await packets(file), [num, den] = video.time_base.split('/').map(Number);
    const first = encoded ? times(video)[from - encoded] : (Math.min(...video.packets.slice(from, from + body).map((p) => p.pts)) * num) / den;
    const theirs = (await onsets(file, { clip: true })).map((s) => s - first).filter((s) => s > -SYNC_S && s < seconds - SYNC_S);
    const ours = found.map((s) => s - bumper / fps);
    assert.equal(ours.length, theirs.length, `sound at ${ours}, in the clip at ${theirs}`);
    ours.forEach((s, i) => assert.ok(Math.abs(s - theirs[i]) <= SYNC_S, `sound at ${ours}, in the clip at ${theirs}`));
}

function assertSound(how, clip, reel, seconds) {
    if (how === 'silence') {
        assert.equal(clip, undefined);
        return;
    }
    const same = copiedSound(clip, reel);
    if (how === 'sound') {
        assert.ok(same < 4, `${same} packets of sound are the clip's`);
        return;
    }
    const length = 1024 / Number(clip.sample_rate);
    const all = Math.min(clip.packets.filter((p) => !p.flags.includes('D')).length, Math.floor(seconds / length));
    assert.ok(same >= all - 3, `${same} of ${all} packets of sound are the clip's`);
    assert.deepEqual([reel.sample_rate, reel.channels], [clip.sample_rate, clip.channels]);
}

assert.ok(rows.length >= 60, `${rows.length} rows`);
describe('the path that a clip takes', { concurrency: 3 }, () => {
    for (const [name, make, path, facts] of rows) it(`${path}: ${name}`, () => check(make, path, facts));
});

// Nothing follows the last picture then that says how long it is shown.
test('without logo parts a copy at a varying rate lasts as long as it says', async (t) => {
    const dir = folder(t), uneven = ['-vf', "select='not(eq(mod(n,7),3))*not(between(mod(n,97),40,52))'", '-fps_mode', 'vfr'];
    for (const seconds of [2, 22]) {
        const file = await made({ seconds, rate: 30, video: x264('keyint=50'), more: uneven });
        const said = await probe(file, ['--bumper', '0s']), report = await render(dir, file, ['--bumper', '0s']);
        assert.deepEqual([report.path, report.remade, report.out.video.variable_rate], ['copy', false, true], report.reason);
        assert.deepEqual([said.path, said.reason], [report.path, report.reason]);
        const { video, audio } = await packets(report.reel), end = times(video).at(-1);
        assert.ok(end <= 20 && end > Math.min(seconds, 20) - 0.2, `${end} s`);
        assert.ok(Math.abs(end - report.body_seconds) < 0.001 && Math.abs(end - Number(audio.duration)) < 0.03, `${end} s, ${audio.duration} s of sound`);
    }
});

test('a reel whose part has no key picture but its first is no copy', async (t) => {
    const file = await made({ seconds: 6, video: x264('bframes=0', 'keyint=100', 'scenecut=0') }), flags = ['--start', '1', '--longest', '7s'];
    const said = await probe(file, flags), report = await render(folder(t), file, flags);
    assert.deepEqual([said.path, said.reason], [report.path, report.reason]);
    assert.equal(report.path, 'encode', 'the key picture at 4 s is the first that does not fit');
    assert.match(report.reason, /^no key picture comes within the reel's part/);
});

const realClips = { 'video_test_1_480_270.mp4': 'copy', 'video_test_2_950_540.mp4': 'copy', 'video_test_5_640_480.mp4': 'encode' };
const there = Object.keys(realClips).filter((name) => real(name));
if (there.length)
    test('the path that real clips take', async (t) => {
        const took = {};
        for (const name of there) {
            const { path, reason } = await probe(real(name), []);
            took[name] = path;
            t.diagnostic(`${path}: ${name}: ${reason}`);
        }
        assert.deepEqual(took, Object.fromEntries(there.map((name) => [name, realClips[name]])));
        const copied = Object.values(took).filter((path) => path === 'copy').length;
        t.diagnostic(`${copied} of ${there.length} copied`);
    });
