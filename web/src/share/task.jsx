// What the desk and the page of a reel show of a task alike.
import { number, say, soon } from './state.js';
import { freshTask, kept, tasks } from './tasks.js';

export const Bar = ({ name, value }) => (
    <progress class="bar" max="100" value={value} aria-label={say('progressOf', name)} />
);
// How a task in line is doing: its place, and what is left as far as earlier clips tell.
export function lineOf(t) {
    const parts = [];
    if (t.status === 'processing') parts.push(`${t.progress} %`);
    else if (t.status === 'uploaded' && t.queue?.place > 0)
        parts.push(
            t.queue.place === 1 ? say('nextInLine') : say('placeInLine', number(t.queue.place)),
        );
    const told = t.queue?.seconds ?? 0,
        left = told - (Date.now() - t.askedAt) / 1000;
    if (left > 0) parts.push(say('timeLeft', soon(left)));
    return parts.join(' · ');
}

// A link that is too old is asked for anew before it is followed.
export async function download(event, id) {
    if (tasks.known.get(id)?.askedAt > Date.now() - 10 * 60 * 1000) return;
    const a = event.currentTarget;
    event.preventDefault();
    const t = await freshTask(id).catch((e) => {
        tasks.notes.set(id, e);
        return null;
    });
    if (!t) return;
    a.href = kept(t.download);
    a.click();
}
