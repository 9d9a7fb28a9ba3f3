// What was chosen and cannot become a clip is refused before anything is sent: by its size, by what
// the user may still use, and by its first bytes, never by its name. What is not known for sure
// goes up, and the server says what it is.
import { loadMe, me } from '../share/me.js';
import { bytes, number, say, change } from '../share/state.js';

const HEAD_BYTES = 65_536,
    TEXT_BYTES = 512,
    TAIL_BYTES = 4096,
    ME_MS = 2000;

export const refused = { list: [] }; // { key, name, why }
let keys = 0;
export function refuse(name, why) {
    refused.list = [...refused.list, { key: ++keys, name, why }];
    change();
}
export function clearRefused() {
    refused.list = [];
    change();
}

const latin = (part) => Array.from(part, (byte) => String.fromCharCode(byte)).join('');
async function read(file, from, to) {
    return new Uint8Array(await file.slice(from, to).arrayBuffer());
}

// Signs at the beginning, and what they are the signs of.
/* eslint-disable no-control-regex -- files are bytes, and begin with any of them */
const SIGNS = [
    [/^%PDF|^\xd0\xcf\x11\xe0/, 'aDocument'],
    [/^PK\x03\x04|^Rar!|^7z\xbc\xaf|^\x1f\x8b|^BZh/, 'anArchive'],
    [/^MZ|^\x7fELF/, 'aProgram'],
    [
        /^ID3|^\xff[\xfb\xf3\xf2\xfa\xf1\xf9]|^RIFF....WAVE|^fLaC|^#!AMR|^MThd|^....ftypM4[AB]/s,
        'aSound',
    ],
    [/^BM|^II\*\0|^MM\0\*|^8BPS|^\0\0\x01\0/s, 'aPhoto'],
];
// Photos that move: a film lies behind them, or they have several pictures.
const MOVES = /MotionPhoto|MicroVideo|Container:Directory/;
async function isStill(file, head) {
    if (/^\x89PNG/.test(head)) return !head.includes('acTL');
    if (/^RIFF....WEBP/s.test(head))
        return !(head.slice(12, 16) === 'VP8X' && head.charCodeAt(20) & 2);
    const photo = /^\xff\xd8\xff/.test(head),
        heif = /^....ftyp(heic|heix|mif1|avif)/s.test(head);
    if (!photo && !heif) return false;
    const tail = latin(await read(file, Math.max(0, file.size - TAIL_BYTES), file.size));
    if (MOVES.test(head) || /SEFT$|MotionPhoto_Data/.test(tail)) return false;
    return photo || !(await hasBox(file, /^(moov|mpvd)$/));
}
async function hasBox(file, wanted) {
    for (let at = 0, boxes = 0; at + 8 <= file.size && boxes < 64; boxes++) {
        const view = new DataView((await read(file, at, at + 16)).buffer);
        const type = latin(new Uint8Array(view.buffer, 4, 4));
        if (wanted.test(type)) return true;
        let size = view.getUint32(0);
        if (size === 1 && view.byteLength === 16) size = Number(view.getBigUint64(8));
        if (size < 8) return false;
        at += size;
    }
    return false;
}
async function kindOf(file) {
    const head = latin(await read(file, 0, HEAD_BYTES));
    if (/^RIFF....AVI/s.test(head)) return null;
    const [, kind] = SIGNS.find(([sign]) => sign.test(head)) ?? [];
    if (kind) return kind;
    if (await isStill(file, head)) return 'aPhoto';
    return /^[^\0-\x08\x0e-\x1f]+$/.test(head.slice(0, TEXT_BYTES)) ? 'aText' : null;
}
/* eslint-enable no-control-regex */

// waiting: { bytes, clips } that are chosen or on their way already, and that the server does not
// count yet.
async function faultOf(file, waiting) {
    const most = me.known?.limits?.upload_bytes,
        quota = me.known?.quota ?? {};
    if (file.size === 0) return say('noEmpty');
    if (most && file.size > most) return say('noLarge', bytes(file.size), bytes(most));
    const left = quota.bytes_limit
        ? Math.max(0, quota.bytes_limit - quota.bytes_used - waiting.bytes)
        : Infinity;
    if (file.size > left)
        return say('noSpace', bytes(file.size), bytes(left), bytes(quota.bytes_limit));
    if (quota.tasks_limit && quota.tasks_today + waiting.clips >= quota.tasks_limit)
        return say('noToday', number(quota.tasks_limit));
    const kind = await kindOf(file).catch(() => 'unread');
    if (kind === 'unread') return say('noRead');
    return kind ? say('noKind', say(kind)) : '';
}

// Those of the files that may be clips. The others are refused by name.
export async function sift(files, waiting) {
    const late = new Promise((done) => {
        setTimeout(done, ME_MS);
    });
    await Promise.race([loadMe().catch(() => {}), late]); // offline: what was known last counts
    const good = [],
        sum = { ...waiting };
    for (const file of files) {
        const why = await faultOf(file, sum);
        if (why) {
            refuse(file.name, why);
            continue;
        }
        sum.bytes += file.size;
        sum.clips++;
        good.push(file);
    }
    return good;
}
