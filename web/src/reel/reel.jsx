// One reel: to watch, to know, to pass on.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Facts } from './facts.jsx';
import { How } from './how.jsx';
import { WORDS } from './words.js';
import { remove, retry } from '../share/acts.js';
import { Icon } from '../share/icon.jsx';
import { last } from '../share/last.js';
import { Rename } from '../share/name.jsx';
import { Copy, copyText, Fault, Loading, Panel, Press, Title, Way } from '../share/parts.jsx';
import { addWords, inWords, say, state, when } from '../share/state.js';
import { Bar, download, lineOf } from '../share/task.jsx';
import {
    canRetry,
    freshTask,
    isWorking,
    kept,
    local,
    nameOf,
    refresh,
    tasks,
    watchLine,
} from '../share/tasks.js';

addWords(WORDS);
// The name of the clip, and the way to another one.
function Named({ id, name, first }) {
    const [renaming, setRenaming] = useState(false),
        head = useRef();
    const done = () => {
        setRenaming(false);
        setTimeout(() => document.getElementById('rename')?.focus());
    };
    return (
        <div class="named" ref={head}>
            {renaming ? (
                <>
                    <h1 class="unseen">{name}</h1>
                    <Rename id={id} value={name} onDone={done} />
                </>
            ) : (
                <>
                    <Title first={first}>{name}</Title>
                    <button
                        type="button"
                        id="rename"
                        class="quiet"
                        aria-label={say('renameOf', name)}
                        title={say('rename')}
                        onClick={() => setRenaming(true)}
                    >
                        <Icon name="pen" />
                    </button>
                </>
            )}
        </div>
    );
}

// What was left out or could not be kept, though there is a reel.
function Warnings({ list }) {
    if (!list?.length) return null;
    return (
        <ul class="warnings" aria-label={say('warnings')}>
            {list.map((w) => (
                <li key={w.code} class="note">
                    <Icon name="warn" />
                    <span>{w.message}</span>
                </li>
            ))}
        </ul>
    );
}

function Link({ t }) {
    const url = new URL(local(t.download), location.href);
    const until = new Date(Number(url.searchParams.get('exp')) * 1000);
    const time = new Intl.DateTimeFormat(state.language, {
        hour: 'numeric',
        minute: '2-digit',
    }).format(until);
    async function copy(field) {
        await freshTask(t.task_id).catch(() => {});
        const fresh = tasks.known.get(t.task_id) ?? t;
        await copyText(new URL(local(fresh.download), location.href).href, field, 'copied');
    }
    return (
        <Panel id="link" title={say('link')}>
            <Copy
                name="link"
                button="copy"
                label="link-title"
                text={url.href}
                words={say('copyLink')}
                copy={copy}
            />
            <p class="hint">{say('linkUntil', time)}</p>
        </Panel>
    );
}

// The player keeps the link that it began with: another one would begin it anew.
function Player({ t }) {
    const [src, setSrc] = useState(local(t.download)),
        [poster] = useState(t.poster && local(t.poster));
    const [broken, setBroken] = useState(false);
    async function again() {
        await refresh(t.task_id).catch(() => {});
        setSrc(local(tasks.known.get(t.task_id).download));
        setBroken(false);
    }
    if (broken)
        return (
            <div class="stage">
                <Fault text={say('playError')} again={again} />
            </div>
        );
    return (
        <div class="stage">
            <video
                id="player"
                controls
                playsInline
                preload="metadata"
                src={src}
                poster={poster || undefined}
                width="1280"
                height="720"
                aria-label={say('reelOf', nameOf(t.task_id))}
                onError={() => setBroken(true)}
            />
        </div>
    );
}

export function Reel({ id, first }) {
    const t = tasks.known.get(id);
    const [fault, setFault] = useState(null);
    const find = () => refresh(id).then(() => setFault(null), setFault);
    useEffect(() => {
        if (!t) find();
    }, [id, !!t]);
    const waiting = !!t && isWorking(t);
    useEffect(() => {
        watchLine(waiting ? [id] : []);
        return () => watchLine([]);
    }, [id, waiting]);
    if (tasks.hidden.has(id)) return null;
    const Back = <Way to={last.address} words={say('back')} />;
    if (!t)
        return (
            <section id="reel" aria-labelledby="title">
                {Back}
                {fault?.status === 404 ? (
                    <>
                        <Title first={first}>{say('notHere')}</Title>
                        <p>{say('notHereText')}</p>
                    </>
                ) : (
                    <>
                        <h1 id="title">{nameOf(id)}</h1>
                        <div class="stage" aria-busy="true">
                            {fault ? (
                                <Fault text={inWords(fault)} again={find} />
                            ) : (
                                <Loading quiet />
                            )}
                        </div>
                    </>
                )}
            </section>
        );
    const name = nameOf(id),
        ready = t.status === 'processed',
        note = tasks.notes.get(id);
    return (
        <section id="reel" data-state={t.status} aria-labelledby="title">
            {Back}
            <Named id={id} name={name} first={first} />
            <div class="reel-in">
                <div class="reel-main">
                    {ready ? (
                        <Player t={t} key={id} />
                    ) : (
                        <div class="stage">
                            {t.status === 'failed' ? (
                                <p class="error">{inWords(t.error) || say('failed')}</p>
                            ) : (
                                <>
                                    <Icon name="clip" size={64} />
                                    <p class="shot-note">{say('waitText')}</p>
                                </>
                            )}
                            {t.status === 'processing' && <Bar name={name} value={t.progress} />}
                        </div>
                    )}
                    {note && <Fault text={inWords(note)} />}
                    <Warnings list={t.warnings} />
                    <div class="acts reel-acts">
                        <span class="badge">{say(t.status)}</span>
                        <span class="facts grow">{waiting ? lineOf(t) : when(t.timestamp)}</span>
                        <Press
                            class="remove"
                            aria-label={say('removeOf', name)}
                            onClick={() => {
                                remove(id);
                                location.hash = last.address;
                            }}
                            icon="bin"
                            words={say('remove')}
                        />
                        {canRetry(t) && (
                            <Press
                                class="again main"
                                disabled={tasks.busy.has(id)}
                                aria-label={say('retryOf', name)}
                                onClick={() => retry(id)}
                                icon="again"
                                words={say('retry')}
                            />
                        )}
                        {ready && (
                            <a
                                class="button main get"
                                href={kept(t.download)}
                                download=""
                                aria-label={say('downloadOf', name)}
                                onClick={(e) => download(e, id)}
                            >
                                <Icon name="down" />
                                {say('download')}
                            </a>
                        )}
                    </div>
                    {ready && <Link t={t} />}
                </div>
                <div class="reel-side">
                    {!isWorking(t) && <Facts t={t} />}
                    {ready && <How t={t} />}
                </div>
            </div>
        </section>
    );
}
