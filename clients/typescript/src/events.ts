// Server-Sent Events, as the HTML standard describes them, over fetch: browsers' EventSource cannot send a token.
import { ReelgateError } from './error.js';
import { type Requests, broke, pause } from './request.js';
import type { TaskEvent } from './types.js';

export interface EventOptions {
    /** Of this task alone; otherwise of all of the user. */
    task?: number;
    /** The number of the last event that is known: all that came after it are told first. */
    after?: number;
    /** Ends the stream; the loop over it then throws the signal's reason. */
    signal?: AbortSignal;
}

interface Block { id?: number; data?: string; retry?: number }

/** The blocks of a stream; comments, which only keep it alive, are left out. */
export async function* blocks(body: ReadableStream<Uint8Array>): AsyncGenerator<Block, void, void> {
    const reader = body.getReader(), decoder = new TextDecoder();
    let text = '', block: Block = {};
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return;
            text += decoder.decode(value, { stream: true });
            // a \r at the end may be the first half of an end of line
            for (let m; (m = /\r\n|\n|\r(?!$)/.exec(text)); ) {
                const line = text.slice(0, m.index);
                text = text.slice(m.index + m[0].length);
                if (line === '') {
                    yield block;
                    block = {};
                    continue;
                }
                const colon = line.indexOf(':'), name = colon < 0 ? line : line.slice(0, colon), said = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
                if (name === 'data') block.data = block.data === undefined ? said : `${block.data}\n${said}`;
                else if (name === 'id' && /^\d+$/.test(said)) block.id = Number(said);
                else if (name === 'retry' && /^\d+$/.test(said)) block.retry = Number(said);
            }
        }
    } finally {
        await reader.cancel().catch(() => {}); // it may have failed already, which the loop has thrown
    }
}

export async function* events(requests: Requests, { task, after, signal }: EventOptions): AsyncGenerator<TaskEvent, void, void> {
    const path = task === undefined ? '/api/tasks/events' : `/api/tasks/${task}/events`;
    let last = after, rest = 2000, heard = performance.now();
    for (let failures = 0; ; ) {
        let why: unknown;
        try {
            const headers: Record<string, string> = { Accept: 'text/event-stream' };
            if (last !== undefined) headers['Last-Event-ID'] = String(last);
            const response = await requests.once('GET', path, { headers, signal });
            if (!response.headers.get('content-type')?.startsWith('text/event-stream')) throw new TypeError('an answer that is no stream of events');
            for await (const block of blocks(response.body!)) {
                failures = 0;
                heard = performance.now();
                if (block.retry !== undefined) rest = block.retry;
                if (block.id !== undefined) last = block.id;
                if (block.data !== undefined) yield { ...(JSON.parse(block.data) as TaskEvent), id: last ?? 0 };
                heard = performance.now(); // who listens may have taken any time
            }
        } catch (error) {
            signal?.throwIfAborted();
            if (!(error instanceof ReelgateError ? error.temporary : broke(error)) || !requests.patient(heard)) throw error;
            why = error;
        }
        // servers end a stream now and then, and when they stop
        const ms = why === undefined ? rest : requests.wait(failures++, why);
        if (ms === undefined) throw why;
        await pause(ms, signal);
    }
}
