// The desk: where clips are dropped, and the list of what became of them; searched, sorted, and
// with the place in it kept for whoever comes back.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { TaskCard, UploadCard } from './cards.jsx';
import { Chosen, choose, chosen } from './chosen.jsx';
import { Example } from './example.jsx';
import { SORTS, again, found, hits, isAll, isPlain, keyOf, look, more } from './found.js';
import { listKeys, showHelp } from './keyboard.jsx';
import { Icon } from '../share/icon.jsx';
import { Name } from '../share/name.jsx';
import { Fault } from '../share/parts.jsx';
import { Refused, prepare } from '../upload/prepare.jsx';
import { last } from '../share/last.js';
import { me } from '../share/me.js';
import { addWords, inWords, say, state } from '../share/state.js';
import {
    FILTERS,
    PAGE_SIZE,
    isWhole,
    loadList,
    loadOlder,
    nameOf,
    shown,
    tasks,
    want,
    watchLine,
} from '../share/tasks.js';
import { discard, elsewhere, orphans, uploads } from '../upload/uploads.js';
import { WORDS } from './words.js';

addWords(WORDS);
const AHEAD = '1200px',
    QUIET_MS = 250;

// The address of a view of the list.
function addressOf({ filter, q, sort }) {
    const query = new URLSearchParams({
        ...(q ? { q } : {}),
        ...(sort === 'newest' ? {} : { sort }),
    }).toString();
    return `#/${filter === 'all' ? '' : filter}${query ? `?${query}` : ''}`;
}
// Where somebody was in each view.
const places = new Map();
function go(view) {
    history.replaceState(null, '', addressOf(view));
    dispatchEvent(new Event('hashchange'));
}

function DropZone({ over }) {
    return (
        <div id="drop" class={over ? 'drop over' : 'drop'}>
            <input
                id="files"
                class="hidden-input"
                type="file"
                multiple
                accept={me.known?.accept.join(',')}
                aria-describedby="drop-hint"
                onChange={(event) => {
                    prepare([...event.target.files]);
                    event.target.value = '';
                }}
            />
            <label class="drop-label" for="files">
                <span class="drop-mark">
                    <Icon name="up" size={28} />
                </span>
                <span>
                    <strong class="with-mouse">{say('dropTitle')}</strong>
                    <strong class="with-thumb">{say('chooseTitle')}</strong>
                    <span id="drop-hint" class="hint">
                        {say('dropHint')}
                    </span>
                </span>
            </label>
        </div>
    );
}

function Unfinished() {
    const list = orphans();
    if (list.length === 0) return null;
    return (
        <section class="unfinished" aria-labelledby="unfinished-title">
            <h2 id="unfinished-title">{say('unfinished')}</h2>
            <ul>
                {list.map((one) => {
                    const { filename, title } = one.metadata,
                        percent = Math.floor(one.sent * 100);
                    return (
                        <li key={one.urlStorageKey}>
                            <div class="grow">
                                <strong>
                                    <Name>{title || filename}</Name>
                                </strong>
                                <p>{say('unfinishedHint', percent, filename)}</p>
                            </div>
                            <button
                                type="button"
                                aria-label={say('forgetOf', filename)}
                                onClick={() => discard(one)}
                            >
                                {say('forget')}
                            </button>
                        </li>
                    );
                })}
            </ul>
        </section>
    );
}

const NAMES = { all: 'all', working: 'working', ready: 'ready', failed: 'failedOnes' };
const EMPTY = { working: 'emptyWorking', ready: 'emptyReady', failed: 'emptyFailed' };
// Uploads of this tab and others, as the filters see them.
const OPEN = {
    all: () => true,
    working: (u) => u.state !== 'failed',
    ready: () => false,
    failed: (u) => u.state === 'failed',
};
const going = (filter) => [
    ...uploads.list.filter(OPEN[filter]),
    ...elsewhere().filter(OPEN[filter]),
];

function Filters({ view }) {
    const count = (name) =>
        tasks.loaded ? shown(name).length + going(name).length + (isWhole(name) ? '' : '+') : ' ';
    return (
        <nav class="filters" aria-label={say('filters')}>
            {Object.keys(FILTERS).map((name) => (
                <a
                    key={name}
                    href={addressOf({ ...view, filter: name })}
                    aria-current={name === view.filter ? 'page' : undefined}
                >
                    {say(NAMES[name])} {!view.q && <span class="count">{count(name)}</span>}
                </a>
            ))}
        </nav>
    );
}

