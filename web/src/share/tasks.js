// The tasks of the user: which there are, what is known of each, and how both stay true. The list
// of ids and states is short and asked for at once, the newest first; what else is known of tasks
// is asked for when their cards come into sight, all of them together. Who looks for one state gets
// the older ones of that state alone. Events keep both up to date; without them the page looks by
// itself.
import { follow } from './events.js';
import { announce, ask, change, say, state, whenSessionEnds } from './state.js';

export const PAGE_SIZE = 24;
const LIST_MAX = 1000;
const LINK_FRESH_MS = 10 * 60 * 1000; // signed links live longer; older ones are asked for anew
const LINE_MS = 4000;
const LOOK_FIRST_MS = 700,
    LOOK_LAST_MS = 5000,
    LANES = 4;
const STATES = new Set(['uploaded', 'processing', 'processed', 'failed']);
export const ASKED = {
    all: ['all'],
    working: ['uploaded', 'processing'],
    ready: ['processed'],
    failed: ['failed'],
};
export const FILTERS = {
    all: () => true,
    working: (s) => s === 'uploaded' || s === 'processing',
    ready: (s) => s === 'processed',
    failed: (s) => s === 'failed',
};

export const tasks = {
    list: [], // { id, status }, newest first
    known: new Map(), // id: the server's answer, with askedAt
    names: new Map(), // id: the name of a file that was uploaded here, before its task is known
    hidden: new Set(), // deleted, while it can be undone
    loaded: false,
    ends: {}, // state, or all: the id below which that list goes on; 0: it is whole
    error: null,
    live: true, // the stream of events works
    busy: new Set(), // retries on their way
    notes: new Map(), // id: an error of what was asked for last
    pictures: new Map(), // id: the address of a picture of the clip, until the poster is there
};

// Links are used as paths, so that the page stays with the server that it came from.
export function local(link) {
    const url = new URL(link, location.href);
    return url.pathname + url.search;
}
// To keep, not to look at: also where the link leads to another host, on which browsers do not mind
// the attribute `download`.
export const kept = (link) => `${local(link)}&download=1`;
export function nameOf(id) {
    const t = tasks.known.get(id);
    return (t && (t.title || t.file_name)) || tasks.names.get(id) || say('fallbackName', id);
}
export const shown = (filter) =>
    tasks.list.filter((t) => !tasks.hidden.has(t.id) && FILTERS[filter](t.status));
export const isWorking = (t) => FILTERS.working(t.status);
export const canRetry = (t) => t.status === 'failed' && t.retryable !== false;

export function keepPicture(id, address) {
    dropPicture(id);
    tasks.pictures.set(id, address);
}
export function dropPicture(id) {
    if (!tasks.pictures.has(id)) return;
    URL.revokeObjectURL(tasks.pictures.get(id));
    tasks.pictures.delete(id);
    change();
}

// -- what is known ----------------------------------------------------------------------------

function place(id, status) {
    if (!STATES.has(status)) return;
    const at = tasks.list.findIndex((t) => t.id <= id);
    if (at >= 0 && tasks.list[at].id === id) tasks.list[at].status = status;
    else tasks.list.splice(at < 0 ? tasks.list.length : at, 0, { id, status });
}
export function forget(id) {
    tasks.list = tasks.list.filter((t) => t.id !== id);
    tasks.known.delete(id);
    tasks.hidden.delete(id);
    tasks.notes.delete(id);
    heardAt.delete(id);
    dropPicture(id);
    listChanged();
    change();
}
// run() when tasks came, went, or are others than they were: what lists them in another order asks
// anew.
const onList = [];
export const whenListChanges = (run) => onList.push(run);
export function listChanged() {
    for (const run of onList) run();
}

// When an event last told another state of a task, by the page's clock. An answer that was asked
// for before then may be of the state before, so it does not count and is asked for again.
const heardAt = new Map();
export const clock = () => performance.now();
const mayBeOld = (id, askedAt) => (heardAt.get(id) ?? -1) >= askedAt;

// Each answer signs its links anew; a picture that is shown keeps its own, or it would be loaded
// again.
function know(id, task) {
    const before = tasks.known.get(id),
        now = Date.now();
    const same = before?.poster && task.poster?.split('?')[0] === before.poster.split('?')[0];
    const { poster, posterAt } =
        same && now - before.posterAt < LINK_FRESH_MS ? before : { ...task, posterAt: now };
    tasks.known.set(id, { ...task, poster, posterAt, askedAt: now });
    place(id, task.status);
}

