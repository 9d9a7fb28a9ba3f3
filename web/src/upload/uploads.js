// Uploads: from a file that was chosen to a task. Each goes up by tus, one after the other, and
// goes on from where it was when the network comes back, and when the same file is chosen again
// after the page was left. The address of an unfinished upload is kept by the browser, under a name
// that tells whose it is and of which file. Tabs tell each other what they send: only one sends a
// file, for the server would drop the older of two connections.
import { refuse } from './choose.js';
import { pictureOf } from './preview.js';
import {
    announce,
    change,
    credentials,
    endSession,
    refusal,
    say,
    state,
    whenSessionEnds,
} from '../share/state.js';
import { hear, hearAll, tell, whenTabEnds } from '../share/tabs.js';
import { added, forget, hurry, keepPicture, refresh, whenLive } from '../share/tasks.js';

// A piece is what goes up in about this time, so that the bar, which shows what the server has,
// moves on; what of a piece had come is kept when the line breaks, but lost when the server itself
// goes away.
const PIECE_MS = 700,
    PIECE_MIN = 64 << 10,
    PIECE_FIRST = 256 << 10,
    PIECE_MAX = 8 << 20;
const RETRY_MS = [0, 1000, 2000, 4000, 8000, ...Array(2000).fill(15_000)];
const ABOUT_MS = 250,
    ALIVE_MS = 20_000;

// The client is half of the page's script, and nobody needs it at first.
let client = null;
const tus = () =>
    (client ??= import('tus-js-client').catch((e) => {
        client = null;
        throw e;
    }));
const kept = async () => (await tus()).defaultOptions.urlStorage;
const anyKept = () => {
    try {
        return Object.keys(localStorage).some(ofUser);
    } catch {
        return false;
    }
};

// waiting, sending, lost (goes on by itself), failed
export const uploads = { list: [], unfinished: [], elsewhere: new Map() };
let keys = 0;

const mark = (file) => ['reelgate', state.name, file.name, file.size, file.lastModified].join('|');
const ofUser = (key) => key.startsWith(`tus::reelgate|${state.name}|`);
const isOpen = (u) => u.state !== 'failed';
export const isLost = () => uploads.list.some((u) => u.state === 'lost');
// What is on its way and not counted by the server yet.
export const onTheWay = () => {
    const open = uploads.list.filter(isOpen);
    return { bytes: open.reduce((sum, u) => sum + u.file.size, 0), clips: open.length };
};

// -- what other tabs send ---------------------------------------------------------------------

export const elsewhere = () =>
    [...uploads.elsewhere.values()].flatMap((tab) => (tab.user === state.name ? tab.list : []));
const sentElsewhere = (m) => elsewhere().some((one) => one.mark === m);

let told = 0,
    aboutTimer = 0;
function sayAbout() {
    clearTimeout(aboutTimer);
    aboutTimer = 0;
    told = Date.now();
    const list = uploads.list.filter(isOpen).map((u) => ({
        key: u.key,
        mark: mark(u.file),
        name: u.name,
        size: u.file.size,
        state: u.state,
        sent: u.sent,
        from: u.from,
    }));
    tell('about', { user: state.name, list });
    if (list.length) aboutTimer = setTimeout(sayAbout, ALIVE_MS);
}
function changed() {
    change();
    if (told > Date.now() - ABOUT_MS) {
        clearTimeout(aboutTimer);
        aboutTimer = setTimeout(sayAbout, ABOUT_MS);
    } else sayAbout();
}
hear('who', sayAbout);
hear('about', ({ from, user, list }) => {
    const before = uploads.elsewhere.get(from)?.list.length ?? 0;
    uploads.elsewhere.set(from, { user, list });
    if (list.length < before) findUnfinished();
    change();
});
whenTabEnds((tab) => {
    if (uploads.elsewhere.delete(tab)) findUnfinished();
    change();
});

// -- to the server ----------------------------------------------------------------------------

