// The cards of the desk: clips on their way up, from this tab or another, and tasks. A card is
// drawn anew only when what it shows has changed, so that a thousand of them cost no more than what
// moves.
import { Component } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { remove, retry } from '../share/acts.js';
import { Icon } from '../share/icon.jsx';
import { Name, Rename } from '../share/name.jsx';
import { bytes, inWords, number, say, shortDate, when } from '../share/state.js';
import { Bar, download, lineOf } from '../share/task.jsx';
import { canRetry, dropPicture, kept, local } from '../share/tasks.js';
import { cancel, goOn } from '../upload/uploads.js';

function factsOf(task) {
    const r = task.status === 'processed' && task.reel,
        f = r || task.clip;
    if (!f) return '';
    const parts = [];
    if (r && r.width) parts.push(`${r.width}×${r.height}`);
    if (f.duration) parts.push(`${number(f.duration, 1)} s`);
    if (f.bytes) parts.push(bytes(f.bytes));
    return parts.join(' · ');
}
const Act = ({ kind, words, of, icon, ...more }) => (
    <button
        type="button"
        class={`act ${kind}`}
        aria-label={say(of[0], of[1])}
        title={say(words)}
        {...more}
    >
        <Icon name={icon} />
        <span class="words">{say(words)}</span>
    </button>
);

function UploadActs({ u }) {
    const failed = u.state === 'failed';
    return (
        <div class="acts">
            {failed && u.again && (
                <Act
                    kind="again"
                    words="retry"
                    of={['retryOf', u.name]}
                    icon="again"
                    onClick={() => goOn(u)}
                />
            )}
            <Act
                kind={failed ? 'remove' : 'cancel'}
                words={failed ? 'remove' : 'cancel'}
                of={[failed ? 'removeOf' : 'cancelOf', u.name]}
                icon={failed ? 'bin' : 'close'}
                onClick={() => cancel(u)}
            />
        </div>
    );
}

const STATES = { waiting: 'queued', sending: 'uploading', lost: 'lost', failed: 'failed' };
// there: it is sent by another tab, which alone can stop it.
export function UploadCard({ u, there = false }) {
    const { name } = u,
        size = u.file?.size ?? u.size,
        percent = Math.floor(u.sent * 100);
    const words = u.state === 'sending' && u.sent >= 1 ? 'saving' : STATES[u.state];
    const moving = u.state === 'sending' || u.state === 'lost' || u.sent > 0;
    return (
        <li class="card" data-state={u.state === 'failed' ? 'failed' : words}>
            <div class="shot">
                {u.picture ? (
                    <img class="picture" data-fit={u.fields.fit} src={u.picture} alt="" />
                ) : (
                    !u.problem && <Icon name="up" size={48} />
                )}
                {u.problem && (
                    <p class="error" role="alert">
                        {inWords(u.problem)}
                    </p>
                )}
                {!there && u.from > 0 && u.state !== 'failed' && (
                    <p class="shot-note">{say('thereAlready', Math.floor(u.from * 100))}</p>
                )}
                {there && <p class="shot-note">{say('otherTab')}</p>}
                {u.state !== 'failed' && moving && <Bar name={name} value={percent} />}
            </div>
            <div class="body">
                <h2 class="name" title={name}>
                    <Name>{name}</Name>
                </h2>
                <p class="state">
                    <span class="badge">{say(words)}</span>
                    <span class="facts">
                        {words === 'uploading' || words === 'lost' ? `${percent} %` : bytes(size)}
                    </span>
                </p>
                <div class="foot">
                    <span class="date">{moving ? bytes(size) : ''}</span>
                    {!there && <UploadActs u={u} />}
                </div>
            </div>
        </li>
    );
}

function focusBeside(event) {
    const mine = event.currentTarget.closest('.card'),
        other = mine.nextElementSibling ?? mine.previousElementSibling;
    (other?.querySelector('.name a, button') ?? document.getElementById('files')).focus();
}

// Draws its part anew only for other properties.
const still = (Part) =>
    class extends Component {
        shouldComponentUpdate(next) {
            return Object.keys(next).some((key) => next[key] !== this.props[key]);
        }
        render(given) {
            return <Part {...given} />;
        }
    };

