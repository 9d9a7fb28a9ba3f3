// Webhooks: where else it is told what becomes of clips, and how that went.
import { useRef, useState } from 'preact/hooks';
import { Choice } from './choice.jsx';
import { Icon } from '../share/icon.jsx';
import { Once, Waiting, useAnswer } from '../share/panels.jsx';
import { Fault } from '../share/parts.jsx';
import { announce, ask, askFirst, inWords, number, say, toast, when } from '../share/state.js';

const EVENTS = {
    'task.uploaded': 'evUploaded',
    'task.processing': 'evProcessing',
    'task.progress': 'evProgress',
    'task.processed': 'evProcessed',
    'task.failed': 'evFailed',
    'task.deleted': 'evDeleted',
};
const USUAL = Object.keys(EVENTS).filter((name) => name !== 'task.progress');
const LOOK_MS = 2000,
    PAGE = 20;

// The fields of a webhook, for a new one and for one to change.
function Fields({ hook }) {
    const chosen = hook?.events ?? USUAL;
    return (
        <>
            <label>
                {say('hookUrl')}
                <input
                    name="url"
                    type="url"
                    inputMode="url"
                    maxLength={2000}
                    autocomplete="off"
                    spellcheck={false}
                    placeholder="https://example.org/reels"
                    defaultValue={hook?.url}
                />
            </label>
            <label>
                {say('hookDescription')}
                <input
                    name="description"
                    maxLength={100}
                    autocomplete="off"
                    defaultValue={hook?.description}
                />
            </label>
            <fieldset>
                <legend>{say('hookEvents')}</legend>
                {Object.entries(EVENTS).map(([name, words]) => (
                    <Choice
                        key={name}
                        name={name}
                        words={words}
                        code={name}
                        checked={chosen.includes(name)}
                    />
                ))}
            </fieldset>
        </>
    );
}
// What the fields say, or null with the fault told and the focus where it is.
function read(form, setFault) {
    const f = form.elements,
        url = f.url.value.trim(),
        events = Object.keys(EVENTS).filter((name) => f[name].checked);
    const fault = !url ? 'hookNoUrl' : events.length === 0 ? 'hookNoEvent' : null;
    setFault(fault ? say(fault) : '');
    if (!fault) return { url, events, description: f.description.value.trim() };
    f[url ? 'task.uploaded' : 'url'].focus();
    return null;
}

function NewHook({ onMade }) {
    const form = useRef();
    const [fault, setFault] = useState(''),
        [busy, setBusy] = useState(false);
    async function make(event) {
        event.preventDefault();
        const wanted = read(form.current, setFault);
        if (!wanted) return;
        setBusy(true);
        try {
            onMade(await ask('POST', '/api/hooks', wanted));
            form.current?.reset();
        } catch (e) {
            setFault(inWords(e));
        }
        setBusy(false);
    }
    return (
        <form
            class="panel"
            id="new-hook"
            ref={form}
            onSubmit={make}
            noValidate
            aria-labelledby="new-hook-title"
        >
            <h2 id="new-hook-title">{say('hookNew')}</h2>
            <Fault id="hook-error" text={fault} />
            <Fields />
            <p class="acts">
                <button id="make-hook" class="main" type="submit" disabled={busy}>
                    <Icon name="link" />
                    {say('hookMake')}
                </button>
            </p>
        </form>
    );
}

const eventsOf = (hook) =>
    hook.events.length === Object.keys(EVENTS).length
        ? [say('hookAll')]
        : hook.events.map((name) => say(EVENTS[name] ?? 'hookAll'));