// What the server says of an upload that an earlier page began: { sent, task }, or null: it is
// gone.
async function asked(one) {
    const path = new URL(one.uploadUrl, location.href).pathname;
    const answer = await fetch(path, {
        method: 'HEAD',
        headers: { ...credentials(), 'Tus-Resumable': '1.0.0' },
    });
    if (answer.ok)
        return {
            sent: Number(answer.headers.get('Upload-Offset')) / one.size || 0,
            task: Number(answer.headers.get('Reelgate-Task')),
        };
    if (lasting(answer.status)) return null;
    throw refusal(answer.status);
}
// The upload of this file that an earlier page began and that can go on, or null.
async function begunBefore(file) {
    const mine = uploads.list.map((u) => u.tus?.url);
    const store = await kept().catch(() => null),
        all = await store?.findUploadsByFingerprint(mark(file)).catch(() => []);
    const found = (all ?? []).filter((one) => !mine.includes(one.uploadUrl));
    for (const one of found.sort(
        (a, b) => Date.parse(b.creationTime) - Date.parse(a.creationTime),
    )) {
        // offline: it will be seen
        const there = await asked(one).catch(() => ({ sent: 0, task: 0 }));
        if (there && !there.task) return { ...one, sent: there.sent };
        await store.removeUpload(one.urlStorageKey);
    }
    return null;
}
// Those of the files that are new. Those that were on their way already go on at once, as was
// wished then.
export async function goOnWith(files) {
    const fresh = [];
    await hearAll();
    for (const file of files) {
        if (sentElsewhere(mark(file))) {
            refuse(file.name, say('noTwice'));
            continue;
        }
        const before = await begunBefore(file);
        if (before) add({ file, fields: before.metadata, before });
        else fresh.push(file);
    }
    next();
    return fresh;
}

function add({ file, fields, before = null }) {
    const u = {
        key: `up${++keys}`,
        file,
        fields,
        before,
        name: fields.title || file.name,
        state: 'waiting',
        sent: before?.sent ?? 0,
        from: before?.sent ?? 0,
        problem: null,
        again: false,
        tus: null,
        task: 0,
        picture: null,
        sendAt: 0,
    };
    uploads.list.unshift(u);
    changed();
    pictureOf(file, Number(fields.start) || 0).then((picture) => {
        if (!picture) return;
        if (uploads.list.includes(u)) u.picture = picture;
        else if (u.task) keepPicture(u.task, picture);
        else URL.revokeObjectURL(picture);
        change();
    });
}
export function addUploads(wanted) {
    for (const { file, fit, start, title } of wanted) {
        add({
            file,
            fields: {
                filename: file.name,
                filetype: file.type || 'application/octet-stream',
                fit,
                ...(start > 0 ? { start: String(start) } : {}),
                ...(title ? { title } : {}),
            },
        });
    }
    next();
}

function next() {
    if (!state.token || uploads.list.some((u) => u.state === 'sending' || u.state === 'lost'))
        return;
    const u = uploads.list.findLast((one) => one.state === 'waiting');
    if (u) send(u);
}

const lasting = (status) => status >= 400 && status < 500 && ![408, 409, 423, 429].includes(status);
// Refusals that end when something was deleted, or a day.
const PASSING = ['quota_exceeded', 'tasks_limit', 'uploads_limited', 'disk_full'];
function bodyOf(answer) {
    try {
        return JSON.parse(answer?.getBody());
    } catch {
        return null;
    }
}
// The next piece is as long as can be expected to go up in its time.
function fitPiece(u, piece) {
    const ms = Math.max(1, performance.now() - u.sendAt);
    u.tus.options.chunkSize = Math.round(
        Math.min(PIECE_MAX, piece * 4, Math.max(PIECE_MIN, (piece * PIECE_MS) / ms)),
    );
}

async function send(u) {
    const asker = state.token;
    u.state = 'sending';
    u.problem = null;
    changed();
    const { Upload } = await tus().catch(() => ({}));
    if (!uploads.list.includes(u)) return;
    if (!Upload) {
        failed(u, {}, asker);
        return;
    }
    u.tus ??= new Upload(u.file, {
        endpoint: `${location.origin}/api/uploads`,
        metadata: u.fields,
        chunkSize: PIECE_FIRST,
        retryDelays: RETRY_MS,
        removeFingerprintOnSuccess: true,
        fingerprint: async (file) => mark(file),
        onBeforeRequest: (request) => {
            for (const [name, value] of Object.entries(credentials()))
                request.setHeader(name, value);
            u.sendAt = performance.now();
        },
        onAfterResponse: (request, answer) => {
            u.task = Number(answer.getHeader('Reelgate-Task')) || u.task;
            const there = Number(answer.getHeader('Upload-Offset')) / (u.file.size || 1);
            if (answer.getStatus() < 400 && u.state === 'lost') {
                u.state = 'sending';
                hurry();
            }
            if (request.getMethod() === 'HEAD' && there > 0) u.from = u.sent = there;
            changed();
        },
        onShouldRetry: (error) => {
            const status = error.originalResponse?.getStatus() ?? 0;
            if (lasting(status) || PASSING.includes(bodyOf(error.originalResponse)?.code))
                return false;
            u.state = 'lost';
            changed();
            return true;
        },
        onChunkComplete: (piece, there, all) => {
            fitPiece(u, piece);
            u.sent = all ? there / all : 0;
            changed();
        },
        onError: (error) => failed(u, error, asker),
        onSuccess: () => finished(u),
    });
    if (u.before && !u.tus.url) u.tus.resumeFromPreviousUpload(u.before);
    u.tus.start();
}