const asking = new Map();
export function refresh(id) {
    if (asking.has(id)) return asking.get(id);
    const asker = state.token;
    const asked = (async () => {
        try {
            let task, askedAt;
            do {
                askedAt = clock();
                task = await ask('GET', `/api/tasks/${id}`);
                if (state.token !== asker) return null;
            } while (mayBeOld(id, askedAt));
            know(id, task);
            change();
            return task;
        } catch (e) {
            if (e.status === 404) forget(id);
            throw e;
        } finally {
            asking.delete(id);
        }
    })();
    asking.set(id, asked);
    return asked;
}
const ofState = (status) => (status === 'all' ? '' : `&status=${status}`);
// What the server knows of those between the first and the last of ids, in one answer.
async function refreshRange(ids, status) {
    const asker = state.token,
        [first, last] = [Math.max(...ids), Math.min(...ids)];
    const many = tasks.list.filter(
        (t) => t.id <= first && t.id >= last && (status === 'all' || t.status === status),
    ).length;
    const askedAt = clock();
    const { data } = await ask(
        'GET',
        `/api/tasks?view=full&order=1&max=${many}&after=${first + 1}${ofState(status)}`,
    );
    if (state.token !== asker) return;
    take(data, askedAt);
    change();
}
// Answers of the server that were asked for then, as what is known.
export function take(data, askedAt) {
    for (const task of data) {
        if (mayBeOld(task.id, askedAt)) refresh(task.id).catch(() => {});
        else know(task.id, task);
    }
}
// Does run(id) for all ids, a few at a time.
export async function inLanes(ids, run) {
    const rest = [...ids];
    const lane = async () => {
        while (rest.length) await run(rest.shift());
    };
    await Promise.all(Array.from({ length: Math.min(LANES, rest.length) }, lane));
}
async function refreshAll(ids) {
    let trouble = null;
    await inLanes(ids, async (id) => {
        if (!trouble)
            await refresh(id).catch((e) => {
                if (e.status !== 404) trouble = e;
            });
    });
    if (trouble) throw trouble;
}
// What cards in sight do not know yet, or no longer.
let wanting = false;
const isKnown = ({ id, status }) => {
    const t = tasks.known.get(id);
    return !!t && (t.status === status || isWorking({ status }));
};
export async function want(list, filter) {
    const wanted = list.filter((t) => !isKnown(t));
    if (wanted.length === 0 || wanting) return;
    wanting = true;
    await fetchWanted(wanted, filter).then(
        () => {
            tasks.error = null;
        },
        (e) => {
            tasks.error = e;
        },
    );
    wanting = false;
    if (tasks.error) setTimeout(change, LOOK_LAST_MS);
    change();
}
async function fetchWanted(wanted, filter) {
    if (wanted.length > LANES) {
        for (const status of ASKED[filter]) {
            const ids = wanted
                .filter((t) => status === 'all' || t.status === status)
                .map((t) => t.id);
            if (ids.length) await refreshRange(ids, status);
        }
    }
    await refreshAll(wanted.filter((t) => !isKnown(t)).map((t) => t.id));
}
// Those that wait move up as others are done, of whoever: their places are asked for now and then.
let line = [],
    lineTimer = 0;
export function watchLine(ids) {
    line = ids;
    if (line.length && !lineTimer) lineTimer = setTimeout(lookAtLine, LINE_MS);
}
async function lookAtLine() {
    const ids = line.filter((id) => tasks.known.get(id)?.status === 'uploaded').slice(0, PAGE_SIZE);
    if (state.token && ids.length && !document.hidden && tasks.live)
        await (ids.length > LANES ? refreshRange(ids, 'uploaded') : refreshAll(ids)).catch(
            () => {},
        );
    lineTimer = 0;
    watchLine(line);
}
// Links are good for an hour or so; whoever uses one makes sure that it is young.
export async function freshTask(id) {
    const t = tasks.known.get(id);
    if (t && Date.now() - t.askedAt <= LINK_FRESH_MS) return t;
    await refresh(id);
    return tasks.known.get(id);
}

// -- the list ---------------------------------------------------------------------------------

const endOf = (status) => tasks.ends[status] ?? tasks.ends.all ?? 0;
export const isWhole = (filter) => ASKED[filter].every((status) => endOf(status) === 0);

export async function loadList() {
    const asker = state.token,
        askedAt = clock();
    try {
        const { data } = await ask('GET', `/api/tasks?order=1&max=${LIST_MAX}`);
        if (state.token !== asker) return;
        const before = new Map(tasks.list.map((t) => [t.id, t.status]));
        tasks.list = data
            .filter((t) => STATES.has(t.status))
            .map(({ id, status }) => ({
                id,
                status: (mayBeOld(id, askedAt) && before.get(id)) || status,
            }));
        tasks.ends = { all: data.length < LIST_MAX ? 0 : data.at(-1).id };
        tasks.loaded = true;
        tasks.error = null;
    } catch (e) {
        if (e.status !== 401) tasks.error = e;
    }
    change();
}

