// What can be done with tasks: tried again, altered, deleted, and not deleted after all.
import {
    announce,
    ask,
    change,
    closeToast,
    inWords,
    number,
    say,
    state,
    toast,
    whenSessionEnds,
} from './state.js';
import {
    clock,
    forget,
    inLanes,
    listChanged,
    lookSoon,
    nameOf,
    refresh,
    take,
    tasks,
} from './tasks.js';

// As the server takes it.
export const TITLE_MAX = 200;

export async function retry(id) {
    if (tasks.busy.has(id)) return;
    tasks.busy.add(id);
    tasks.notes.delete(id);
    change();
    try {
        await ask('POST', `/api/tasks/${id}/retry`);
        await refresh(id);
        lookSoon();
    } catch (e) {
        tasks.notes.set(id, e);
    }
    tasks.busy.delete(id);
    change();
}

// Changes what was wished: { title } or { fit, start }. The last two make the reel anew.
export async function alter(id, wish) {
    const asker = state.token,
        askedAt = clock(),
        before = tasks.known.get(id);
    tasks.notes.delete(id);
    if (before && 'title' in wish) tasks.known.set(id, { ...before, title: wish.title });
    change();
    try {
        const task = await ask('PATCH', `/api/tasks/${id}`, wish);
        if (state.token !== asker) return;
        take([{ ...task, id }], askedAt);
        listChanged();
    } catch (e) {
        if (before) tasks.known.set(id, before);
        tasks.notes.set(id, e);
    }
    change();
}

// Deleted together, so that it is undone together.
const pending = []; // { ids, toast }
export function remove(...wanted) {
    const ids = wanted.filter((id) => !tasks.hidden.has(id));
    if (ids.length === 0) return;
    const what = ids.length === 1 ? nameOf(ids[0]) : number(ids.length),
        many = ids.length > 1;
    for (const id of ids) tasks.hidden.add(id);
    const one = { ids };
    const undo = () => {
        end(one);
        for (const id of ids) tasks.hidden.delete(id);
        announce(many ? 'didUndoMany' : 'didUndo', what);
    };
    one.toast = toast(
        say(many ? 'didRemoveMany' : 'didRemove', what),
        { label: say('undo'), name: say(many ? 'undoMany' : 'undoOf', what), run: undo },
        () => reallyRemove(one),
    );
    pending.push(one);
}
function end(one) {
    closeToast(one.toast, false);
    if (pending.includes(one)) pending.splice(pending.indexOf(one), 1);
}
function reallyRemove(one) {
    end(one);
    inLanes(one.ids, (id) => removeOne(id));
}
async function removeOne(id, more) {
    try {
        await ask('DELETE', `/api/tasks/${id}`, undefined, more);
        forget(id);
    } catch (e) {
        if (e.status === 404) {
            forget(id);
            return;
        }
        tasks.hidden.delete(id); // it is still there: say so
        toast(`${nameOf(id)}: ${inWords(e)}`);
        change();
    }
}
export function undoLast() {
    const last = pending.at(-1);
    last?.toast.act.run();
    return !!last;
}
// The page is left: what was deleted shall be, though nobody waits for the answer.
export function flushDeletes() {
    for (const one of [...pending]) {
        end(one);
        for (const id of one.ids) removeOne(id, { keepalive: true });
    }
}
addEventListener('pagehide', flushDeletes);
whenSessionEnds(flushDeletes);
