import type { ErrorCode } from './api.js';

/** An answer of the server that is no success. What fetch itself throws (no connection, an abort) passes as it is. */
export class ReelgateError extends Error {
    override readonly name = 'ReelgateError';
    constructor(
        /** Of HTTP. */
        readonly status: number,
        /** For programs; `unknown` when the answer was not the server's own, such as a proxy's, or had no body. New ones may come. */
        readonly code: ErrorCode | 'unknown' | (string & {}),
        /** For people, in the language of the client. */
        message: string,
        /** Which parameter is at fault, as it is written in the request, and what it may be. */
        readonly parameter?: string,
        readonly allowed?: string,
        /** By which whoever runs the server finds the request in the log. */
        readonly requestId?: string,
        /** Milliseconds after which the server wants to be asked again. */
        readonly retryAfter?: number,
    ) {
        super(message);
    }

    /** Whether the same request may go well later, by itself. */
    get temporary(): boolean {
        return this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
    }
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

/** What a proxy says by itself is no JSON, and the answer to a HEAD is nothing: then the status tells all. */
function objectOf(said: string): Record<string, unknown> {
    try {
        const read: unknown = JSON.parse(said);
        return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {};
    } catch {
        return {};
    }
}

/** Reads the whole answer. */
export async function errorOf(response: Response): Promise<ReelgateError> {
    const body = objectOf(await response.text());
    const after = Number(response.headers.get('retry-after') ?? NaN);
    return new ReelgateError(response.status, text(body.code) ?? 'unknown', text(body.message) ?? `HTTP ${response.status}`,
        text(body.parameter), text(body.allowed), text(body.request_id) ?? response.headers.get('x-request-id') ?? undefined,
        Number.isFinite(after) ? after * 1000 : undefined);
}