function Shot({ id, t, ready, fault, picture, where }) {
    return (
        <div class="shot">
            <a class="shot-link" href={where} tabIndex={-1} aria-hidden="true">
                {picture && <img class="picture" data-fit={t.fit} src={picture} alt="" />}
                {ready && t.poster ? (
                    <img
                        class="poster"
                        src={local(t.poster)}
                        alt=""
                        width="320"
                        height="180"
                        onLoad={() => picture && dropPicture(id)}
                    />
                ) : (
                    !fault && !picture && <Icon name="clip" size={48} />
                )}
                {ready && t.poster && (
                    <span class="play">
                        <Icon name="play" size={26} />
                    </span>
                )}
            </a>
            {fault && <p class="error">{fault}</p>}
            {t.status === 'processing' && <Bar name={t.name} value={t.progress} />}
        </div>
    );
}

// The name, as the way to its page, or while it is changed.
function CardName({ id, name, where, renaming, onDone }) {
    const link = useRef();
    if (renaming)
        return (
            <Rename
                id={id}
                value={name}
                onDone={() => {
                    onDone();
                    setTimeout(() => link.current?.focus());
                }}
            />
        );
    return (
        <h2 class="name" title={name}>
            <a ref={link} href={where} aria-label={name}>
                <Name>{name}</Name>
            </a>
        </h2>
    );
}

function Warned({ list }) {
    const text = list.map((w) => w.message).join(' ');
    return (
        <span class="warned" title={text}>
            <Icon name="warn" size={16} />
            <span class="unseen">{text}</span>
        </span>
    );
}

function TaskActs({ id, name, known, ready, where, busy, onRename }) {
    return (
        <div class="acts">
            {ready && (
                <a
                    class="act button get"
                    href={known ? kept(known.download) : where}
                    download={known ? '' : undefined}
                    aria-label={say('downloadOf', name)}
                    title={say('download')}
                    onClick={(e) => download(e, id)}
                >
                    <Icon name="down" />
                    <span class="words">{say('download')}</span>
                </a>
            )}
            {known && canRetry(known) && (
                <Act
                    kind="again"
                    words="retry"
                    of={['retryOf', name]}
                    icon="again"
                    disabled={busy}
                    onClick={() => retry(id)}
                />
            )}
            {known && (
                <Act
                    kind="retitle"
                    words="rename"
                    of={['renameOf', name]}
                    icon="pen"
                    onClick={onRename}
                />
            )}
            <Act
                kind="remove"
                words="remove"
                of={['removeOf', name]}
                icon="bin"
                onClick={(e) => {
                    focusBeside(e);
                    remove(id);
                }}
            />
        </div>
    );
}

// name, known, note, picture: as tasks has them; chosen: it is one of those that are chosen.
export const TaskCard = still(
    ({ id, status, name, known, note, picture, busy, chosen, onChoose }) => {
        const [renaming, setRenaming] = useState(false);
        const where = `#/reel/${id}`,
            t = known ?? { status, progress: 0 };
        const ready = status === 'processed',
            ended = ready || status === 'failed';
        const fault = note ? inWords(note) : status === 'failed' && t.error ? inWords(t.error) : '';
        return (
            <li
                class="card"
                data-id={id}
                data-state={status}
                data-chosen={chosen || undefined}
                aria-busy={!known}
            >
                <Shot
                    id={id}
                    t={{ ...t, name }}
                    ready={ready}
                    fault={fault}
                    picture={picture}
                    where={where}
                />
                <label class="pick">
                    <input
                        type="checkbox"
                        checked={chosen}
                        aria-label={say('chooseOf', name)}
                        onClick={(event) =>
                            onChoose(id, event.currentTarget.checked, event.shiftKey)
                        }
                    />
                </label>
                <div class="body">
                    <CardName
                        id={id}
                        name={name}
                        where={where}
                        renaming={renaming}
                        onDone={() => setRenaming(false)}
                    />
                    <p class="state">
                        <span class="badge">{say(status)}</span>
                        {ready && t.warnings?.length > 0 && <Warned list={t.warnings} />}
                        <span class="facts">{known && (ended ? factsOf(t) : lineOf(t))}</span>
                    </p>
                    <div class="foot">
                        {known ? (
                            <time
                                class="date"
                                dateTime={new Date(t.timestamp).toISOString()}
                                title={when(t.timestamp)}
                            >
                                {shortDate(t.timestamp)}
                            </time>
                        ) : (
                            <span />
                        )}
                        <TaskActs
                            id={id}
                            name={name}
                            known={known}
                            ready={ready}
                            where={where}
                            busy={busy}
                            onRename={() => setRenaming(true)}
                        />
                    </div>
                </div>
            </li>
        );
    },
);
