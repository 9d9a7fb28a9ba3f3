// One webhook: what it is told, whether it is on, and how its deliveries went.
import { useRef, useState } from 'preact/hooks';
import { EVENTS, Fields, readHook } from './hook-fields.jsx';
import { Icon } from '../share/icon.jsx';
import { FormPanel, Once, Row, useAnswer, Waiting } from '../share/panels.jsx';
import { Fault, Panel, Press, Way } from '../share/parts.jsx';
import { announce, ask, askFirst, inWords, number, say, toast, when } from '../share/state.js';

const LOOK_MS = 2000,
    PAGE = 20;
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
    const name = (
        <>
            {one.event === 'hook.test' ? say('evTest') : say(EVENTS[one.event] ?? 'hookAll')}
            {one.task_id > 0 && ' · '}
            {one.task_id > 0 && (
                <a href={`#/reel/${one.task_id}`}>{say('fallbackName', one.task_id)}</a>
            )}{' '}
            <span class={`badge ${MARKS[one.state]}`}>
                {say(STATES[one.state] ?? 'deliveryWaiting')}
            </span>
        </>
    );
    const facts = [
        when(one.created),
        say(one.attempts === 1 ? 'attemptsOne' : 'attempts', number(one.attempts)),
        one.status && `HTTP ${one.status}`,
        one.next_attempt && one.attempts > 0 && say('nextAttempt', when(one.next_attempt)),
    ];
    const acts = one.state !== 'waiting' && (
        <button type="button" class="replay" aria-label={say('replayOf', one.id)} onClick={replay}>
            <Icon name="again" />
            <span class="words">{say('replay')}</span>
        </button>
    );
    return (
        <Row name={name} acts={acts}>
            <p class="hint">{facts.filter(Boolean).join(' · ')}</p>
            {one.error && one.state !== 'delivered' && (
                <p class="hint far" lang="en">
                    {one.error}
                </p>
            )}
        </Row>
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
        <Panel id="deliveries" title={say('deliveries')}>
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
        </Panel>
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
    const Back = <Way to="#/settings/hooks" words={say('hooks')} />;
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
        const wanted = readHook(form.current, setFault);
        if (!wanted) return;
        try {
            await ask('PATCH', path, wanted);
            toast(say('saved'));
            asked.load();
        } catch (e) {
            setFault(inWords(e));
        }
    }
    async function test() {
        if (await act(() => ask('POST', `${path}/test`))) announce('didTest');
    }
    const turn = () =>
        act(
            () => ask('PATCH', path, { enabled: !hook.enabled }),
            hook.enabled ? 'didOff' : 'didOn',
        );
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
                            <Press
                                id="hook-test"
                                disabled={busy || !hook.enabled}
                                onClick={test}
                                icon="play"
                                words={say('hookTest')}
                            />
                            <button id="hook-switch" type="button" disabled={busy} onClick={turn}>
                                {say(hook.enabled ? 'hookTurnOff' : 'hookTurnOn')}
                            </button>
                            <Press
                                id="hook-secret"
                                disabled={busy}
                                onClick={rotate}
                                icon="key"
                                words={say('secretNew')}
                            />
                            <Press
                                id="hook-remove"
                                class="remove"
                                disabled={busy}
                                onClick={remove}
                                icon="bin"
                                words={say('remove')}
                            />
                        </p>
                    </section>
                    <Deliveries hook={hook} asked={log} />
                </div>
                <FormPanel id="hook-form" title={say('hookChange')} form={form} onSubmit={save}>
                    <Fault id="hook-error" text={fault} />
                    <Fields hook={hook} />
                    <p class="acts">
                        <button id="save-hook" class="main" type="submit">
                            {say('save')}
                        </button>
                    </p>
                </FormPanel>
            </div>
        </>
    );
}
