// Clips up: in one request, or in pieces (tus 1.0) that go on where they were cut off.
import { ReelgateError } from './error.js';
import { type Requests, broke, pause } from './request.js';
import type { Fit } from './types.js';

export interface UploadOptions {
    /** Of the file; a File brings its own. */
    name?: string;
    title?: string;
    fit?: Fit;
    /** Seconds of the clip that are left out at its beginning. */
    start?: number;
    /** The same key with the same clip is the same task, however often it is sent. Without one, each call is a task of its own. */
    idempotencyKey?: string;
    signal?: AbortSignal;
}

export interface PiecesOptions extends UploadOptions {
    /** What an earlier call told onUpload: the upload goes on from there, or anew when the server has forgotten it. */
    resume?: string;
    /** Told once the server has room for the clip. Keep it, and the upload can go on later, from another program as well. */
    onUpload?: (upload: string) => void;
    /** Told how many bytes the server has for good. */
    onProgress?: (bytes: number, of: number) => void;
    /** Bytes of the largest piece. */
    largestPiece?: number;
}

const SMALLEST = 256 * 1024, LARGEST = 32 * 1024 * 1024, PIECE_MS = 1000;

// crypto.randomUUID is not there on pages without https
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, '0')).join('');
const nameOf = (file: Blob, name?: string) => name ?? ('name' in file && typeof file.name === 'string' ? file.name : 'clip');

export async function upload(requests: Requests, file: Blob, { name, title, fit, start, idempotencyKey, signal }: UploadOptions): Promise<number> {
    const form = new FormData();
    if (title !== undefined) form.append('title', title);
    if (fit !== undefined) form.append('fit', fit);
    if (start !== undefined) form.append('start', String(start));
    form.append('file', file, nameOf(file, name));
    const response = await requests.send('POST', '/api/tasks', { body: form, headers: { 'Idempotency-Key': idempotencyKey ?? newKey() }, signal });
    return ((await response.json()) as { task_id: number }).task_id;
}

const TUS = { 'Tus-Resumable': '1.0.0' };
const base64 = (text: string) => btoa(Array.from(new TextEncoder().encode(text), (n) => String.fromCharCode(n)).join(''));

interface State { offset: number; task: number }
// What has no offset is the answer of something else on the way: as good as none.
function stateOf({ headers }: Response): State {
    const offset = headers.get('upload-offset');
    if (!offset) throw new TypeError('an answer without an Upload-Offset');
    return { offset: Number(offset), task: Number(headers.get('reelgate-task') ?? 0) };
}
const isGone = (error: unknown) => error instanceof ReelgateError && (error.status === 404 || error.status === 410);
// Another offset than the server's is asked for; a line that broke and a server that is away come back.
const passes = (error: unknown) => (error instanceof ReelgateError ? error.temporary || error.code === 'offset_wrong' : broke(error));

async function create(requests: Requests, file: Blob, o: PiecesOptions): Promise<string> {
    const meta = { filename: nameOf(file, o.name), title: o.title, fit: o.fit, start: o.start?.toString() };
    const headers: Record<string, string> = {
        ...TUS, 'Upload-Length': String(file.size),
        'Upload-Metadata': Object.entries(meta).filter(([, v]) => v).map(([k, v]) => `${k} ${base64(v!)}`).join(','),
    };
    if (o.idempotencyKey !== undefined) headers['Idempotency-Key'] = o.idempotencyKey;
    // One that nobody hears of holds its room for a day, so a lost answer is not asked for again.
    const where = (await requests.once('POST', '/api/uploads', { headers, signal: o.signal })).headers.get('location');
    if (!where) throw new TypeError('an upload without a Location');
    o.onUpload?.(where);
    return where;
}

async function look(requests: Requests, where: string, file: Blob, signal?: AbortSignal): Promise<State> {
    const response = await requests.send('HEAD', where, { headers: TUS, signal }), state = stateOf(response);
    const length = Number(response.headers.get('upload-length'));
    if (length !== file.size) throw new RangeError(`the upload is of a clip of ${length} bytes, this one has ${file.size}`);
    return state;
}

async function send(requests: Requests, where: string, offset: number, body: Blob, signal?: AbortSignal): Promise<State> {
    const headers = { ...TUS, 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' };
    const state = stateOf(await requests.once('PATCH', where, { headers, body, signal }));
    if (!state.task && state.offset <= offset) throw new TypeError('an answer that took nothing of a piece');
    return state;
}

export async function uploadInPieces(requests: Requests, file: Blob, o: PiecesOptions): Promise<number> {
    const { signal, largestPiece = LARGEST } = o;
    let where = o.resume, state: State | undefined;
    if (where) {
        try {
            state = await look(requests, where, file, signal);
        } catch (error) {
            if (!isGone(error)) throw error;
            where = undefined;
        }
    }
    where ??= await create(requests, file, o);
    state ??= { offset: 0, task: 0 };
    let size = Math.min(SMALLEST, largestPiece), there = state.offset, moved = performance.now();
    o.onProgress?.(there, file.size);
    // a piece of nothing at the end asks for the task again, where the answer with its number was lost
    for (let failures = 0; !state?.task; ) {
        try {
            state ??= await look(requests, where, file, signal);
            const begun = performance.now();
            if (!state.task) state = await send(requests, where, state.offset, file.slice(state.offset, state.offset + size), signal);
            if (performance.now() - begun < PIECE_MS) size = Math.min(size * 2, largestPiece);
        } catch (error) {
            signal?.throwIfAborted();
            const ms = passes(error) && requests.patient(moved) ? requests.wait(failures++, error) : undefined;
            if (ms === undefined) throw error;
            state = undefined;
            size = Math.min(SMALLEST, largestPiece);
            await pause(ms, signal);
        }
        if (state && state.offset > there) {
            failures = 0;
            moved = performance.now();
            there = state.offset;
            o.onProgress?.(there, file.size);
        }
    }
    return state.task;
}
