// The desk: where clips are dropped, and the list of what became of them.
import { useEffect, useState } from 'preact/hooks';
import { Fault, Icon } from './parts.jsx';
import { prepare } from './prepare.jsx';
import { bytes, inWords, number, say } from './state.js';
import { FILTERS, PAGE_SIZE, freshTask, isWhole, isWorking, kept, loadList, loadOlder, local, nameOf, remove, retry, shown, tasks, want } from './tasks.js';
import { cancel, discard, goOn, orphans, uploads } from './uploads.js';

const KINDS = 'video/*,.mp4,.m4v,.mov,.3gp,.mkv,.webm,.avi,.ts,.m2ts,.mts,.mpg,.mpeg,.flv,.wmv,.ogv';

function DropZone({ over }) {
    return (
        <div id="drop" class={over ? 'drop over' : 'drop'}>
            <input id="files" class="hidden-input" type="file" multiple accept={KINDS} aria-describedby="drop-hint"
                onChange={(event) => { prepare([...event.target.files]); event.target.value = ''; }} />
            <label class="drop-label" for="files">
                <span class="drop-mark"><Icon name="up" size={28} /></span>
                <span><strong class="with-mouse">{say('dropTitle')}</strong><strong class="with-thumb">{say('chooseTitle')}</strong>
                    <span id="drop-hint" class="hint">{say('dropHint')}</span></span>
            </label>
        </div>
    );
}

export function factsOf(task) {
    const r = task.status === 'processed' && task.reel, f = r || task.clip;
    if (!f) return '';
    const parts = [];
    if (r && r.width) parts.push(`${r.width}×${r.height}`);
    if (f.duration) parts.push(`${number(f.duration, 1)} s`);
    if (f.bytes) parts.push(bytes(f.bytes));
    return parts.join(' · ');
}
export const Bar = ({ name, value }) => <progress class="bar" max="100" value={value} aria-label={say('progressOf', name)} />;

const Act = ({ kind, words, of, icon, ...more }) => (
    <button type="button" class={kind} aria-label={say(of[0], of[1])} title={say(words)} {...more}><Icon name={icon} />{kind === 'again' || kind === 'cancel' ? say(words) : null}</button>
);

function UploadCard({ u }) {
    const { name } = u.file, percent = Math.floor(u.sent * 100);
    const words = { waiting: 'queued', sending: u.sent >= 1 ? 'saving' : 'uploading', lost: 'lost', failed: 'failed' }[u.state];
    return (
        <li class="card" data-state={u.state === 'failed' ? 'failed' : words}>
            <div class="shot">
                {u.problem ? <p class="error" role="alert">{inWords(u.problem)}</p> : <Icon name="up" size={48} />}
                {u.state === 'lost' && <p class="shot-note">{say('lostHint')}</p>}
                {u.state === 'sending' && u.from > 0 && <p class="shot-note">{say('resumed', Math.floor(u.from * 100))}</p>}
                {u.state !== 'failed' && u.state !== 'waiting' && <Bar name={name} value={percent} />}
            </div>
            <div class="body">
                <h2 class="name" title={name}>{name}</h2>
                <p class="state"><span class="badge">{say(words)}</span> <span class="facts">{words === 'uploading' || words === 'lost' ? `${percent} %` : bytes(u.file.size)}</span></p>
                <div class="acts">
                    {u.state === 'failed' && u.again && <Act kind="again" words="goOn" of={['goOnOf', name]} icon="again" onClick={() => goOn(u)} />}
                    {u.state === 'failed'
                        ? <Act kind="remove" words="remove" of={['removeOf', name]} icon="bin" onClick={() => cancel(u)} />
                        : <Act kind="cancel" words="cancel" of={['cancelOf', name]} icon="close" onClick={() => cancel(u)} />}
                </div>
            </div>
        </li>
    );
}

// A link that is too old is asked for anew before it is followed.
export async function download(event, id) {
    if (tasks.known.get(id)?.askedAt > Date.now() - 10 * 60 * 1000) return;
    const a = event.currentTarget;
    event.preventDefault();
    const t = await freshTask(id).catch((e) => { tasks.notes.set(id, e); return null; });
    if (!t) return;
    a.href = kept(t.download);
    a.click();
}

function focusBeside(event) {
    const mine = event.currentTarget.closest('.card'), other = mine.nextElementSibling ?? mine.previousElementSibling;
    (other?.querySelector('.name a, button') ?? document.getElementById('files')).focus();
}