export function Hooks() {
    const asked = useAnswer('/api/hooks');
    const [fresh, setFresh] = useState(null);
    const title = useRef();
    const list = asked.data?.data ?? [];
    return (
        <div class="columns wide-left">
            <div class="stack">
                {fresh && (
                    <Once
                        title={say('hookMade')}
                        text={fresh.secret}
                        onDone={() => {
                            setFresh(null);
                            title.current.focus();
                        }}
                    />
                )}
                <section class="panel" aria-labelledby="hooks-title">
                    <h2 id="hooks-title" ref={title} tabIndex={-1}>
                        {say('hooks')}
                    </h2>
                    <p class="hint">{say('hooksHint')}</p>
                    <Waiting asked={asked} />
                    {asked.data && list.length === 0 && (
                        <p class="none" id="no-hooks">
                            {say('hooksNone')}
                        </p>
                    )}
                    <ul class="rows" id="hooks">
                        {list.map((hook) => (
                            <li key={hook.id} class="row">
                                <div class="row-main">
                                    <h3 class="row-name">
                                        <a href={`#/settings/hooks/${hook.id}`}>
                                            {hook.description || hook.url}
                                        </a>{' '}
                                        {!hook.enabled && (
                                            <span class="badge bad">{say('hookOff')}</span>
                                        )}
                                    </h3>
                                    {hook.description && (
                                        <p class="far">
                                            <code>{hook.url}</code>
                                        </p>
                                    )}
                                    <p class="tags">
                                        {eventsOf(hook).map((words) => (
                                            <span class="tag" key={words}>
                                                {words}
                                            </span>
                                        ))}
                                    </p>
                                </div>
                                <div class="row-acts">
                                    <a
                                        class="button"
                                        href={`#/settings/hooks/${hook.id}`}
                                        aria-label={say('open', hook.description || hook.url)}
                                    >
                                        {say('hookOpen')}
                                    </a>
                                </div>
                            </li>
                        ))}
                    </ul>
                </section>
            </div>
            {(asked.data || asked.error) && (
                <NewHook
                    onMade={(hook) => {
                        setFresh(hook);
                        asked.load();
                    }}
                />
            )}
        </div>
    );
}

const STATES = { waiting: 'deliveryWaiting', delivered: 'deliveryDone', dead: 'deliveryDead' };
const MARKS = { waiting: 'wait', delivered: 'good', dead: 'bad' };

function Delivery({ hook, one, again }) {
    async function replay() {
        try {
            await ask('POST', `/api/hooks/${hook.id}/deliveries/${one.id}/replay`);
            announce('didReplay');
        } catch (e) {
            toast(inWords(e));
        }
        again();
    }
    const went = one.status ? `HTTP ${one.status}` : '';
    return (
        <li class="row">
            <div class="row-main">
                <h3 class="row-name">
                    {one.event === 'hook.test'
                        ? say('evTest')
                        : say(EVENTS[one.event] ?? 'hookAll')}
                    {one.task_id ? (
                        <>
                            {' '}
                            ·{' '}
                            <a href={`#/reel/${one.task_id}`}>{say('fallbackName', one.task_id)}</a>
                        </>
                    ) : null}{' '}
                    <span class={`badge ${MARKS[one.state]}`}>
                        {say(STATES[one.state] ?? 'deliveryWaiting')}
                    </span>
                </h3>
                <p class="hint">
                    {when(one.created)} ·{' '}
                    {say(one.attempts === 1 ? 'attemptsOne' : 'attempts', number(one.attempts))}
                    {went ? ` · ${went}` : ''}
                    {one.next_attempt && one.attempts > 0
                        ? ` · ${say('nextAttempt', when(one.next_attempt))}`
                        : ''}
                </p>
                {one.error && one.state !== 'delivered' && (
                    <p class="hint far" lang="en">
                        {one.error}
                    </p>
                )}
            </div>
            <div class="row-acts">
                {one.state !== 'waiting' && (
                    <button
                        type="button"
                        class="replay"
                        aria-label={say('replayOf', one.id)}
                        onClick={replay}
                    >
                        <Icon name="again" />
                        <span class="words">{say('replay')}</span>
                    </button>
                )}
            </div>
        </li>
    );
}

function Deliveries({ hook, asked }) {
    const [older, setOlder] = useState([]),
        [ended, setEnded] = useState(false);
    const fresh = asked.data?.data ?? [],
        seen = new Set(fresh.map((d) => d.id));
    const list = [...fresh, ...older.filter((d) => !seen.has(d.id))];
    async function more() {
        try {
            const { data } = await ask(
                'GET',
                `/api/hooks/${hook.id}/deliveries?max=${PAGE}&after=${list.at(-1).id}`,
            );
            setOlder([...older, ...data]);
            setEnded(data.length < PAGE);
        } catch (e) {
            toast(inWords(e));
        }
    }
    return (
        <section class="panel" aria-labelledby="deliveries-title">
            <h2 id="deliveries-title">{say('deliveries')}</h2>
            <Waiting asked={asked} />
            {asked.data && list.length === 0 && (
                <p class="none" id="no-deliveries">
                    {say('deliveriesNone')}
                </p>
            )}
            <ul class="rows" id="deliveries">
                {list.map((one) => (
                    <Delivery key={one.id} hook={hook} one={one} again={asked.load} />
                ))}
            </ul>
            {fresh.length === PAGE && !ended && (
                <p class="acts">
                    <button type="button" onClick={more}>
                        {say('more')}
                    </button>
                </p>
            )}
        </section>
    );
}

