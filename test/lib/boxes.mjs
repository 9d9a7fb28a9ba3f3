// Changes the index of an MP4 file as no muxer would write it. The index must lie behind the media
// (as ffmpeg writes it), so that it can grow and shrink without moving what it points to.
import assert from 'node:assert/strict';

const nested = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'edts']);

// The boxes of a file, and their bytes again.
export function parse(data) {
    const list = [];
    for (let at = 0; at < data.length;) {
        const small = data.readUInt32BE(at), head = small === 1 ? 16 : 8;
        const size = small === 1 ? Number(data.readBigUInt64BE(at + 8)) : small, type = data.toString('latin1', at + 4, at + 8);
        assert.ok(size >= head && at + size <= data.length, `a box ${type} of ${size} bytes`);
        const body = Buffer.from(data.subarray(at + head, at + size));
        list.push(nested.has(type) ? { type, boxes: parse(body) } : { type, body, head });
        at += size;
    }
    return list;
}
export const write = (list) => Buffer.concat(list.flatMap((box) => {
    const body = box.boxes ? write(box.boxes) : box.body, head = Buffer.alloc(box.head ?? 8);
    head.write(box.type, 4, 'latin1');
    if (head.length === 16) {
        head.writeUInt32BE(1, 0);
        head.writeBigUInt64BE(BigInt(body.length + 16), 8);
    } else head.writeUInt32BE(body.length + 8, 0);
    return [head, body];
}));

// The one box at a path of types, from a list of boxes.
export function box(list, path) {
    let found = { boxes: list };
    for (const type of path.split('/')) {
        found = found.boxes.find((b) => b.type === type);
        assert.ok(found, `there is a box ${type}`);
    }
    return found;
}
// change(top, { picture, sound }): the boxes at the top, and the two tracks' trak boxes.
export function edited(data, change) {
    const top = parse(data);
    assert.ok(top.findIndex((b) => b.type === 'moov') > top.findIndex((b) => b.type === 'mdat'), 'the index is last');
    const of = (kind) => box(top, 'moov').boxes.find((b) => b.type === 'trak' && box(b.boxes, 'mdia/hdlr').body.toString('latin1', 8, 12) === kind);
    change(top, { picture: of('vide'), sound: of('soun') });
    return write(top);
}
export const table = (trak, type) => box(trak.boxes, `mdia/minf/stbl/${type}`);

// [{ at, bytes }] of a track's packets.
export function places(trak) {
    const sizes = table(trak, 'stsz').body, runs = table(trak, 'stsc').body, chunks = table(trak, 'stco').body;
    const list = [];
    for (let chunk = 0, run = 0; chunk < chunks.readUInt32BE(4); chunk++) {
        if (run + 1 < runs.readUInt32BE(4) && runs.readUInt32BE(8 + 12 * (run + 1)) === chunk + 1) run++;
        for (let i = 0, at = chunks.readUInt32BE(8 + 4 * chunk); i < runs.readUInt32BE(12 + 12 * run); i++) {
            const bytes = sizes.readUInt32BE(4) || sizes.readUInt32BE(12 + 4 * list.length);
            list.push({ at, bytes });
            at += bytes;
        }
    }
    return list;
}
// An edit list of these: [length in ticks of the movie, start in ticks of the track or -1, rate].
export function editList(edits) {
    const body = Buffer.alloc(8 + 12 * edits.length);
    body.writeUInt32BE(edits.length, 4);
    edits.forEach(([length, from, rate = 1], i) => {
        body.writeUInt32BE(length, 8 + 12 * i);
        body.writeInt32BE(from, 12 + 12 * i);
        body.writeInt16BE(rate, 16 + 12 * i);
    });
    return { type: 'edts', boxes: [{ type: 'elst', body }] };
}
export function setEdits(trak, edits) {
    trak.boxes = trak.boxes.filter((b) => b.type !== 'edts');
    trak.boxes.splice(1, 0, editList(edits));
}
