// H.264 in landscape as people have it: kinds of clips that cameras, phones, recorders and editors make,
// each tiny, with the path that it takes. What is not copied stays so for a reason that is named.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { box, edited, places, table } from './boxes.mjs';
import { AAC, bytes, ffmpeg } from './clips.mjs';

// 0.1 s of sound at the half of each second, so that its place can be measured.
const beeps = (seconds, { hz = 48000, layout = 'stereo' } = {}) =>
    ['-f', 'lavfi', '-t', String(seconds), '-i', `aevalsrc='if(between(mod(t,1),0.5,0.6),0.5*sin(1000*2*PI*t),0)':s=${hz},aformat=channel_layouts=${layout}`];
const moving = (seconds, { size = '320x180', rate = 25 } = {}) => ['-f', 'lavfi', '-t', String(seconds), '-i', `testsrc2=size=${size}:rate=${rate}`];
const x264 = (...params) => ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-threads', '1', '-preset', 'veryfast', '-x264-params', ['bframes=2', 'b-adapt=0', 'keyint=25', 'scenecut=0', ...params].join(':')];
const AC3 = ['-c:a', 'ac3'], MP3 = ['-c:a', 'libmp3lame'], PCM = ['-c:a', 'pcm_s16le'];
const made = ({ seconds = 2, extension = '.mp4', video = x264(), audio = AAC, sound = {}, more = [], ...shape } = {}) =>
    ffmpeg(extension, [...moving(seconds, shape), ...(audio ? beeps(seconds, sound) : []), ...video, ...(audio ?? []), ...more]);
const large = (size, more = []) => made({ size, seconds: 0.4, video: [...x264(), '-preset', 'ultrafast'], more });
const indexed = async (make, change) => bytes('.mp4', edited(readFileSync(await make), change));
// Only the pictures that `select` chooses, each at its time.
const varying = (extension, select, more = []) => made({ rate: 30, extension, more: ['-vf', `select='${select}'`, '-fps_mode', 'passthrough', '-enc_time_base', '-1', ...more] });
const repacked = async (make, extension, ...more) => ffmpeg(extension, ['-i', await make, '-map', '0', '-c', 'copy', ...more]);
const boxed = (make, width, height) => indexed(make, (top, { picture }) => {
    const stsd = table(picture, 'stsd').body, at = stsd.indexOf('avc1', 0, 'latin1') + 4, head = box(picture.boxes, 'tkhd').body;
    stsd.writeUInt16BE(width, at + 24);
    stsd.writeUInt16BE(height, at + 26);
    head.writeUInt32BE(width * 0x10000, head.length - 8);
    head.writeUInt32BE(height * 0x10000, head.length - 4);
});
async function lengthsOfTwo() {
    const file = readFileSync(await made());
    let list;
    edited(file, (top, { picture }) => (list = places(picture)));
    for (const { at, bytes: size } of list)
        for (let i = at; i < at + size;) {
            const n = file.readUInt32BE(i);
            file.copyWithin(i + 2, i + 4, i + 4 + n);
            file.writeUInt16BE(n + 2, i);
            file.fill(0, i + 2 + n, i + 4 + n); /* trailing zeros */
            i += 4 + n;
        }
    return indexed(await bytes('.mp4', file), (top, { picture }) => {
        const stsd = table(picture, 'stsd').body;
        stsd[stsd.indexOf('avcC', 0, 'latin1') + 4 + 4] = 0xfc | 1;
    });
}
// Pictures of which the first n are not in the file, as of a stream that somebody tunes into. The IDR
// picture that is forced at 1.2 s is the second, key pictures in between are open to what lies before them.
const OPEN = x264('open-gop=1', 'keyint=20', 'min-keyint=20', 'bframes=3');
const IDR = ['-force_key_frames', '1.2', '-forced-idr', '1'];
const without = (n, make, extension) => repacked(make, extension, '-bsf:v', `noise=drop='lt(n,${n})'`);
const cut = async (from, make, extension) => ffmpeg(extension, ['-ss', String(from), '-i', await make, '-map', '0', '-c', 'copy']);
async function named(make, tag) {
    const data = readFileSync(await make), at = data.lastIndexOf('avc1');
    assert.ok(at > 64 && data.write(tag, at));
    return bytes('.mp4', data);
}

