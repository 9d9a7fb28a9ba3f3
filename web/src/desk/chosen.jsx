// Several clips at once: those that are chosen, and what can be done with all of them.
import { remove, retry } from '../share/acts.js';
import { Icon } from '../share/icon.jsx';
import { announce, change, number, say, whenSessionEnds } from '../share/state.js';
import { canRetry, freshTask, inLanes, kept, tasks } from '../share/tasks.js';

const BETWEEN_MS = 400; // one click may save several files when they come slowly

export const chosen = { ids: new Set(), last: 0 };
const tellMany = () => announce('chosen', number(chosen.ids.size));

export function choose(id, yes, upTo = null) {
    // with the shift key: all between the last one and this
    const [from, to] =
        upTo && upTo.includes(chosen.last)
            ? [upTo.indexOf(chosen.last), upTo.indexOf(id)].sort((a, b) => a - b)
            : [];
    for (const one of from === undefined ? [id] : upTo.slice(from, to + 1)) {
        if (yes) chosen.ids.add(one);
        else chosen.ids.delete(one);
    }
    chosen.last = id;
    tellMany();
}
export function chooseNone() {
    chosen.ids.clear();
    chosen.last = 0;
    change();
}
whenSessionEnds(chooseNone);

async function downloadAll(ids) {
    for (const id of ids) {
        const t = await freshTask(id).catch((e) => {
            tasks.notes.set(id, e);
            return null;
        });
        if (!t) continue;
        const a = document.createElement('a');
        Object.assign(a, { href: kept(t.download), download: '' });
        a.click();
        await new Promise((done) => {
            setTimeout(done, BETWEEN_MS);
        });
    }
    change();
}

// all: the ids of the list as it is shown.
export function Chosen({ all }) {
    const ids = [...chosen.ids].filter(
        (id) => tasks.list.some((t) => t.id === id) && !tasks.hidden.has(id),
    );
    if (ids.length === 0) return null;
    const ready = ids.filter((id) => tasks.known.get(id)?.status === 'processed');
    const failed = ids.filter((id) => canRetry(tasks.known.get(id) ?? {}));
    const done = (run) => () => {
        run();
        chooseNone();
        document.getElementById('title')?.focus({ preventScroll: true });
    };
    return (
        <div class="chosen" role="region" aria-label={say('chosenLabel')}>
            <strong>{say(ids.length === 1 ? 'chosenOne' : 'chosen', number(ids.length))}</strong>
            {ids.length < all.length && (
                <button
                    type="button"
                    class="link"
                    id="choose-all"
                    onClick={() => {
                        chosen.ids = new Set(all);
                        tellMany();
                    }}
                >
                    {say('chooseAll')}
                </button>
            )}
            <div class="acts">
                {ready.length > 0 && (
                    <button type="button" id="download-chosen" onClick={() => downloadAll(ready)}>
                        <Icon name="down" />
                        <span class="words">{say('download')}</span>
                    </button>
                )}
                {failed.length > 0 && (
                    <button
                        type="button"
                        id="retry-chosen"
                        onClick={done(() => inLanes(failed, retry))}
                    >
                        <Icon name="again" />
                        <span class="words">{say('retry')}</span>
                    </button>
                )}
                <button type="button" id="remove-chosen" onClick={done(() => remove(...ids))}>
                    <Icon name="bin" />
                    <span class="words">{say('remove')}</span>
                </button>
                <button
                    type="button"
                    class="quiet"
                    id="choose-none"
                    aria-label={say('chooseNone')}
                    title={say('chooseNone')}
                    onClick={chooseNone}
                >
                    <Icon name="close" />
                </button>
            </div>
        </div>
    );
}
