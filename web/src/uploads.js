// Uploads: from a file that was chosen to a task. Each goes up by tus, one after the other, and goes
// on from where it was when the network comes back, and when the same file is chosen again after the
// page was left. The address of an unfinished upload is kept by the browser, under a name that tells
// whose it is and of which file.
import { defaultOptions, Upload } from 'tus-js-client';
import { announce, change, credentials, endSession, refusal, say, state, whenSessionEnds } from './state.js';
import { added, forget, refresh } from './tasks.js';

// What of a piece had come is kept when the line breaks, but lost when the server itself goes away.
const PIECE_BYTES = 8 << 20;
const RETRY_MS = [0, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000, 15_000];
const kept = defaultOptions.urlStorage;

// waiting, sending, lost (goes on by itself), failed
export const uploads = { list: [], unfinished: [] };
let keys = 0;

const mark = (file) => ['reelgate', state.name, file.name, file.size, file.lastModified].join('|');
const ofUser = (key) => key.startsWith(`tus::reelgate|${state.name}|`);
const sameFile = (file) => kept.findUploadsByFingerprint(mark(file)).catch(() => []);

// The wishes under which a file began to go up earlier, or null.
export async function begunBefore(file) {
    const [before] = (await sameFile(file)).sort((a, b) => Date.parse(b.creationTime) - Date.parse(a.creationTime));
    return before ? { fit: before.metadata.fit, start: Number(before.metadata.start) || 0 } : null;
}

export function addUploads(wanted) {
    for (const { file, fit, start } of wanted) {
        uploads.list.unshift({
            key: `up${++keys}`, file, state: 'waiting', sent: 0, from: 0, problem: null, again: false, tus: null, task: 0,
            fields: { filename: file.name, filetype: file.type || 'application/octet-stream', fit, ...(start > 0 ? { start: String(start) } : {}) },
        });
    }
    change();
    next();
}

function next() {
    if (!state.token || uploads.list.some((u) => u.state === 'sending' || u.state === 'lost')) return;
    const u = uploads.list.findLast((one) => one.state === 'waiting');
    if (u) send(u);
}

const lasting = (status) => status >= 400 && status < 500 && ![408, 409, 423, 429].includes(status);
function bodyOf(answer) {
    try { return JSON.parse(answer?.getBody()); } catch { return null; }
}

async function send(u) {
    const asker = state.token;
    u.state = 'sending';
    u.problem = null;
    change();
    u.tus ??= new Upload(u.file, {
        endpoint: `${location.origin}/api/uploads`,
        metadata: u.fields,
        chunkSize: PIECE_BYTES,
        retryDelays: RETRY_MS,
        removeFingerprintOnSuccess: true,
        fingerprint: async (file) => mark(file),
        onBeforeRequest: (request) => {
            for (const [name, value] of Object.entries(credentials())) request.setHeader(name, value);
        },
        onAfterResponse: (request, answer) => {
            u.task = Number(answer.getHeader('Reelgate-Task')) || u.task;
            if (request.getMethod() === 'HEAD' && answer.getHeader('Upload-Offset')) u.from = Number(answer.getHeader('Upload-Offset')) / (u.file.size || 1);
        },
        onShouldRetry: (error) => {
            const status = error.originalResponse?.getStatus() ?? 0;
            if (lasting(status) || ['tasks_limit', 'uploads_limited'].includes(bodyOf(error.originalResponse)?.code)) return false;
            u.state = 'lost';
            change();
            return true;
        },
        onProgress: (sent, all) => {
            u.sent = Math.max(u.from, all ? sent / all : 0);
            if (u.state === 'lost') u.state = 'sending';
            change();
        },
        onError: (error) => failed(u, error, asker),
        onSuccess: () => finished(u),
    });
    const before = (await sameFile(u.file)).find((b) => b.metadata.fit === u.fields.fit && (b.metadata.start ?? '') === (u.fields.start ?? ''));
    if (!uploads.list.includes(u)) return;
    if (before && !u.tus.url) u.tus.resumeFromPreviousUpload(before);
    u.tus.start();
}

function finished(u) {
    drop(u);
    if (u.task) added(u.task, u.file.name);
    next();
    findUnfinished();
}

function failed(u, error, asker) {
    if (!uploads.list.includes(u)) return;
    const answer = error.originalResponse, status = answer?.getStatus() ?? 0;
    if (status === 401 && state.token === asker) {
        endSession(say('expired'));
        return;
    }
    u.state = 'failed';
    u.problem = refusal(status, bodyOf(answer));
    u.again = !lasting(status);
    announce('didFail', u.file.name);
    next();
}

export function goOn(u) {
    u.state = 'waiting';
    u.problem = null;
    change();
    next();
}
export function cancel(u) {
    const unfinished = u.state !== 'failed' || u.again;
    if (u.tus) u.tus.abort(unfinished).catch(() => {}); // also at the server, best as it can
    drop(u);
    next();
}
function drop(u) {
    uploads.list = uploads.list.filter((other) => other !== u);
    change();
}
addEventListener('online', () => {
    for (const u of uploads.list) {
        if (u.state === 'lost') {
            u.tus.abort(false).catch(() => {});
            send(u);
        } else if (u.state === 'failed' && u.again) goOn(u);
    }
});
// A page that is left loses what was under way, but not what had arrived.
addEventListener('beforeunload', (event) => {
    if (uploads.list.some((u) => u.state !== 'failed')) event.preventDefault();
});
whenSessionEnds(() => {
    for (const u of uploads.list) if (u.tus) u.tus.abort(false).catch(() => {});
    uploads.list = [];
    uploads.unfinished = [];
});

// -- uploads that an earlier page began -------------------------------------------------------------

export async function findUnfinished() {
    const asker = state.token;
    const found = [];
    for (const one of await kept.findAllUploads().catch(() => [])) {
        if (!ofUser(one.urlStorageKey)) continue;
        const url = new URL(one.uploadUrl, location.href);
        const answer = await fetch(url.pathname, { method: 'HEAD', headers: { ...credentials(), 'Tus-Resumable': '1.0.0' } }).catch(() => null);
        if (state.token !== asker) return;
        if (!answer) continue;
        const task = Number(answer.headers.get('Reelgate-Task'));
        if (answer.ok && !task) found.push({ ...one, sent: Number(answer.headers.get('Upload-Offset')) / one.size || 0 });
        else if (task || lasting(answer.status)) {
            kept.removeUpload(one.urlStorageKey);
            if (task) refresh(task).catch(() => forget(task));
        }
    }
    uploads.unfinished = found;
    change();
}
// Those that no card of this page goes on with.
export const orphans = () => uploads.unfinished.filter((one) => !uploads.list.some((u) => one.urlStorageKey.startsWith(`tus::${mark(u.file)}::`)));
export async function discard(one) {
    uploads.unfinished = uploads.unfinished.filter((other) => other !== one);
    change();
    await kept.removeUpload(one.urlStorageKey);
    await fetch(new URL(one.uploadUrl, location.href).pathname, { method: 'DELETE', headers: { ...credentials(), 'Tus-Resumable': '1.0.0' } }).catch(() => {});
}
