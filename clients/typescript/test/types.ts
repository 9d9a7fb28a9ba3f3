// What the types let through and what they stop; compiled and never run. Each `@ts-expect-error` fails the
// compiler where there is no error.
import { Reelgate, ReelgateError, type ErrorCode, type Task, type TaskBrief, type TaskEvent, type TaskListed } from 'reelgate-client';

const client = new Reelgate({ url: 'http://127.0.0.1:8000', token: async () => 'rg_1_x', language: 'en', retries: 0 });
// @ts-expect-error: a client without a server
new Reelgate({ token: 'x' });
// @ts-expect-error: a language that there is not
new Reelgate({ url: '', language: 'fr' });

export async function tasks(): Promise<void> {
    const task: Task = await client.task(7);
    const fit: 'pad' | 'blur' | 'crop' | 'stretch' = task.fit;
    const code: string | undefined = task.error?.code;
    // @ts-expect-error: a field that a task does not have
    task.colour;
    // @ts-expect-error: an id is a number
    await client.task('7');
    // @ts-expect-error: no such state
    if (task.status === 'done') return;
    await client.changeTask(7, { title: 'Un gol', fit: 'crop', start: 2.5 });
    // @ts-expect-error: no such fit
    await client.changeTask(7, { fit: 'round' });
    for await (const one of client.tasks({ status: 'failed', sort: 'size', order: 1, max: 10 })) {
        const brief: TaskBrief = one;
        // @ts-expect-error: only the full view has it
        brief.clip;
    }
    for await (const one of client.tasks({ view: 'full' })) {
        const full: TaskListed = one;
        full.clip;
    }
    // @ts-expect-error: no such order of the list
    client.tasks({ sort: 'colour' });
    void [fit, code];
}

export async function routes(signal: AbortSignal): Promise<void> {
    const me = await client.call('get', '/api/me');
    const used: number = me.quota.bytes_used;
    await client.call('get', '/api/tasks/{task_id}', { path: { task_id: 7 }, signal });
    // @ts-expect-error: its number is missing
    await client.call('get', '/api/tasks/{task_id}');
    // @ts-expect-error: a parameter that is not in the path
    await client.call('get', '/api/tasks/{task_id}', { path: { id: 7 } });
    // @ts-expect-error: no such route
    await client.call('get', '/api/reels');
    // @ts-expect-error: the route does not know this method
    await client.call('put', '/api/me');
    const key = await client.call('post', '/api/keys', { body: { name: 'nightly', scopes: ['read'], expires_in: 86400 } });
    const secret: string = key.key;
    // @ts-expect-error: a key needs scopes
    await client.call('post', '/api/keys', { body: { name: 'nightly' } });
    // @ts-expect-error: a body that must be there
    await client.call('post', '/api/keys');
    // @ts-expect-error: a read has no body
    await client.call('get', '/api/me', { body: {} });
    // @ts-expect-error: no such scope
    await client.call('post', '/api/keys', { body: { name: 'x', scopes: ['write'] } });
    const gone: undefined = await client.call('delete', '/api/keys/{key_id}', { path: { key_id: 1 } });
    const picture: Response = await client.call('post', '/api/admin/profile/preview', { body: { crf: 20 } });
    await client.call('get', '/api/admin/users', { query: { q: 'ana' } });
    // @ts-expect-error: no such parameter
    await client.call('get', '/api/admin/users', { query: { name: 'ana' } });
    void [used, secret, gone, picture];
}

export async function clips(file: File, signal: AbortSignal): Promise<void> {
    const id: number = await client.upload(file, { title: 'Un gol', fit: 'blur', start: 1, idempotencyKey: 'gol-7', signal });
    await client.uploadInPieces(new Blob(['x']), { name: 'clip.mp4', onProgress: (bytes, of) => bytes / of, onUpload: (upload) => upload.length, resume: '/api/uploads/x' });
    // @ts-expect-error: a path is no clip
    await client.upload('clip.mp4');
    // @ts-expect-error: no such fit
    await client.upload(file, { fit: 'round' });
    const answer: Response = await client.download(id, { headers: { Range: 'bytes=0-99' } });
    void answer;
}

export async function told(): Promise<void> {
    for await (const event of client.events({ after: 41 })) {
        const each: TaskEvent = event;
        const number: number = each.id;
        // @ts-expect-error: `hello` is of no task
        event.task_id;
        if (event.type !== 'hello' && event.type !== 'reset') {
            const progress: number = event.progress;
            void progress;
        }
        // @ts-expect-error: no such event
        if (event.type === 'task.polished') return;
        void number;
    }
}

export function refused(error: unknown): string {
    if (!(error instanceof ReelgateError)) throw error;
    const known: ErrorCode = 'parameter_bad';
    // @ts-expect-error: no such code
    const unknown: ErrorCode = 'parameter_odd';
    // @ts-expect-error: what a server said stays
    error.code = 'other';
    void unknown;
    return error.code === known ? `${error.parameter}: ${error.allowed}` : `${error.status} ${error.requestId}`;
}
