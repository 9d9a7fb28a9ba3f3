// What becomes of tasks, as it happens: Server-Sent Events, read with fetch because the browser's
// own reader cannot send a token. Broken streams are taken up where they broke; where they never
// come through, the one who listens is told to look by himself.
import { credentials, endSession, say, state } from './state.js';

const SILENCE_MS = 40_000; // the server says something every 15 s
const AGAIN_MS = 2000,
    AGAIN_MAX_MS = 15_000;

// Calls take({ id, event, data }) for each event in the text of a stream; returns what is left of
// it.
export function readEvents(text, take) {
    const blocks = text.split(/\r?\n\r?\n/);
    const rest = blocks.pop();
    for (const block of blocks) {
        const event = { data: '' };
        for (const line of block.split(/\r?\n/)) {
            const [, field, value] = /^([a-z]+):? ?(.*)$/.exec(line) ?? [];
            if (field === 'data') event.data += value;
            else if (field) event[field] = value;
        }
        if (event.data) take({ ...event, data: JSON.parse(event.data) });
    }
    return rest;
}

// take(data) for every event; live(bool) tells whether the stream works. Returns a function that
// ends it; its hurry() ends a pause.
export function follow(take, live) {
    let last = '',
        ended = false,
        pause = AGAIN_MS,
        stop = new AbortController(),
        wake = () => {};

    async function once() {
        const asker = state.token;
        const mine = (stop = new AbortController());
        let silence = setTimeout(() => mine.abort(), SILENCE_MS);
        try {
            const headers = {
                ...credentials(),
                Accept: 'text/event-stream',
                ...(last ? { 'Last-Event-ID': last } : {}),
            };
            const answer = await fetch('/api/tasks/events', {
                headers,
                cache: 'no-store',
                priority: 'low',
                signal: mine.signal,
            });
            if (answer.status === 401 && state.token === asker) endSession(say('expired'));
            if (!answer.ok || !answer.body) return;
            const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
            for (let text = ''; ;) {
                const { value, done } = await reader.read();
                if (done) return;
                clearTimeout(silence);
                silence = setTimeout(() => mine.abort(), SILENCE_MS);
                if (ended) return;
                text = readEvents(text + value, ({ id, data }) => {
                    last = id || last;
                    pause = AGAIN_MS;
                    live(true);
                    take(data);
                });
            }
        } catch {
            /* it broke: again */
        } finally {
            clearTimeout(silence);
        }
    }

    async function run() {
        while (!ended) {
            await once();
            if (ended) return;
            live(false);
            await new Promise((done) => {
                wake = done;
                setTimeout(done, pause);
            });
            pause = Math.min(AGAIN_MAX_MS, pause * 1.5);
        }
    }
    const hurry = () => {
        pause = AGAIN_MS;
        wake();
    };
    addEventListener('online', hurry);
    run();
    const end = () => {
        ended = true;
        removeEventListener('online', hurry);
        stop.abort();
        wake();
    };
    return Object.assign(end, { hurry });
}