export function Hook({ id }) {
    const path = `/api/hooks/${id}`;
    const asked = useAnswer(path),
        log = useAnswer(`${path}/deliveries?max=${PAGE}`, LOOK_MS);
    const form = useRef();
    const [fault, setFault] = useState(''),
        [secret, setSecret] = useState(''),
        [busy, setBusy] = useState(false);
    const hook = asked.data;
    const Back = (
        <p class="way">
            <a href="#/settings/hooks">
                <Icon name="back" />
                {say('hooks')}
            </a>
        </p>
    );
    // all of it at once, so that nothing moves
    if (!hook || !(log.data || log.error))
        return (
            <>
                {Back}
                {asked.error?.status === 404 ? (
                    <p class="none">{inWords(asked.error)}</p>
                ) : (
                    <Waiting asked={asked} />
                )}
            </>
        );
    async function act(run, said) {
        setBusy(true);
        try {
            const answer = await run();
            if (said) toast(say(said));
            return answer;
        } catch (e) {
            toast(inWords(e));
            return null;
        } finally {
            setBusy(false);
            asked.load();
            log.load();
        }
    }
    async function save(event) {
        event.preventDefault();
        const wanted = read(form.current, setFault);
        if (!wanted) return;
        try {
            await ask('PATCH', path, wanted);
            toast(say('saved'));
            asked.load();
        } catch (e) {
            setFault(inWords(e));
        }
    }
    async function rotate() {
        if (!(await askFirst(say('secretNew'), say('secretNewText'), say('secretNew')))) return;
        const answer = await act(() => ask('POST', `${path}/secret`));
        if (answer) setSecret(answer.secret);
    }
    async function remove() {
        if (!(await askFirst(say('hookRemove'), say('hookRemoveText', hook.url), say('remove'))))
            return;
        try {
            await ask('DELETE', path);
            toast(say('didRemove', hook.description || hook.url));
            location.hash = '#/settings/hooks';
        } catch (e) {
            toast(inWords(e));
        }
    }
    return (
        <>
            {Back}
            <div class="columns wide-left">
                <div class="stack">
                    {secret && (
                        <Once
                            title={say('secretMade')}
                            text={secret}
                            onDone={() => setSecret('')}
                        />
                    )}
                    <section class="panel" aria-labelledby="hook-title">
                        <h2 id="hook-title" class="far">
                            {hook.description || hook.url}{' '}
                            <span class={`badge ${hook.enabled ? 'good' : 'bad'}`}>
                                {say(hook.enabled ? 'hookOn' : 'hookOff')}
                            </span>
                        </h2>
                        {!hook.enabled && <p class="hint">{say('hookOffText')}</p>}
                        <p class="acts from-left">
                            <button
                                id="hook-test"
                                type="button"
                                disabled={busy || !hook.enabled}
                                onClick={() =>
                                    act(() => ask('POST', `${path}/test`)).then(
                                        (sent) => sent && announce('didTest'),
                                    )
                                }
                            >
                                <Icon name="play" />
                                {say('hookTest')}
                            </button>
                            <button
                                id="hook-switch"
                                type="button"
                                disabled={busy}
                                onClick={() =>
                                    act(
                                        () => ask('PATCH', path, { enabled: !hook.enabled }),
                                        hook.enabled ? 'didOff' : 'didOn',
                                    )
                                }
                            >
                                {say(hook.enabled ? 'hookTurnOff' : 'hookTurnOn')}
                            </button>
                            <button id="hook-secret" type="button" disabled={busy} onClick={rotate}>
                                <Icon name="key" />
                                {say('secretNew')}
                            </button>
                            <button
                                id="hook-remove"
                                type="button"
                                class="remove"
                                disabled={busy}
                                onClick={remove}
                            >
                                <Icon name="bin" />
                                {say('remove')}
                            </button>
                        </p>
                    </section>
                    <Deliveries hook={hook} asked={log} />
                </div>
                <form
                    class="panel"
                    id="hook-form"
                    ref={form}
                    onSubmit={save}
                    noValidate
                    aria-labelledby="hook-form-title"
                >
                    <h2 id="hook-form-title">{say('hookChange')}</h2>
                    <Fault id="hook-error" text={fault} />
                    <Fields hook={hook} />
                    <p class="acts">
                        <button id="save-hook" class="main" type="submit">
                            {say('save')}
                        </button>
                    </p>
                </form>
            </div>
        </>
    );
}
