// Clips that were chosen and are not sent yet: what is wished of each.
import { clearRefused, sift } from './choose.js';
import { goOnWith, onTheWay } from './uploads.js';
import { TITLE_MAX } from '../share/acts.js';
import { profile } from '../share/me.js';
import { change, dotted, number, say, state } from '../share/state.js';

export const drafts = { list: [], at: 0 };
let fit = null, // what was chosen last
    keys = 0;

// What a file is called without its ending: what a reel may be called.
const titleOf = (name) => (name.replace(/\.[a-z0-9]{1,5}$/i, '') || name).slice(0, TITLE_MAX);

export async function prepare(files) {
    if (files.length === 0) return;
    const asker = state.token,
        going = onTheWay();
    clearRefused();
    const before = drafts.list.reduce((sum, d) => sum + d.file.size, going.bytes);
    const good = await sift(await goOnWith(files), {
        bytes: before,
        clips: going.clips + drafts.list.length,
    });
    if (state.token !== asker || good.length === 0) return;
    const fresh = good.map((file) => ({
        key: ++keys,
        file,
        title: titleOf(file.name),
        fit: fit ?? profile().fit,
        start: 0,
        text: '',
        url: URL.createObjectURL(file),
        duration: 0,
        width: 0,
        height: 0,
        blind: false,
    }));
    if (drafts.list.length === 0) drafts.at = 0;
    drafts.list.push(...fresh);
    change();
}
// The shape of one, and of those that are chosen from now on.
export function setFit(draft, name) {
    fit = draft.fit = name;
    change();
}
export function setStart(draft, seconds) {
    draft.start = seconds;
    draft.text = seconds ? number(seconds, 1) : '';
    change();
}
export function leaveOut(draft) {
    URL.revokeObjectURL(draft.url);
    drafts.list = drafts.list.filter((other) => other !== draft);
    drafts.at = Math.max(0, Math.min(drafts.at, drafts.list.length - 1));
    change();
}
export function leaveAll() {
    for (const draft of [...drafts.list]) leaveOut(draft);
}
export function faultOf(draft) {
    const text = dotted(draft.text);
    if (text !== '' && !/^\d+(\.\d+)?$/.test(text)) return say('startBad');
    return draft.duration && Number(text) >= draft.duration
        ? say('startLate', number(draft.duration, 1))
        : '';
}
