// What a view of the desk lists, page by page, and where somebody was in it.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { found, hits, isAll, isPlain, keyOf, look, more } from './found.js';
import { PAGE_SIZE, isWhole, loadOlder, shown, tasks, want } from '../share/tasks.js';

// Where somebody was in each view.
const places = new Map();

// What a view shows: its tasks, as far as they are known; whether there are more, and how to get
// them.
export function useList(view) {
    const key = keyOf(view),
        plain = isPlain(view),
        { filter } = view;
    const [pages, setPages] = useState({ key, n: places.get(key)?.pages ?? 1 });
    const n = pages.key === key ? pages.n : (places.get(key)?.pages ?? 1);
    const ours = useRef();
    ours.current = { key, pages: n };
    useEffect(() => {
        look(view);
    }, [key]);
    const all = plain ? shown(filter) : hits(filter),
        list = all.slice(0, n * PAGE_SIZE);
    const whole = plain ? isWhole(filter) : isAll(),
        loaded = plain ? tasks.loaded : found.loaded;
    const error = plain ? tasks.error : found.error;
    // few of the newest are of this state: the older ones that are
    const few = plain && loaded && !error && all.length < PAGE_SIZE && !whole;
    useEffect(() => {
        if (few) loadOlder(filter);
    }, [few, filter]);
    useEffect(() => {
        if (loaded) want(list, filter);
    });
    async function next() {
        if (all.length < (n + 1) * PAGE_SIZE && !whole) await (plain ? loadOlder(filter) : more());
        if (ours.current.key === key) setPages({ key, n: n + 1 });
    }
    return {
        list,
        loaded,
        error,
        few,
        key,
        pages: n,
        more: (all.length > list.length || !whole) && loaded ? next : null,
    };
}

// Back to where somebody was, and to the card that was opened there.
export function usePlace(key, pages, first) {
    const now = useRef();
    now.current = { key, pages };
    useLayoutEffect(() => {
        const place = places.get(key);
        scrollTo(0, place?.y ?? 0);
        if (!first)
            (
                document.querySelector(`.card[data-id="${place?.id}"] .name a`) ??
                document.getElementById('title')
            ).focus({ preventScroll: true });
        const opened = (event) => {
            now.current.id = Number(event.target.closest?.('.card')?.dataset.id) || now.current.id;
        };
        addEventListener('click', opened, true);
        return () => {
            removeEventListener('click', opened, true);
            places.set(now.current.key, { ...now.current, y: scrollY });
        };
    }, []);
}
