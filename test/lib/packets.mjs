// What lies in a clip and in a reel: every packet with its times and a hash of its bytes, and every
// decoded picture with a hash of its pixels. So "the same" means bit for bit.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const BIG = { maxBuffer: 64 << 20 };

// { video, audio } of a file, each { ...the stream's facts, packets }, in the order of the file.
export async function packets(path) {
    const { stdout } = await exec('ffprobe', ['-v', 'error', '-show_streams', '-show_packets', '-show_data_hash', 'md5', '-of', 'json',
        '-show_entries', 'packet=stream_index,pts,dts,flags,duration,data_hash', path], BIG);
    const { streams, packets: all } = JSON.parse(stdout);
    const of = (kind) => {
        const stream = streams.find((s) => s.codec_type === kind && !s.disposition.attached_pic);
        return stream && { ...stream, packets: all.filter((p) => p.stream_index === stream.index) };
    };
    return { streams, video: of('video'), audio: of('audio') };
}

// Hashes of the decoded pictures in the order of showing. With most: the first so many. Decoders
// must have nothing to say, except about a clip (quiet) that is not ours to judge.
export async function pictures(path, { most, quiet = false } = {}) {
    const { stdout, stderr } = await exec('ffmpeg', ['-nostdin', '-v', quiet ? 'quiet' : 'warning', ...(quiet ? [] : ['-xerror']), '-threads', '1', '-i', path,
        '-map', '0:v:0', '-fps_mode', 'passthrough', ...(most ? ['-frames:v', String(most)] : []), '-f', 'framemd5', '-'], BIG);
    assert.equal(stderr, '', 'decoders have nothing to say');
    return stdout.split('\n').filter((line) => /^\d/.test(line)).map((line) => line.split(',').pop().trim());
}

// Where sound begins after silence, in seconds from 0 of the file's own time. Decoders must have
// nothing to say, except about a clip.
export async function onsets(path, { hz = 16000, clip = false } = {}) {
    const { stdout, stderr } = await exec('ffmpeg', ['-nostdin', ...(clip ? ['-v', 'quiet', '-copyts'] : ['-v', 'warning', '-xerror']), '-i', path, '-map', '0:a:0', '-af',
        'aresample=async=1:min_hard_comp=0.001:first_pts=0', '-ac', '1', '-ar', String(hz), '-f', 's16le', '-'], { ...BIG, encoding: 'buffer' });
    assert.equal(stderr.toString(), '', 'decoders have nothing to say');
    const found = [], quiet = hz * 0.1; /* a pause is at least this long */
    for (let i = 0, loud = -quiet; i * 2 + 1 < stdout.length; i++)
        if (Math.abs(stdout.readInt16LE(i * 2)) > 2000) {
            if (i - loud >= quiet) found.push(i / hz);
            loud = i;
        }
    return found;
}

// When the pictures of a track are shown, in seconds, in the order of showing; and when the last of them
// ends.
export function times(track) {
    const [num, den] = track.time_base.split('/').map(Number);
    const list = track.packets.toSorted((a, b) => a.pts - b.pts), last = list.at(-1);
    return [...list.map((p) => p.pts), last.pts + (last.duration ?? 0)].map((pts) => (pts * num) / den);
}

// Asserts that times are what a player likes: a picture for each 1/rate from 0 on, each decoded
// before it is shown and after the one before it. varies: { bumper, body } pictures; then the body's
// rise and nothing more.
export function assertTimes(track, rate, varies = null) {
    const { packets: list } = track;
    for (let i = 0; i < list.length; i++) {
        assert.ok(list[i].pts >= list[i].dts, `picture ${i} is shown before it is decoded`);
        assert.ok(i === 0 || list[i].dts > list[i - 1].dts, `picture ${i} is decoded at ${list[i].dts}, the one before at ${list[i - 1]?.dts}`);
    }
    const shown = times(track), { bumper, body } = varies || { bumper: list.length, body: 0 };
    for (let i = 0; i <= list.length; i++) {
        const begins = i <= bumper ? i / rate : i < bumper + body ? null : shown[bumper + body] + (i - bumper - body) / rate;
        if (begins !== null) assert.ok(Math.abs(shown[i] - begins) < 0.1 / rate, `picture ${i} is shown at ${shown[i]} s, not at ${begins} s`);
        else assert.ok(shown[i] > shown[i - 1] && shown[i] < shown[i + 1], `picture ${i} is shown at ${shown[i]} s`);
    }
}
