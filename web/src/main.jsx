// The page: what stands at the top of it, which part is shown, and what the whole window listens
// to. The part is told by the address after #, so that the browser's own back, reload and bookmarks
// work.
import { render } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { undoLast } from './share/acts.js';
import { Desk } from './desk/desk.jsx';
import { Door } from './door/door.jsx';
import { loadMe, isAdmin } from './share/me.js';
import { Icon } from './share/icon.jsx';
import { Later, Question, Toasts } from './share/parts.jsx';
import { leaveAll, prepare } from './upload/drafts.js';
import { Prepare } from './upload/prepare.jsx';
import { Help } from './desk/keyboard.jsx';
import { Reel } from './reel/reel.jsx';
import {
    addWords,
    change,
    endSession,
    listen,
    say,
    setLanguage,
    state,
    whenSessionEnds,
} from './share/state.js';
import { SORTS } from './desk/found.js';
import { FILTERS, nameOf, openTasks, refresh, tasks } from './share/tasks.js';
import { findUnfinished, getReady, isLost } from './upload/uploads.js';
import { WORDS } from './words.js';

addWords(WORDS);

function routeOf(hash) {
    const [, reel] = /^#\/reel\/(\d{1,18})$/.exec(hash) ?? [];
    if (reel) return { reel: Number(reel) };
    const [, part, at] = /^#\/(settings|admin)(\/[a-z0-9/]{0,60})?$/.exec(hash) ?? [];
    if (part) return { part, at: at ?? '' };
    const [name, query] = hash.slice(2).split('?'),
        wish = new URLSearchParams(query);
    const one = (table, value, usual) => (Object.hasOwn(table, value) ? value : usual);
    return {
        view: {
            filter: one(FILTERS, name, 'all'),
            q: wish.get('q') ?? '',
            sort: one(SORTS, wish.get('sort'), 'newest'),
        },
    };
}
// What few need is fetched when it is wanted.
const PARTS = {
    settings: () => import('./settings/settings.jsx'),
    admin: () => import('./admin/admin.jsx'),
};
let depth = 0;
const carriesFiles = (event) =>
    !!event.dataTransfer && [...event.dataTransfer.types].includes('Files');

// The way to a part of the page.
const To = ({ part, icon, where }) => (
    <a
        id={`to-${part}`}
        class="button quiet"
        href={`#/${part}`}
        aria-current={where === part ? 'page' : undefined}
        aria-label={say(part)}
        title={say(part)}
    >
        <Icon name={icon} />
    </a>
);
function Top({ where }) {
    return (
        <header class="top">
            <p class="brand">
                <a href="#/">
                    <img src="/favicon.svg" alt="" width="30" height="30" /> Reelgate
                </a>
            </p>
            <div class="top-end">
                {state.token && (
                    <>
                        <span id="who" class="who">
                            {state.name}
                        </span>
                        {isAdmin() && <To part="admin" icon="gauge" where={where} />}
                        <To part="settings" icon="sliders" where={where} />
                        <button
                            id="logout"
                            class="quiet"
                            type="button"
                            title={say('logOut')}
                            onClick={() => endSession()}
                        >
                            <Icon name="out" />
                            <span class="words">{say('logOut')}</span>
                        </button>
                    </>
                )}
                <button
                    id="language"
                    class="quiet"
                    type="button"
                    lang={state.language === 'es' ? 'en' : 'es'}
                    onClick={otherLanguage}
                >
                    {say('otherLanguage')}
                </button>
            </div>
        </header>
    );
}
function otherLanguage() {
    setLanguage(state.language === 'es' ? 'en' : 'es');
    // what the server said is asked for anew, in the other language
    for (const [id, t] of tasks.known) if (t.status === 'failed') refresh(id).catch(() => {});
}

// One word for one outage, whatever it stops.
function Outage() {
    const lost = isLost();
    if (tasks.live && !lost && tasks.error?.status !== 0) return null;
    return (
        <p class="offline" role="status">
            {say(lost ? 'offlineUploads' : 'offline')}
        </p>
    );
}

const TITLES = { desk: 'deskTitle', settings: 'settings', admin: 'admin' };
function titleOf(where, route) {
    const name = where === 'reel' ? nameOf(route.reel) : TITLES[where] && say(TITLES[where]);
    return name ? `${name} · Reelgate` : 'Reelgate';
}

// What the address says after #; first: it has said so since the page was loaded.
function useHash() {
    const [hash, setHash] = useState(location.hash);
    const begun = useRef(hash);
    useLayoutEffect(() => {
        const moved = () => {
            begun.moved = true;
            setHash(location.hash);
        };
        addEventListener('hashchange', moved);
        return () => removeEventListener('hashchange', moved);
    }, []);
    return { hash, first: begun.current === hash && !begun.moved };
}

function App() {
    const [, draw] = useState(0);
    const { hash, first } = useHash();
    // at once: what other tabs tell comes at any time
    useLayoutEffect(() => listen(() => draw((n) => n + 1)), []);
    const route = routeOf(hash),
        inside = state.token !== null;
    const where = !inside ? 'door' : (route.part ?? (route.reel ? 'reel' : 'desk'));
    const last = useRef(where);
    useEffect(() => {
        if (!inside) return;
        openTasks();
        findUnfinished();
        loadMe().catch(() => {});
        (window.requestIdleCallback ?? setTimeout)(getReady);
    }, [state.token]);
    // the desk brings everybody back to where they were by itself
    useEffect(() => {
        if (last.current !== where && where !== 'desk') scrollTo(0, 0);
        last.current = where;
    }, [where]);
    useEffect(() => {
        document.title = titleOf(where, route);
    });
    return (
        <>
            <a
                class="skip"
                href="#main"
                onClick={(event) => {
                    event.preventDefault();
                    document.getElementById('main').focus();
                }}
            >
                {say('skip')}
            </a>
            <Top where={where} />
            <main id="main" tabIndex={-1}>
                {where === 'door' && <Door />}
                {where === 'desk' && (
                    <Desk
                        view={route.view}
                        over={depth > 0}
                        first={first && last.current === 'desk'}
                    />
                )}
                {where === 'reel' && <Reel key={route.reel} id={route.reel} first={first} />}
                {PARTS[where] && <Later part={PARTS[where]} at={route.at} first={first} />}
            </main>
            {inside && <Outage />}
            {inside && <Prepare />}
            {inside && <Help />}
            <Question />
            <Toasts />
            <p id="live" class="unseen" aria-live="polite">
                {state.live}
            </p>
        </>
    );
}

// A file may be dropped anywhere; without this the browser would open it and leave.
function mark(by) {
    depth = Math.max(0, by ? depth + by : 0);
    change();
}
addEventListener('dragenter', (event) => {
    if (carriesFiles(event)) mark(1);
});
addEventListener('dragleave', (event) => {
    if (carriesFiles(event)) mark(-1);
});
addEventListener('dragover', (event) => {
    if (carriesFiles(event)) event.preventDefault();
});
addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    mark(0);
    if (!state.token) return;
    prepare([...event.dataTransfer.files]);
    if (/^#\/(reel|settings|admin)\b/.test(location.hash)) location.hash = '#/';
});
addEventListener('keydown', (event) => {
    const writes =
        /^(input|select|textarea)$/i.test(event.target.localName) && event.target.type !== 'file';
    if (
        (event.ctrlKey || event.metaKey) &&
        event.key === 'z' &&
        !event.shiftKey &&
        !writes &&
        undoLast()
    )
        event.preventDefault();
});
whenSessionEnds(leaveAll);

document.documentElement.lang = state.language;
render(<App />, document.getElementById('app'));
