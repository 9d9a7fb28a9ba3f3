// The client package (clients/typescript), as a test uses it: with a fetch that holds every answer against the
// description. What is published is made anew when its source has changed.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { check, checkEvent } from './contract.mjs';
import { root } from './reelgate.mjs';

execFileSync(join(root, 'script/client'), ['--dist']);
export const { Reelgate, ReelgateError } = await import('../../clients/typescript/dist/index.js');

// What the package sends JSON as is what the description knows; forms and bytes it does not look into.
const said = ({ body, headers }) => (headers?.['Content-Type'] === 'application/json' ? JSON.parse(body) : undefined);
export async function checkedFetch(url, init) {
    const answer = await fetch(url, init), { status, headers } = answer;
    const request = { method: init.method ?? 'GET', url, headers: init.headers ?? {}, body: said(init) };
    if (headers.get('content-type') === 'text/event-stream') {
        check(request, { status, headers });
        return answer;
    }
    const body = Buffer.from(await answer.arrayBuffer());
    check(request, { status, headers, body });
    return new Response(body.length ? body : null, { status, headers });
}

// The package for a client of client.mjs; it goes on with a server that got another port when it started anew. Nothing is
// tried again unless a test says so.
export function packaged(client, { fetch = checkedFetch, ...options } = {}) {
    const first = client.url;
    return new Reelgate({
        url: first, token: () => client.token ?? undefined, retries: 0, ...options,
        fetch: (url, init) => fetch(url.startsWith(`${first}/`) ? client.url + url.slice(first.length) : url, init),
    });
}

// Events as the package tells them, each held against the description.
export async function* eventsOf(api, options) {
    for await (const event of api.events(options)) {
        const { id, ...data } = event;
        checkEvent(data);
        if (!Number.isSafeInteger(id)) throw new Error(`an event without a number: ${JSON.stringify(event)}`);
        yield event;
    }
}
