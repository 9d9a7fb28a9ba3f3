// Clips for the tests, made by the ffmpeg program and kept under a hash of how they are made, so
// that each is made once for all files of a run; and what ffprobe says about a reel.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readSync, closeSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { root } from './reelgate.mjs';

const exec = promisify(execFile);
const cache = join(tmpdir(), `reelgate-test-clips-${userInfo().uid}`);
mkdirSync(cache, { recursive: true, mode: 0o700 });

const videos = process.env.REELGATE_TEST_VIDEOS ?? resolve(root, '../shared/videos');
// One of the real clips, or null where they are not at hand.
export function real(name) {
    const path = join(videos, name);
    if (existsSync(path)) return path;
    if (process.env.REELGATE_TEST_VIDEOS) throw new Error(`${path} is not there`);
    return null;
}

export const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25'];
export const AAC = ['-c:a', 'aac', '-b:a', '64k'];
export const picture = (seconds, { size = '320x180', rate = 25, source = 'testsrc2' } = {}) =>
    ['-f', 'lavfi', '-t', String(seconds), '-i', `${source}=size=${size}:rate=${rate}`];
export const sound = (seconds, { hz = 48000, layout = 'stereo' } = {}) =>
    ['-f', 'lavfi', '-t', String(seconds), '-i', `aevalsrc='0.2*sin(440*2*PI*t)':s=${hz},aformat=channel_layouts=${layout}`];

let making = 0; /* two tests of one file may want the same clip at once */
async function kept(key, extension, make) {
    const hash = createHash('sha256').update(JSON.stringify([extension, key])).digest('hex').slice(0, 24);
    const path = join(cache, hash + extension);
    if (existsSync(path)) return path;
    const part = join(cache, `${hash}.${process.pid}.${making++}.part${extension}`);
    try {
        await make(part);
        renameSync(part, path);
    } finally {
        rmSync(part, { force: true });
    }
    return path;
}

// A clip made by ffmpeg with these arguments; after: changes the finished file, e.g. cuts it.
export function ffmpeg(extension, args) {
    return kept(args, extension, (path) => exec('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args, path]));
}
export function bytes(extension, data) {
    return kept(createHash('sha256').update(data).digest('hex'), extension, async (path) => writeFileSync(path, data));
}
export const clip = (seconds, { extension = '.mp4', video = X264, audio = AAC, more = [], ...shape } = {}) =>
    ffmpeg(extension, [...picture(seconds, shape), ...(audio ? sound(seconds) : []), ...video, ...(audio ?? []), '-shortest', ...more]);

// -- what a reel is ----------------------------------------------------------------------------

export async function ffprobe(path) {
    const { stdout } = await exec('ffprobe', ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', path]);
    return JSON.parse(stdout);
}

// Names of the boxes at the top of an MP4 file, in order.
export function boxes(path) {
    const fd = openSync(path, 'r'), size = statSync(path).size, names = [], head = Buffer.alloc(16);
    try {
        for (let at = 0; at + 8 <= size;) {
            readSync(fd, head, 0, 16, at);
            let length = head.readUInt32BE(0);
            if (length === 1) length = Number(head.readBigUInt64BE(8));
            if (length === 0) length = size - at;
            names.push(head.toString('latin1', 4, 8));
            assert.ok(length >= 8, `a box of ${length} bytes`);
            at += length;
        }
    } finally {
        closeSync(fd);
    }
    return names;
}

// The colour [r, g, b] of the picture at a time, at a place given in parts of its size.
export async function colour(path, seconds, x, y) {
    const filter = `crop=4:4:(iw-4)*${x}:(ih-4)*${y},scale=1:1,format=rgb24`;
    const { stdout } = await exec('ffmpeg', ['-nostdin', '-v', 'error', '-ss', String(seconds), '-i', path, '-frames:v', '1',
        '-vf', filter, '-f', 'rawvideo', '-'], { encoding: 'buffer' });
    return [...stdout.subarray(0, 3)];
}

// The mean level of the sound from a time on, in dB.
export async function loudness(path, seconds, length) {
    const { stderr } = await exec('ffmpeg', ['-nostdin', '-ss', String(seconds), '-t', String(length), '-i', path, '-vn', '-af', 'volumedetect', '-f', 'null', '-']);
    return Number(/mean_volume: (\S+) dB/.exec(stderr)[1]);
}

// Asserts that the file is a reel of the standard form whose clip part lasts body seconds. copied: it
// may have the clip's own colour tags and sound.
export async function assertReel(path, body, { width, height, rate, tolerance, copied } = {}) {
    const { streams, format } = await ffprobe(path);
    const video = streams.filter((s) => s.codec_type === 'video'), audio = streams.filter((s) => s.codec_type === 'audio');
    assert.deepEqual([streams.length, video.length, audio.length], [2, 1, 1], 'one picture and one sound track');
    const [v] = video, [a] = audio;
    assert.deepEqual([v.codec_name, v.pix_fmt, v.field_order ?? 'progressive', v.codec_tag_string], ['h264', 'yuv420p', 'progressive', 'avc1']);
    assert.ok(['1:1', undefined].includes(v.sample_aspect_ratio), `square pixels, not ${v.sample_aspect_ratio}`);
    assert.ok(Math.abs(v.width - (v.height * 16) / 9) <= 1, `${v.width}x${v.height} is 16:9 within a pixel`);
    assert.deepEqual([v.width % 2, v.height % 2], [0, 0], 'even sizes');
    assert.equal(v.side_data_list?.find((d) => 'rotation' in d), undefined, 'no rotation is left to the player');
    assert.deepEqual([a.codec_name, a.profile], ['aac', 'LC']);
    if (!copied) assert.deepEqual([v.color_space, a.channels, a.sample_rate], ['bt709', 2, '48000']);
    const [n, d] = v.r_frame_rate.split('/').map(Number);
    assert.equal(v.avg_frame_rate, v.r_frame_rate, 'a constant rate');
    const frame = d / n, want = body + 4;
    const margin = (tolerance ?? 0) + frame + 0.002;
    assert.ok(Math.abs(Number(v.duration) - want) <= margin, `the picture lasts ${v.duration} s, not ${want} s`);
    assert.ok(Math.abs(Number(a.duration) - Number(v.duration)) <= 0.03, `the sound lasts ${a.duration} s, the picture ${v.duration} s`);
    assert.ok(Number(format.duration) <= 20.03, `at most 20 s: ${format.duration}`);
    if (width) assert.equal(v.width, width);
    if (height) assert.equal(v.height, height);
    if (rate) assert.equal(n / d, rate);
    const order = boxes(path).filter((name) => name === 'moov' || name === 'mdat');
    assert.deepEqual(order, ['moov', 'mdat'], 'the index comes first');
    const { stderr } = await exec('ffmpeg', ['-nostdin', '-v', 'warning', '-xerror', '-i', path, '-f', 'null', '-']);
    assert.equal(stderr, '', 'decoders have nothing to say');
    return { video: v, audio: a, format };
}
