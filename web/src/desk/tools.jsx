// What the list of the desk shows, and in which order: filters, search and sorting, as an address.
import { useEffect, useRef } from 'preact/hooks';
import { SORTS } from './found.js';
import { showHelp } from './keyboard.jsx';
import { Icon } from '../share/icon.jsx';
import { say } from '../share/state.js';
import { FILTERS, isWhole, shown, tasks } from '../share/tasks.js';
import { elsewhere, uploads } from '../upload/uploads.js';

const QUIET_MS = 250;

// The address of a view of the list.
export function addressOf({ filter, q, sort }) {
    const query = new URLSearchParams({
        ...(q ? { q } : {}),
        ...(sort === 'newest' ? {} : { sort }),
    }).toString();
    return `#/${filter === 'all' ? '' : filter}${query ? `?${query}` : ''}`;
}

export function go(view) {
    history.replaceState(null, '', addressOf(view));
    dispatchEvent(new Event('hashchange'));
}

const NAMES = { all: 'all', working: 'working', ready: 'ready', failed: 'failedOnes' };
// Uploads of this tab and others, as the filters see them.
const OPEN = {
    all: () => true,
    working: (u) => u.state !== 'failed',
    ready: () => false,
    failed: (u) => u.state === 'failed',
};
export const going = (filter) => [
    ...uploads.list.filter(OPEN[filter]),
    ...elsewhere().filter(OPEN[filter]),
];

export function Filters({ view }) {
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
export function Tools({ view }) {
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