function finished(u) {
    if (u.task) {
        if (u.picture) keepPicture(u.task, u.picture);
        u.picture = null;
        added(u.task, u.name);
    }
    drop(u);
    next();
    findUnfinished();
}

function failed(u, error, asker) {
    if (!uploads.list.includes(u)) return;
    const answer = error.originalResponse,
        status = answer?.getStatus() ?? 0,
        body = bodyOf(answer);
    if (status === 401 && state.token === asker) {
        endSession(say('expired'));
        return;
    }
    u.state = 'failed';
    u.problem = refusal(status, body);
    u.again = !lasting(status) || PASSING.includes(body?.code);
    announce('didFail', u.name);
    changed();
    next();
}

export function goOn(u) {
    u.state = 'waiting';
    u.problem = null;
    changed();
    next();
}
export function cancel(u) {
    const unfinished = isOpen(u) || u.again;
    if (u.tus) u.tus.abort(unfinished).catch(() => {}); // also at the server, best as it can
    drop(u);
    next();
}
function drop(u) {
    uploads.list = uploads.list.filter((other) => other !== u);
    if (u.picture) URL.revokeObjectURL(u.picture);
    changed();
}
function reconnect() {
    for (const u of uploads.list) {
        if (u.state === 'lost') {
            u.tus.abort(false).catch(() => {});
            send(u);
        } else if (u.state === 'failed' && u.again && !u.problem.status) goOn(u);
    }
}
addEventListener('online', reconnect);
whenLive(reconnect);
// A page that is left loses what was under way, but not what had arrived.
addEventListener('beforeunload', (event) => {
    if (uploads.list.some(isOpen)) event.preventDefault();
});
whenSessionEnds(() => {
    for (const u of uploads.list) {
        if (u.tus) u.tus.abort(false).catch(() => {});
        if (u.picture) URL.revokeObjectURL(u.picture);
    }
    uploads.list = [];
    uploads.unfinished = [];
    changed();
});

// -- uploads that an earlier page began -------------------------------------------------------

export async function findUnfinished() {
    const asker = state.token;
    const found = [];
    await hearAll();
    const store = anyKept() ? await kept().catch(() => null) : null;
    for (const one of (await store?.findAllUploads().catch(() => [])) ?? []) {
        if (!ofUser(one.urlStorageKey) || isOnItsWay(one)) continue;
        let there;
        try {
            there = await asked(one);
        } catch {
            continue;
        }
        if (state.token !== asker) return;
        if (there && !there.task) found.push({ ...one, sent: there.sent });
        else {
            store.removeUpload(one.urlStorageKey);
            if (there) refresh(there.task).catch(() => forget(there.task));
        }
    }
    uploads.unfinished = found;
    change();
}
// To ask about one that is being sent would end its connection.
function isOnItsWay(one) {
    const of = (m) => one.urlStorageKey.startsWith(`tus::${m}::`);
    return (
        uploads.list.some((u) => of(mark(u.file))) || elsewhere().some((other) => of(other.mark))
    );
}
// Those that no tab goes on with.
// Fetched while there is a network, for uploads that are begun when there is none.
export const getReady = () => tus().catch(() => {});
export const orphans = () => uploads.unfinished.filter((one) => !isOnItsWay(one));
export async function discard(one) {
    uploads.unfinished = uploads.unfinished.filter((other) => other !== one);
    change();
    await (await kept()).removeUpload(one.urlStorageKey);
    await fetch(new URL(one.uploadUrl, location.href).pathname, {
        method: 'DELETE',
        headers: { ...credentials(), 'Tus-Resumable': '1.0.0' },
    }).catch(() => {});
}