function TaskCard({ id, status }) {
    const known = tasks.known.get(id), name = nameOf(id), where = `#/reel/${id}`;
    const t = known ?? { status, progress: 0 };
    const ready = status === 'processed', note = tasks.notes.get(id);
    const fault = note ? inWords(note) : status === 'failed' && t.error ? inWords(t.error) : '';
    return (
        <li class="card" data-state={status} aria-busy={!known}>
            <div class="shot">
                <a class="shot-link" href={where} tabIndex={-1} aria-hidden="true">
                    {ready && t.poster ? <img class="poster" src={local(t.poster)} alt="" width="320" height="180" /> : !fault && <Icon name="clip" size={48} />}
                    {ready && known && <span class="play"><Icon name="play" size={26} /></span>}
                </a>
                {fault && <p class="error">{fault}</p>}
                {status === 'processing' && <Bar name={name} value={t.progress} />}
            </div>
            <div class="body">
                <h2 class="name" title={name}><a href={where}>{name}</a></h2>
                <p class="state"><span class="badge">{say(status)}</span> <span class="facts">{status === 'processing' ? `${t.progress} %` : known ? factsOf(t) : ''}</span></p>
                <div class="acts">
                    {ready && <a class="button main get" href={known ? kept(t.download) : where} download={known ? '' : undefined} aria-label={say('downloadOf', name)} onClick={(e) => download(e, id)}><Icon name="down" />{say('download')}</a>}
                    {status === 'failed' && <Act kind="again" words="retry" of={['retryOf', name]} icon="again" disabled={tasks.busy.has(id)} onClick={() => retry(id)} />}
                    <Act kind="remove" words="remove" of={['removeOf', name]} icon="bin" onClick={(e) => { focusBeside(e); remove(id); }} />
                </div>
            </div>
        </li>
    );
}

const NAMES = { all: 'all', working: 'working', ready: 'ready', failed: 'failedOnes' };
const EMPTY = { all: 'empty', working: 'emptyWorking', ready: 'emptyReady', failed: 'emptyFailed' };

function Filters({ filter }) {
    return (
        <nav class="filters" aria-label={say('filters')}>
            {Object.keys(FILTERS).map((name) => (
                <a key={name} href={name === 'all' ? '#/' : `#/${name}`} aria-current={name === filter ? 'page' : undefined}>
                    {say(NAMES[name])} <span class="count">{tasks.loaded ? shown(name).length + (isWhole(name) ? '' : '+') : ' '}</span>
                </a>
            ))}
        </nav>
    );
}

function Unfinished() {
    const found = orphans();
    if (found.length === 0) return null;
    return (
        <section class="unfinished" aria-labelledby="unfinished-title">
            <h2 id="unfinished-title">{say('unfinished')}</h2>
            <ul>{found.map((one) => (
                <li key={one.urlStorageKey}><span>{say('unfinishedHint', one.metadata.filename, Math.floor(one.sent * 100))}</span>
                    <button type="button" aria-label={say('forgetOf', one.metadata.filename)} onClick={() => discard(one)}>{say('forget')}</button></li>
            ))}</ul>
        </section>
    );
}

export function Desk({ filter, over }) {
    const [pages, setPages] = useState(1);
    useEffect(() => setPages(1), [filter]);
    const all = shown(filter), visible = all.slice(0, pages * PAGE_SIZE);
    useEffect(() => { if (tasks.loaded) want(visible.map((t) => t.id), filter); });
    // few of the newest are of this state: the older ones that are
    const few = tasks.loaded && !tasks.error && all.length < PAGE_SIZE && !isWhole(filter);
    useEffect(() => { if (few) loadOlder(filter); }, [few, filter]);
    const going = filter === 'all' || filter === 'working' ? uploads.list : [];
    const more = all.length > visible.length || !isWhole(filter);
    async function showMore() {
        if (all.length < (pages + 1) * PAGE_SIZE) await loadOlder(filter);
        setPages(pages + 1);
    }
    return (
        <section id="desk" aria-labelledby="title">
            <h1 id="title" tabIndex={-1}>{say('deskTitle')}</h1>
            <DropZone over={over} />
            <Unfinished />
            <Filters filter={filter} />
            <Fault id="desk-error" text={tasks.error ? inWords(tasks.error) : ''}>
                <button type="button" class="link" onClick={() => loadList()}>{say('again')}</button>
            </Fault>
            {!tasks.loaded && !tasks.error && <p class="unseen" role="status">{say('loading')}</p>}
            <ul id="list" class="list" aria-labelledby="title" aria-busy={!tasks.loaded}>
                {going.map((u) => <UploadCard key={u.key} u={u} />)}
                {visible.map((t) => <TaskCard key={t.id} {...t} />)}
                {!tasks.loaded && !tasks.error && [1, 2, 3].map((i) => <li key={`s${i}`} class="card ghost" aria-hidden="true"><div class="shot" /><div class="body" /></li>)}
            </ul>
            {tasks.loaded && !few && visible.length + going.length === 0 && <p id="empty" class="empty">{say(EMPTY[filter])}</p>}
            {more && tasks.loaded && <p class="more"><button id="more" type="button" onClick={showMore}>{say('more')}</button></p>}
        </section>
    );
}
export { isWorking };
