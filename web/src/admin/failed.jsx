// What failed, of everybody: looked at, chosen, and tried again, one by one or all at once.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Fault, Loading, Panel, Press } from '../share/parts.jsx';
import {
    announce,
    ask,
    askFirst,
    inWords,
    number,
    say,
    state,
    toast,
    when,
} from '../share/state.js';
import { Row } from '../share/panels.jsx';

const PAGE = 50;

function FailedTask({ t, chosen, onChoose }) {
    const name = t.title || t.file_name || say('fallbackName', t.id);
    const check = (
        <label class="check row-check">
            <input
                type="checkbox"
                checked={chosen}
                aria-label={say('chooseOf', name)}
                onChange={(e) => onChoose(e.currentTarget.checked)}
            />
        </label>
    );
    return (
        <Row name={name} before={check} grow="grow">
            <p>
                {t.error?.message ?? say('failed')} {t.error?.code && <code>{t.error.code}</code>}
            </p>
            <p class="hint">
                {say('failedOf', t.username, t.id)} · {when(t.timestamp)}
            </p>
        </Row>
    );
}

export function Failed() {
    const [list, setList] = useState(null),
        [whole, setWhole] = useState(true),
        [fault, setFault] = useState(null);
    const [chosen, setChosen] = useState(new Set()),
        [busy, setBusy] = useState(false);
    const title = useRef();
    async function load(more = false) {
        const asker = state.token,
            after = more && list.length ? `&after=${list.at(-1).id}` : '';
        try {
            const { data } = await ask(
                'GET',
                `/api/admin/tasks?status=failed&order=1&max=${PAGE}${after}`,
            );
            if (state.token !== asker) return;
            setList(more ? [...list, ...data] : data);
            setWhole(data.length < PAGE);
            setFault(null);
        } catch (e) {
            setFault(e);
        }
    }
    useEffect(() => {
        load();
    }, []);
    function choose(id, yes) {
        const next = new Set(chosen);
        if (yes) next.add(id);
        else next.delete(id);
        setChosen(next);
    }
    function chooseAll(yes) {
        setChosen(new Set(yes ? list.map((t) => t.id) : []));
        announce('chosen', number(yes ? list.length : 0));
    }
    // all: also those that are not on this page.
    async function retry(all) {
        if (all && !(await askFirst(say('retryAll'), say('retryAllText'), say('retryAll')))) return;
        setBusy(true);
        let retried = 0;
        try {
            let wish = all ? { status: 'failed' } : { ids: [...chosen] };
            while (wish) {
                const answer = await ask('POST', '/api/admin/tasks/retry', wish);
                retried += answer.retried;
                wish = all && answer.after ? { status: 'failed', after: answer.after } : null;
            }
            toast(say(retried === 1 ? 'didRetryOne' : 'didRetry', number(retried)));
        } catch (e) {
            setFault(e);
        }
        setChosen(new Set());
        await load();
        setBusy(false);
        title.current?.focus();
    }
    const every = !!list?.length && list.every((t) => chosen.has(t.id));
    return (
        <Panel id="failed" title={say('failedTitle')} head={title} aria-busy={busy}>
            <Fault text={inWords(fault)} again={() => load()} />
            {!list && !fault && <Loading />}
            {list?.length === 0 && (
                <p class="none" id="no-failed">
                    {say('failedNone')}
                </p>
            )}
            {list?.length > 0 && (
                <>
                    <div class="bulk">
                        <label class="check">
                            <input
                                id="all-of-page"
                                type="checkbox"
                                checked={every}
                                onChange={(e) => chooseAll(e.currentTarget.checked)}
                            />{' '}
                            <span>
                                {chosen.size
                                    ? say('chosen', number(chosen.size))
                                    : say('chooseAll')}
                            </span>
                        </label>
                        <div class="acts">
                            <Press
                                id="retry-chosen"
                                class="main"
                                disabled={busy || chosen.size === 0}
                                onClick={() => retry(false)}
                                icon="again"
                                words={say('retryChosen')}
                            />
                            <button
                                id="retry-all"
                                type="button"
                                disabled={busy}
                                onClick={() => retry(true)}
                            >
                                {say('retryAll')}
                            </button>
                        </div>
                    </div>
                    <ul class="rows" id="failed">
                        {list.map((t) => (
                            <FailedTask
                                key={t.id}
                                t={t}
                                chosen={chosen.has(t.id)}
                                onChoose={(yes) => choose(t.id, yes)}
                            />
                        ))}
                    </ul>
                    {!whole && (
                        <p class="acts">
                            <button type="button" id="more-failed" onClick={() => load(true)}>
                                {say('more')}
                            </button>
                        </p>
                    )}
                </>
            )}
        </Panel>
    );
}