// Older ones of a filter.
let older = false;
export async function loadOlder(filter) {
    if (older || isWhole(filter)) return;
    const asker = state.token;
    older = true;
    try {
        for (const status of ASKED[filter].filter((one) => endOf(one) > 0)) {
            const { data } = await ask(
                'GET',
                `/api/tasks?order=1&max=${LIST_MAX}&after=${endOf(status)}${ofState(status)}`,
            );
            if (state.token !== asker) return;
            const there = new Set(tasks.list.map((t) => t.id));
            tasks.list.push(
                ...data
                    .filter((t) => STATES.has(t.status) && !there.has(t.id))
                    .map(({ id, status: s }) => ({ id, status: s })),
            );
            tasks.list.sort((a, b) => b.id - a.id);
            tasks.ends[status] = data.length < LIST_MAX ? 0 : data.at(-1).id;
        }
        if (tasks.ends.all === 0) tasks.ends = { all: 0 };
        tasks.error = null;
    } catch (e) {
        if (e.status !== 401) tasks.error = e;
    } finally {
        older = false;
    }
    change();
}

export function added(id, name) {
    tasks.names.set(id, name);
    if (!tasks.list.some((t) => t.id === id)) place(id, 'uploaded');
    announce('didUpload', name);
    refresh(id).catch(() => {});
    lookSoon();
    listChanged();
}

// -- events, and looking where there are none -------------------------------------------------

function hearOf(e) {
    if (e.type === 'hello') return;
    if (e.type === 'reset') {
        tasks.known.clear();
        loadList();
        return;
    }
    const id = e.task_id;
    if (e.type === 'task.deleted') {
        forget(id);
        return;
    }
    if (tasks.list.find((one) => one.id === id)?.status !== e.status) heardAt.set(id, clock());
    place(id, e.status);
    const t = tasks.known.get(id);
    if (e.status === 'processed' || e.status === 'failed') ended(id, t?.status, e.status);
    else if (t) {
        const again = e.type === 'task.uploaded' || e.type === 'task.processing';
        tasks.known.set(id, {
            ...t,
            status: e.status,
            error: null,
            progress: again ? e.progress : Math.max(t.progress, e.progress),
        });
        // what is left is known better now
        if (e.type === 'task.processing') refresh(id).catch(() => {});
    }
    change();
}
async function ended(id, before, status) {
    await refresh(id).catch(() => {});
    listChanged();
    if (before !== status && tasks.known.get(id)?.status === status && !tasks.hidden.has(id))
        announce(status === 'processed' ? 'didFinish' : 'didFail', nameOf(id));
}

let timer = 0,
    pause = LOOK_FIRST_MS,
    stopFollowing = null;
const onLive = [];
// run() when events come again after they did not.
export const whenLive = (run) => onLive.push(run);
// The server was just heard of.
export const hurry = () => stopFollowing?.hurry();
export function lookSoon() {
    pause = LOOK_FIRST_MS;
    clearTimeout(timer);
    if (!tasks.live) timer = setTimeout(look, pause);
}
async function look() {
    if (tasks.live || !state.token) return;
    const working = tasks.list
        .filter(isWorking)
        .map((t) => t.id)
        .slice(-8);
    const sight = () =>
        working
            .map((id) => `${tasks.known.get(id)?.status}${tasks.known.get(id)?.progress}`)
            .join();
    const before = sight();
    const was = new Map(working.map((id) => [id, tasks.known.get(id)?.status]));
    if (working.length === 0 || tasks.error) await loadList();
    else
        await refreshAll(working).then(
            () => {
                tasks.error = null;
            },
            (e) => {
                if (e.status !== 401) tasks.error = e;
            },
        );
    for (const id of working) {
        const now = tasks.known.get(id)?.status;
        if (now !== was.get(id) && (now === 'processed' || now === 'failed'))
            announce(now === 'processed' ? 'didFinish' : 'didFail', nameOf(id));
    }
    pause = sight() !== before ? LOOK_FIRST_MS : Math.min(LOOK_LAST_MS, pause * 1.25);
    clearTimeout(timer);
    if (!tasks.live) timer = setTimeout(look, document.hidden ? LOOK_LAST_MS : pause);
    change();
}

export function openTasks() {
    tasks.live = true;
    stopFollowing?.();
    loadList();
    stopFollowing = follow(hearOf, (live) => {
        if (live === tasks.live) return;
        tasks.live = live;
        if (live) {
            // what was missed comes first; the list may have failed meanwhile
            if (tasks.error || !tasks.loaded) loadList();
            for (const run of onLive) run();
        } else lookSoon();
        change();
    });
}
addEventListener('visibilitychange', () => {
    if (!document.hidden && state.token) lookSoon();
});

whenSessionEnds(() => {
    stopFollowing?.();
    stopFollowing = null;
    clearTimeout(timer);
    line = [];
    for (const id of [...tasks.pictures.keys()]) dropPicture(id);
    for (const part of ['known', 'names', 'hidden', 'busy', 'notes']) tasks[part].clear();
    heardAt.clear();
    Object.assign(tasks, { list: [], loaded: false, ends: {}, error: null, live: true });
});
