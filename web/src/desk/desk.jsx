// The desk: where clips are dropped, and the list of what became of them; searched, sorted, and
// with the place in it kept for whoever comes back.
import { useEffect, useRef, useState } from 'preact/hooks';
import { TaskCard, UploadCard } from './cards.jsx';
import { Chosen, choose, chosen } from './chosen.jsx';
import { Example } from './example.jsx';
import { again, isPlain } from './found.js';
import { listKeys } from './keyboard.jsx';
import { useList, usePlace } from './list.js';
import { Filters, Tools, addressOf, go, going } from './tools.jsx';
import { WORDS } from './words.js';
import { Icon } from '../share/icon.jsx';
import { last } from '../share/last.js';
import { me } from '../share/me.js';
import { Name } from '../share/name.jsx';
import { Fault, Loading } from '../share/parts.jsx';
import { addWords, inWords, say, state } from '../share/state.js';
import { FILTERS, loadList, nameOf, tasks, watchLine } from '../share/tasks.js';
import { prepare } from '../upload/drafts.js';
import { Refused } from '../upload/refused.jsx';
import { discard, orphans } from '../upload/uploads.js';

addWords(WORDS);
const AHEAD = '1200px';

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

const EMPTY = { working: 'emptyWorking', ready: 'emptyReady', failed: 'emptyFailed' };
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
            <Fault
                id="desk-error"
                text={error && error.status ? inWords(error) : ''}
                again={isPlain(view) ? loadList : again}
            />
            {!loaded && !error && <Loading quiet />}
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
