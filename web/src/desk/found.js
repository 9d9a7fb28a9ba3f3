// The list in another order than the usual one, or only what is searched for: the server sorts and
// searches, and the page shows what it found, page after page.
import { ask, change, state, whenSessionEnds } from '../share/state.js';
import { ASKED, FILTERS, clock, take, tasks, whenListChanges } from '../share/tasks.js';

const PAGE = 48,
    MOST = 1000,
    QUIET_MS = 400;
// Orders, by the names that they have in the address: the parameters of the server.
export const SORTS = {
    newest: ['created', 1],
    oldest: ['created', 0],
    title: ['title', 0],
    largest: ['size', 1],
    longest: ['length', 1],
};
export const isPlain = (view) => !view.q && view.sort === 'newest';
export const keyOf = ({ filter, q, sort }) => `${filter}|${sort}|${q}`;

// sources: one for each state that is asked for; next: where each goes on, null: it is whole.
export const found = { key: '', ids: [], sources: [], loaded: false, error: null };
let view = null,
    round = 0,
    timer = 0;

function addressOf(status, max) {
    const [sort, order] = SORTS[view.sort];
    const query = new URLSearchParams({ view: 'full', sort, order, max });
    if (view.q) query.set('q', view.q);
    if (status !== 'all') query.set('status', status);
    return `/api/tasks?${query}`;
}
const pathOf = (link) => {
    const url = new URL(link, location.href);
    return url.pathname + url.search;
};

// Begins anew, with as many as were shown, or goes on with the next page.
async function load(anew, many = PAGE) {
    const mine = ++round,
        asker = state.token;
    const sources = anew
        ? ASKED[view.filter].map((status) => ({ next: addressOf(status, many) }))
        : found.sources;
    const ids = anew ? [] : [...found.ids];
    try {
        const after = await Promise.all(
            sources.map(async ({ next }) => {
                if (!next) return { next: null };
                const askedAt = clock();
                const answer = await ask('GET', next);
                if (state.token !== asker || mine !== round) return { next: null };
                take(answer.data, askedAt);
                ids.push(...answer.data.map((t) => t.id));
                return { next: answer.next ? pathOf(answer.next) : null };
            }),
        );
        if (state.token !== asker || mine !== round) return;
        Object.assign(found, {
            ids: sources.length > 1 ? inOrder([...new Set(ids)]) : [...new Set(ids)],
            sources: after,
            loaded: true,
            error: null,
        });
    } catch (e) {
        if (mine !== round || e.status === 401) return;
        found.error = e;
    }
    change();
}
// What came from several sources, as the server would sort it.
function inOrder(ids) {
    const [sort, order] = SORTS[view.sort];
    const value = (id) => {
        const t = tasks.known.get(id);
        return {
            created: id,
            title: (t?.title || t?.file_name || '').toLowerCase(),
            size: t?.clip?.bytes ?? 0,
            length: t?.clip?.duration ?? 0,
        }[sort];
    };
    return ids.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return (x < y ? -1 : x > y ? 1 : a - b) * (order ? -1 : 1);
    });
}

export function look(wanted) {
    if (isPlain(wanted)) {
        view = null;
        found.key = '';
        return;
    }
    const key = keyOf(wanted);
    if (key === found.key) return;
    const before = view;
    view = wanted;
    Object.assign(found, { key, loaded: false, error: null });
    if (!before || before.filter !== view.filter || before.sort !== view.sort) found.ids = [];
    clearTimeout(timer);
    load(true);
}
export const again = () => {
    if (view) load(true, Math.min(MOST, Math.max(PAGE, found.ids.length)));
};
export const isAll = () => found.loaded && found.sources.every(({ next }) => !next);
let going = false;
export async function more() {
    if (going || isAll()) return;
    going = true;
    await load(false);
    going = false;
}
// Those to show, as { id, status }.
export function hits(filter) {
    return found.ids
        .map((id) => ({ id, status: tasks.known.get(id)?.status }))
        .filter((t) => t.status && !tasks.hidden.has(t.id) && FILTERS[filter](t.status));
}

whenListChanges(() => {
    if (!view) return;
    clearTimeout(timer);
    timer = setTimeout(again, QUIET_MS);
});
whenSessionEnds(() => {
    view = null;
    round++;
    clearTimeout(timer);
    Object.assign(found, { key: '', ids: [], sources: [], loaded: false, error: null });
});
