// One request: its address, its token, its language; tried again where that can do no harm.
import { ReelgateError, errorOf } from './error.js';

export interface Options {
    /** Of the server, such as `https://reels.example.org`. */
    url: string | URL;
    /** The token of a log-in or an API key; a function is asked before each request. */
    token?: string | (() => string | undefined | Promise<string | undefined>);
    /** Of messages; the server's own is Spanish. */
    language?: 'es' | 'en';
    /** How often a request is repeated that failed by chance, and can be repeated safely; 0: never. */
    retries?: number;
    /** Milliseconds that uploads in pieces and events try to go on without getting anywhere, before they throw. */
    patience?: number;
    /** Milliseconds between two tries at most; when the server asks for more, the error is thrown. */
    longestWait?: number;
    /** In place of the global one. */
    fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface Sent {
    query?: object | undefined;
    headers?: Record<string, string> | undefined;
    /** An object is sent as JSON; FormData, Blob, bytes and texts as they are. */
    body?: unknown;
    signal?: AbortSignal | undefined;
}

/** The same request twice is as good as once. A delete is not: the second one would find nothing. */
const SAFE = ['GET', 'HEAD', 'OPTIONS', 'PUT'];
const FIRST_WAIT_MS = 250;

/** What fetch throws when there is no connection, or none any more. */
export const broke = (error: unknown) => error instanceof TypeError;

/** Ends early, with the reason, when the signal says so. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((done, failed) => {
        if (signal?.aborted) return failed(signal.reason);
        const over = () => {
            clearTimeout(timer);
            failed(signal?.reason);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener('abort', over);
            done();
        }, ms);
        signal?.addEventListener('abort', over, { once: true });
    });
}

const asIs = (body: unknown): body is BodyInit => typeof body === 'string' || body instanceof FormData || body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body);

export class Requests {
    readonly base: string;
    token: Options['token'];
    readonly #options: Options;

    constructor(options: Options) {
        this.#options = options;
        this.base = String(options.url).replace(/\/+$/, '');
        this.token = options.token;
    }

    /** Milliseconds to wait after the n-th failure in a row; undefined: too long. */
    wait(n: number, error: unknown): number | undefined {
        const longest = this.#options.longestWait ?? 30_000, asked = error instanceof ReelgateError ? error.retryAfter : undefined;
        if (asked !== undefined && asked > longest) return undefined;
        return asked ?? Math.min(longest, FIRST_WAIT_MS * 2 ** Math.min(n, 20) * (0.5 + Math.random()));
    }
    /** Whether what got nowhere since then (of performance.now) is still tried. */
    patient(since: number): boolean {
        return performance.now() - since < (this.#options.patience ?? 120_000);
    }

    /** An answer of 2xx or 3xx; anything else is thrown. The path may bring a query of its own. */
    async send(method: string, path: string, sent: Sent = {}): Promise<Response> {
        const safe = SAFE.includes(method) || 'Idempotency-Key' in (sent.headers ?? {});
        for (let n = 0; ; n++) {
            try {
                return await this.once(method, path, sent);
            } catch (error) {
                sent.signal?.throwIfAborted();
                const refused = error instanceof ReelgateError;
                const again = safe && (refused ? error.temporary : broke(error));
                const ms = again && n < (this.#options.retries ?? 3) ? this.wait(n, error) : undefined;
                if (ms === undefined) throw error;
                await pause(ms, sent.signal);
            }
        }
    }

    /** The same, without another try. */
    async once(method: string, path: string, { query, headers, body, signal }: Sent = {}): Promise<Response> {
        if (!path.startsWith('/')) throw new Error(`not a path of the server: ${path}`); // the token stays here
        const all: Record<string, string> = { ...headers };
        const token = typeof this.token === 'function' ? await this.token() : this.token;
        if (token) all.Authorization = `Bearer ${token}`;
        if (this.#options.language) all['Accept-Language'] = this.#options.language;
        const init: RequestInit = { method, headers: all };
        if (signal) init.signal = signal;
        if (body !== undefined && asIs(body)) {
            init.body = body;
        } else if (body !== undefined) {
            init.body = JSON.stringify(body);
            all['Content-Type'] = 'application/json';
        }
        const more = new URLSearchParams(Object.entries(query ?? {}).filter(([, v]) => v !== undefined).map(([k, v]) => [k, String(v)])).toString();
        return this.open(`${this.base}${path}${more && (path.includes('?') ? '&' : '?')}${more}`, init);
    }

    /** Any address, such as a signed link; without a token. */
    async open(url: string, init: RequestInit): Promise<Response> {
        const response = await (this.#options.fetch ?? globalThis.fetch)(url, init);
        if (!response.ok) throw await errorOf(response);
        return response;
    }
}