const SORT_WORDS = {
    newest: 'sortNewest',
    oldest: 'sortOldest',
    title: 'sortTitle',
    largest: 'sortLargest',
    longest: 'sortLongest',
};
function Tools({ view }) {
    const timer = useRef(0),
        field = useRef();
    // what stands in the address is what is searched for, unless somebody is writing
    useEffect(() => {
        if (document.activeElement !== field.current) field.current.value = view.q;
    }, [view.q]);
    const search = (q) => {
        clearTimeout(timer.current);
        go({ ...view, q: q.trim() });
    };
    return (
        <form
            class="tools"
            role="search"
            onSubmit={(event) => {
                event.preventDefault();
                search(field.current.value);
            }}
        >
            <div class="search">
                <Icon name="search" size={18} />
                <input
                    id="search"
                    ref={field}
                    type="search"
                    defaultValue={view.q}
                    maxLength={200}
                    autocomplete="off"
                    dir="auto"
                    placeholder={say('search')}
                    aria-label={say('search')}
                    aria-keyshortcuts="/"
                    onInput={(event) => {
                        const q = event.currentTarget.value;
                        clearTimeout(timer.current);
                        timer.current = setTimeout(() => search(q), q ? QUIET_MS : 0);
                    }}
                />
            </div>
            <select
                id="sort"
                value={view.sort}
                aria-label={say('sort')}
                onChange={(event) => go({ ...view, sort: event.currentTarget.value })}
            >
                {Object.keys(SORTS).map((name) => (
                    <option key={name} value={name}>
                        {say(SORT_WORDS[name])}
                    </option>
                ))}
            </select>
            <button
                id="to-help"
                class="quiet with-keys"
                type="button"
                aria-label={say('help')}
                title={say('help')}
                aria-keyshortcuts="?"
                onClick={showHelp}
            >
                <Icon name="keys" />
            </button>
        </form>
    );
}

// Comes into sight before the list ends: the next page is fetched by then.
function More({ run }) {
    const button = useRef(),
        now = useRef(run);
    now.current = run;
    useEffect(() => {
        const watcher = new IntersectionObserver(
            (seen) => {
                if (seen.some((one) => one.isIntersecting)) now.current();
            },
            { rootMargin: AHEAD },
        );
        watcher.observe(button.current);
        return () => watcher.disconnect();
    });
    return (
        <p class="more">
            <button id="more" ref={button} type="button" onClick={() => run()}>
                {say('more')}
            </button>
        </p>
    );
}

function Nothing({ view }) {
    if (view.q) {
        return (
            <div id="empty" class="empty" role="status">
                <p>{say('emptySearch', view.q)}</p>
                <button
                    type="button"
                    class="link"
                    onClick={() => {
                        document.getElementById('search').value = '';
                        go({ ...view, q: '' });
                    }}
                >
                    {say('searchEnd')}
                </button>
            </div>
        );
    }
    if (view.filter !== 'all')
        return (
            <p id="empty" class="empty">
                {say(EMPTY[view.filter])}
            </p>
        );
    return (
        <div id="empty" class="empty">
            <Example />
        </div>
    );
}

// What a view shows: its tasks, as far as they are known; whether there are more, and how to get
// them.
function useList(view) {
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
function usePlace(key, pages, first) {
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

export function Desk({ view, over, first }) {
    const { filter } = view,
        { list, loaded, error, few, key, pages, more: next } = useList(view);
    usePlace(key, pages, first);
    last.address = addressOf(view);
    const onTheWay = isPlain(view) ? going(filter) : [],
        ids = list.map((t) => t.id);
    const waiting = list.filter((t) => FILTERS.working(t.status)).map((t) => t.id);
    useEffect(() => {
        watchLine(waiting);
        return () => watchLine([]);
    }, [waiting.join()]);
    const order = useRef();
    order.current = ids;
    const [pick] = useState(
        () => (id, yes, shift) => choose(id, yes, shift ? order.current : null),
    );
    const none = loaded && !few && list.length + onTheWay.length === 0;
    const bare = none && isPlain(view) && filter === 'all';
    return (
        <section
            id="desk"
            aria-labelledby="title"
            data-choosing={chosen.ids.size > 0 || undefined}
            onKeyDown={listKeys}
        >
            <h1 id="title" tabIndex={-1}>
                {say('deskTitle')}
            </h1>
            <DropZone over={over} />
            <Refused />
            <Unfinished />
            <div class="list-head" hidden={bare}>
                <Filters view={view} />
                <Tools view={view} />
            </div>
            <Fault id="desk-error" text={error && error.status ? inWords(error) : ''}>
                <button
                    type="button"
                    class="link"
                    onClick={() => (isPlain(view) ? loadList() : again())}
                >
                    {say('again')}
                </button>
            </Fault>
            {!loaded && !error && (
                <p class="unseen" role="status">
                    {say('loading')}
                </p>
            )}
            <ul id="list" class="list" aria-labelledby="title" aria-busy={!loaded}>
                {onTheWay.map((u) => (
                    <UploadCard key={u.mark ? `${u.mark}${u.key}` : u.key} u={u} there={!!u.mark} />
                ))}
                {list.map(({ id, status }) => (
                    <TaskCard
                        key={id}
                        id={id}
                        status={status}
                        name={nameOf(id)}
                        known={tasks.known.get(id)}
                        note={tasks.notes.get(id)}
                        picture={tasks.pictures.get(id)}
                        busy={tasks.busy.has(id)}
                        chosen={chosen.ids.has(id)}
                        onChoose={pick}
                        language={state.language}
                    />
                ))}
                {!loaded &&
                    !error &&
                    list.length === 0 &&
                    [1, 2, 3].map((i) => (
                        <li key={`s${i}`} class="card ghost" aria-hidden="true">
                            <div class="shot" />
                            <div class="body" />
                        </li>
                    ))}
            </ul>
            {none && <Nothing view={view} />}
            {next && <More run={next} />}
            <Chosen all={ids} />
        </section>
    );
}
