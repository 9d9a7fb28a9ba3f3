/**
 * The client of Reelgate: every route by `call`, typed as the server describes itself, and by name what needs more than one
 * request: uploads that go on, events that come again, lists page after page. For Node from 20 on and for browsers.
 */
import { ReelgateError } from './error.js';
import { type EventOptions, events } from './events.js';
import { type Options, Requests } from './request.js';
import type { AdminTaskQuery, Arguments, Me, Method, Path, Result, Schemas, Task, TaskBrief, TaskEvent, TaskListed, TaskOwned, TaskQuery } from './types.js';
import { type PiecesOptions, type UploadOptions, upload, uploadInPieces } from './upload.js';

export type { ErrorCode, components, operations, paths } from './api.js';
export { ReelgateError } from './error.js';
export type { EventOptions } from './events.js';
export type { Options } from './request.js';
export type * from './types.js';
export type { PiecesOptions, UploadOptions } from './upload.js';

interface Stop { signal?: AbortSignal }

export class Reelgate {
    readonly #requests: Requests;

    constructor(options: Options) {
        this.#requests = new Requests(options);
    }

    /** Any route: `call('get', '/api/tasks/{task_id}', { path: { task_id: 7 } })`. Refusals are thrown as ReelgateError. */
    async call<M extends Method, P extends Path<M>>(method: M, path: P, ...[given]: Record<never, never> extends Arguments<P, M> ? [Arguments<P, M>?] : [Arguments<P, M>]): Promise<Result<P, M>> {
        const { path: parts, query, body, headers, signal } = (given ?? {}) as { path?: Record<string, string | number>; query?: object; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal };
        const where = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(parts?.[name])));
        const all = path.startsWith('/api/uploads') ? { 'Tus-Resumable': '1.0.0', ...headers } : headers;
        const response = await this.#requests.send(method.toUpperCase(), where, { query, body, headers: all, signal });
        if (response.headers.get('content-type')?.startsWith('application/json')) return (await response.json()) as Result<P, M>;
        return (response.headers.has('content-type') ? response : undefined) as Result<P, M>;
    }

    // -- who asks --

    async signUp(who: { username: string; email: string; password: string }): Promise<void> {
        await this.call('post', '/api/auth/signup', { body: { username: who.username, email: who.email, password1: who.password, password2: who.password } });
    }
    /** The token, good for a day, with which this client goes on. */
    async logIn(username: string, password: string): Promise<string> {
        const { token } = await this.call('post', '/api/auth/login', { body: { username, password } });
        this.#requests.token = token;
        return token;
    }
    me(o: Stop = {}): Promise<Me> {
        return this.call('get', '/api/me', o);
    }

    // -- clips up --

    /** In one request; the number of the task. For clips that are small, or lines that do not break. */
    upload(clip: Blob, options: UploadOptions = {}): Promise<number> {
        return upload(this.#requests, clip, options);
    }
    /** In pieces, with progress, and going on by itself where the line breaks; the number of the task. */
    uploadInPieces(clip: Blob, options: PiecesOptions = {}): Promise<number> {
        return uploadInPieces(this.#requests, clip, options);
    }

    // -- tasks --

    task(id: number, o: Stop = {}): Promise<Task> {
        return this.call('get', '/api/tasks/{task_id}', { path: { task_id: id }, ...o });
    }
    /** Every task, page after page: `for await (const task of client.tasks({ status: 'failed' }))`. */
    tasks(query: TaskQuery & { view: 'full' }, o?: Stop): AsyncGenerator<TaskListed, void, void>;
    tasks(query?: TaskQuery & { view?: undefined }, o?: Stop): AsyncGenerator<TaskBrief, void, void>;
    tasks(query?: TaskQuery, o: Stop = {}): AsyncGenerator<TaskBrief | TaskListed, void, void> {
        return this.#pages<TaskBrief | TaskListed>('/api/tasks', query, o);
    }
    /** Those of all users, for admins. */
    allTasks(query?: AdminTaskQuery, o: Stop = {}): AsyncGenerator<TaskOwned, void, void> {
        return this.#pages<TaskOwned>('/api/admin/tasks', query, o);
    }
    /** Another fit or start makes the reel anew. */
    changeTask(id: number, change: NonNullable<Arguments<'/api/tasks/{task_id}', 'patch'>['body']>, o: Stop = {}): Promise<Task> {
        return this.call('patch', '/api/tasks/{task_id}', { path: { task_id: id }, body: change, ...o });
    }
    async retryTask(id: number, o: Stop = {}): Promise<void> {
        await this.call('post', '/api/tasks/{task_id}/retry', { path: { task_id: id }, ...o });
    }
    async deleteTask(id: number, o: Stop = {}): Promise<void> {
        await this.call('delete', '/api/tasks/{task_id}', { path: { task_id: id }, ...o });
    }

    // -- what becomes of them --

    /** What happens, as it happens; goes on by itself where the line breaks. */
    events(options: EventOptions = {}): AsyncGenerator<TaskEvent, void, void> {
        return events(this.#requests, options);
    }
    /** Follows a task until its reel is there or it has failed. A task that is deleted meanwhile is an error. */
    async settled(id: number, { signal, onProgress }: Stop & { onProgress?: (percent: number) => void } = {}): Promise<Task> {
        for await (const event of this.events({ task: id, ...(signal && { signal }) })) {
            if (event.type === 'task.progress') {
                onProgress?.(event.progress);
                continue;
            }
            const task = await this.task(id, { signal });
            if (task.status === 'processed' || task.status === 'failed') return task;
        }
        throw new TypeError('a stream of events has ended'); // it never does by itself
    }

    // -- reels down --

    /** The reel, as a Response whose body streams. Seconds of it by a Range: `{ headers: { Range: 'bytes=0-99' } }`. */
    async download(task: number | Pick<Task, 'status' | 'download'>, { headers, signal }: Stop & { headers?: Record<string, string> } = {}): Promise<Response> {
        const { status, download } = typeof task === 'number' ? await this.task(task, { signal }) : task;
        if (status !== 'processed') throw new ReelgateError(409, 'unknown', download);
        const init: RequestInit = {};
        if (headers) init.headers = headers;
        if (signal) init.signal = signal;
        return this.#requests.open(new URL(download, `${this.#requests.base}/`).href, init);
    }

    async *#pages<T>(path: string, query: object | undefined, { signal }: Stop): AsyncGenerator<T, void, void> {
        for (let next: string | null = path, first = true; next; first = false) {
            const response = await this.#requests.send('GET', next, first ? { query, signal } : { signal });
            const page = (await response.json()) as { data: T[]; next: Schemas['Next'] };
            yield* page.data;
            next = page.next;
        }
    }
}