const copy = 'copy', encode = 'encode';
// [name, path, clip, how many of its first pictures are encoded although it is copied: from its first
// whole picture up to an IDR picture]
export const kinds = [
    // containers
    ['MP4', copy, () => made()],
    ['MP4, index first', copy, () => made({ more: ['-movflags', 'faststart'] })],
    ['MP4 in fragments', copy, () => made({ more: ['-movflags', 'frag_keyframe+empty_moov'] })],
    ['MOV of an editor, PCM', copy, () => made({ extension: '.mov', audio: PCM })],
    ['M4V', copy, () => made({ extension: '.m4v' })],
    ['3GP', copy, () => made({ extension: '.3gp' })],
    ['Matroska', copy, () => made({ extension: '.mkv' })],
    ['Matroska, Opus', copy, () => made({ extension: '.mkv', audio: ['-c:a', 'libopus'] })],
    ['MPEG-TS', copy, () => made({ extension: '.ts' })],
    ['MPEG-TS of 29.97', copy, () => made({ extension: '.ts', rate: '30000/1001' })],
    ['MPEG-TS of 59.94', copy, () => made({ extension: '.ts', rate: '60000/1001', seconds: 1 })],
    ['MPEG-TS, a deep pyramid', copy, () => made({ extension: '.ts', video: x264('bframes=6', 'b-pyramid=normal', 'ref=6') })],
    ['MPEG-TS, AC-3', copy, () => made({ extension: '.ts', audio: AC3 })],
    ['MPEG-TS, MP2', copy, () => made({ extension: '.ts', audio: ['-c:a', 'mp2'] })],
    ['MPEG-TS, mono of 44.1 kHz', copy, () => made({ extension: '.ts', sound: { hz: 44100, layout: 'mono' } })],
    ['MPEG-TS without sound', copy, () => made({ extension: '.ts', audio: null })],
    ['MPEG-TS whose time wraps', copy, () => made({ extension: '.ts', more: ['-output_ts_offset', '95442.4'] })],
    ['M2TS of a camcorder', copy, () => made({ extension: '.m2ts', audio: AC3, video: x264('aud=1', 'nal-hrd=vbr', 'vbv-maxrate=900', 'vbv-bufsize=900', 'pic-struct=1') })],
    ['FLV', copy, () => made({ extension: '.flv', sound: { hz: 44100 } })],
    ['FLV of 29.97, MP3', copy, () => made({ extension: '.flv', rate: '30000/1001', audio: MP3, sound: { hz: 44100 } })],
    ['AVI of an action camera, PCM', copy, () => made({ extension: '.avi', audio: PCM, video: x264('bframes=0', 'cabac=0', '8x8dct=0') })],
    ['AVI with B pictures, MP3', copy, () => made({ extension: '.avi', audio: MP3 })],
    ['AVI with a deep pyramid', copy, () => made({ extension: '.avi', audio: MP3, video: x264('bframes=6', 'b-pyramid=normal', 'ref=6') })],
    ['headers in band too, MP4 made from a transport stream', copy, () => repacked(made({ extension: '.ts' }), '.mp4', '-bsf:a', 'aac_adtstoasc')],
    ['headers in band too, Matroska made from a transport stream', copy, () => repacked(made({ extension: '.ts' }), '.mkv', '-bsf:a', 'aac_adtstoasc')],
    ['headers of tag avc3', copy, () => named(made(), 'avc3')],
    ['lengths of 2 bytes', copy, lengthsOfTwo],
    ['delimiters and filling', copy, () => made({ video: x264('aud=1', 'filler=1', 'nal-hrd=cbr', 'bitrate=300', 'vbv-maxrate=300', 'vbv-bufsize=300') })],
    // sizes and pixels
    ['848x480', copy, () => made({ size: '848x480', seconds: 1 })],
    ['848x480 that its box calls 854x480', copy, () => boxed(made({ size: '848x480', seconds: 1 }), 854, 480)],
    ['854x480', copy, () => made({ size: '854x480', seconds: 1 })],
    ['426x240', copy, () => made({ size: '426x240' })],
    ['428x240 that its box calls 427x240', copy, () => boxed(made({ size: '428x240' }), 427, 240)],
    ['800x640, pixels of 64:45', copy, () => made({ size: '800x640', seconds: 1, more: ['-vf', 'setsar=64/45'] })],
    ['960x540, pixels of 1281:1280', copy, () => made({ size: '960x540', seconds: 1, more: ['-vf', 'setsar=1281/1280:max=4000'] })],
    ['1366x768', copy, () => large('1366x768')],
    ['1440x1080, pixels of 4:3', copy, () => large('1440x1080', ['-vf', 'setsar=4/3'])],
    ['1916x1078', copy, () => large('1916x1078')],
    ['1920x1080', copy, () => large('1920x1080')],
    ['1920x1088', copy, () => large('1920x1088')],
    ['M2TS, 1440x1080, pixels of 4:3', copy, () => made({ size: '1440x1080', seconds: 0.4, extension: '.m2ts', audio: AC3, more: ['-vf', 'setsar=4/3'] })],
    ['MPEG-TS, 848x480', copy, () => made({ size: '848x480', seconds: 1, extension: '.ts' })],
    // rates
    ['23.976 pictures a second', copy, () => made({ rate: '24000/1001' })],
    ['29.97 pictures a second', copy, () => made({ rate: '30000/1001' })],
    ['50 pictures a second', copy, () => made({ rate: 50, seconds: 1 })],
    ['59.94 pictures a second', copy, () => made({ rate: '60000/1001', seconds: 1 })],
    ['varying rate of a phone', copy, () => varying('.mp4', 'if(lt(t,1),not(mod(n,3)),1)')],
    ['varying rate of a screen recorder', copy, () => varying('.mkv', 'not(mod(n,7))+between(t,0.5,1.2)')],
    ['varying rate in fragments', copy, () => varying('.mp4', 'if(lt(t,1),1,not(mod(n,2)))', ['-movflags', 'frag_keyframe+empty_moov'])],
    // sound
    ['MP3 in MP4', copy, () => made({ audio: MP3 })],
    ['5.1', copy, () => made({ sound: { layout: '5.1' } })],
    ['no sound', copy, () => made({ audio: null })],
    // beginnings
    ['MPEG-TS that begins on a recovery point', copy, () => without(20, made({ extension: '.ts', video: OPEN, more: IDR }), '.ts'), 7],
    ['MPEG-TS that begins inside a group', copy, () => without(10, made({ extension: '.ts', video: OPEN, more: IDR }), '.ts'), 10],
    ['MPEG-TS that begins inside a closed group', copy, () => without(10, made({ extension: '.ts', video: x264('keyint=30', 'min-keyint=30') }), '.ts'), 0],
    ['MPEG-TS that begins within intra refresh', copy, () => without(4, made({ extension: '.ts', video: x264('intra-refresh=1', 'keyint=15', 'bframes=0'), more: IDR }), '.ts'), 1],
    ['FLV that begins on a recovery point', copy, () => without(20, made({ extension: '.flv', video: OPEN, more: IDR, sound: { hz: 44100 } }), '.flv'), 7],
    ['Matroska cut where a group is open', copy, () => cut(0.85, made({ video: OPEN, more: IDR }), '.mkv'), 10],
    ['MP4 cut where a group is open', copy, () => cut(0.85, made({ video: OPEN, more: IDR }), '.mp4'), 8],
    ['Matroska cut where a group is open, without sound', copy, () => cut(0.85, made({ video: OPEN, more: IDR, audio: null }), '.mkv'), 10],
    ['MP4 trimmed by an edit list', copy, () => cut(0.7, made({ seconds: 3, video: x264('keyint=50') }), '.mp4'), 32],
    // what stays encoded
    ['MPEG-TS within intra refresh for ever', encode, () => without(4, made({ extension: '.ts', video: x264('intra-refresh=1', 'keyint=15', 'bframes=0') }), '.ts')],
    ['turned by 180 degrees', encode, () => repacked(made(), '.mp4', '-metadata:s:v', 'rotate=180')],
    ['10-bit', encode, () => made({ video: [...x264(), '-pix_fmt', 'yuv420p10le'] })],
    ['High 4:2:2', encode, () => made({ video: [...x264(), '-pix_fmt', 'yuv422p'] })],
    ['M2TS, interlaced', encode, () => made({ size: '640x360', extension: '.m2ts', audio: AC3, video: x264('tff=1') })],
    ['120 pictures a second', encode, () => made({ rate: 120, seconds: 1 })],
];
