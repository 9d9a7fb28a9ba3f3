// How far the copy path reaches: a table of the kinds of H.264 that people have (lib/kinds.mjs). Of each
// that is copied the reel's body is the clip's own pictures, unit for unit, and shows what the clip
// shows; decoders have nothing to say at either seam; sound is where it was. Where a clip cannot be copied
// from its first picture on, what comes before is encoded, and looks like the clip's.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import { promisify } from 'node:util';
import { kinds } from './lib/kinds.mjs';
import { onsets, packets, pictures } from './lib/packets.mjs';
import { folder, run } from './lib/reelgate.mjs';

const exec = promisify(execFile);
const cache = folder(null);
after(() => rmSync(cache, { recursive: true, force: true }));
const BUMPER_S = 2, SYNC_S = 0.02, LEAST_SHARE = 0.87;

async function json(args) {
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout.trim().split('\n').pop());
}

// The units of a file's pictures in order, but for parameter sets, delimiters and filling.
async function units(path) {
    const { stdout: data } = await exec('ffmpeg', ['-nostdin', '-v', 'error', '-i', path, '-map', '0:v:0', '-c', 'copy', '-bsf:v', 'h264_mp4toannexb', '-f', 'h264', '-'],
        { encoding: 'buffer', maxBuffer: 64 << 20 });
    const at = [];
    for (let i = data.indexOf('\0\0\x01', 0, 'latin1'); i >= 0; i = data.indexOf('\0\0\x01', i + 3, 'latin1')) at.push(i + 3);
    return at.map((from, i) => {
        let end = i + 1 < at.length ? at[i + 1] - 3 : data.length;
        while (end > from && data[end - 1] === 0) end--;
        return data.subarray(from, end);
    }).filter((unit) => ![7, 8, 9, 10, 11, 12].includes(unit[0] & 31));
}

// How many of a file's packets have an IDR picture.
async function idrs(path) {
    const { stdout } = await exec('ffmpeg', ['-nostdin', '-v', 'error', '-i', path, '-map', '0:v:0', '-c', 'copy', '-bsf:v', 'filter_units=pass_types=5', '-f', 'framemd5', '-']);
    return stdout.split('\n').filter((line) => /^\d/.test(line)).length;
}

// How many the file's own list says that a player can begin at; ffprobe's parser would add recovery points.
async function searched(path) {
    const { stdout } = await exec('ffprobe', ['-v', 'error', '-fflags', 'noparse', '-select_streams', 'v:0', '-show_entries', 'packet=flags', '-of', 'csv=p=0', path]);
    return stdout.split('\n').filter((line) => line.startsWith('K')).length;
}

// The first pictures that are shown, or those from `from` on, each as 64x36 grey bytes.
const GREY = 64 * 36;
async function looks(path, from, count) {
    const { stdout } = await exec('ffmpeg', ['-nostdin', '-v', 'quiet', '-threads', '1', '-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', '-vf', `trim=start_frame=${from}:end_frame=${from + count},scale=64:36`,
        '-pix_fmt', 'gray', '-f', 'rawvideo', '-'], { encoding: 'buffer', maxBuffer: 64 << 20 });
    return Array.from({ length: count }, (_, i) => stdout.subarray(i * GREY, (i + 1) * GREY));
}
const unlike = (a, b) => a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / GREY;

async function check(t, make, path, encoded) {
    const file = await make(), reel = join(folder(t), 'reel.mp4');
    const said = await json(['probe', '--json', file]);
    const report = await json(['render', '--json', '--preset', 'ultrafast', '--cache', cache, file, reel]);
    assert.equal(report.path, path, report.reason);
    assert.deepEqual([said.path, said.reason], [report.path, report.reason], 'probe says the same');
    assert.ok(report.receipt.ok && !report.remade, 'the receipt was good at once');
    const { video } = await packets(reel), shown = await pictures(reel);
    assert.equal(shown.length, video.packets.length, 'every packet is a picture');
    assert.equal(await searched(reel), await idrs(reel), 'a player that searches begins at IDR pictures alone');
    if (path === 'encode') return;

    const bumper = Math.round(BUMPER_S * report.out.video.fps.split('/').reduce((n, d) => n / d)), body = shown.length - 2 * bumper;
    const theirs = await pictures(file, { quiet: true }), late = encoded === undefined ? 0 : theirs.length - body, copied = body - (encoded ?? 0);
    assert.ok(encoded === undefined ? body >= theirs.length - 1 : late >= 0, `${body} of ${theirs.length} pictures`);
    const head = body - copied, begins = bumper + head;
    assert.deepEqual(shown.slice(begins, begins + copied), theirs.slice(late + head, late + head + copied), 'it shows the pictures of the clip');
    const ours = (await units(reel)).slice(begins, -bumper), all = await units(file), clip = encoded === undefined ? all : all.slice(all.length - ours.length);
    assert.equal(ours.length, clip.length);
    assert.ok(ours.every((unit, i) => unit.equals(clip[i])), 'the body is the units of the clip');
    if (head) {
        const [a, b] = [await looks(reel, bumper, head), await looks(file, late, head)];
        a.forEach((picture, i) => assert.ok(unlike(picture, b[i]) < 3, `picture ${i} differs by ${unlike(picture, b[i])}`));
    }
    if (!report.in.audio) return;
    const source = await packets(file), [num, den] = source.video.time_base.split('/').map(Number);
    const times = source.video.packets.map((p) => p.pts ?? p.dts).toSorted((a, b) => a - b), first = (times[encoded === undefined ? 0 : times.length - body] * num) / den;
    const seconds = report.body_seconds, heard = await onsets(file, { clip: true }), found = await onsets(reel);
    const wanted = heard.map((s) => s - first).filter((s) => s > -SYNC_S && s < seconds - SYNC_S);
    assert.equal(found.length, wanted.length, `sound at ${found}, in the clip at ${heard} from ${first} on`);
    wanted.forEach((s, i) => assert.ok(Math.abs(found[i] - BUMPER_S - s) <= SYNC_S + 0.005, `sound at ${found}, in the clip at ${wanted}`));
}

describe('kinds of H.264', { concurrency: 3 }, () => {
    for (const [name, path, make, encoded] of kinds) it(`${path}: ${name}`, (t) => check(t, make, path, encoded));
});

test('most kinds are copied', (t) => {
    const copied = kinds.filter(([, path]) => path === 'copy').length;
    t.diagnostic(`${copied} of ${kinds.length} kinds are copied`);
    assert.ok(kinds.length >= 40 && copied / kinds.length >= LEAST_SHARE, `${copied} of ${kinds.length}`);
});
