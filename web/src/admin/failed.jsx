// What failed, of everybody: looked at, chosen, and tried again, one by one or all at once.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../share/icon.jsx';
import { Fault } from '../share/parts.jsx';
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

const PAGE = 50;

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
        <section class="panel" aria-labelledby="failed-title" aria-busy={busy}>
            <h2 id="failed-title" ref={title} tabIndex={-1}>
                {say('failedTitle')}
            </h2>
            <Fault text={fault ? inWords(fault) : ''}>
                <button type="button" class="link" onClick={() => load()}>
                    {say('again')}
                </button>
            </Fault>
            {!list && !fault && (
                <p class="waiting" role="status">
                    {say('loading')}
                </p>
            )}
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
                                onChange={(e) => {
                                    setChosen(
                                        new Set(
                                            e.currentTarget.checked ? list.map((t) => t.id) : [],
                                        ),
                                    );
                                    announce(
                                        'chosen',
                                        number(e.currentTarget.checked ? list.length : 0),
                                    );
                                }}
                            />{' '}
                            <span>
                                {chosen.size
                                    ? say('chosen', number(chosen.size))
                                    : say('chooseAll')}
                            </span>
                        </label>
                        <div class="acts">
                            <button
                                id="retry-chosen"
                                type="button"
                                class="main"
                                disabled={busy || chosen.size === 0}
                                onClick={() => retry(false)}
                            >
                                <Icon name="again" />
                                {say('retryChosen')}
                            </button>
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
                        {list.map((t) => {
                            const name = t.title || t.file_name || say('fallbackName', t.id);
                            return (
                                <li class="row" key={t.id}>
                                    <label class="check row-check">
                                        <input
                                            type="checkbox"
                                            checked={chosen.has(t.id)}
                                            aria-label={say('chooseOf', name)}
                                            onChange={(e) => choose(t.id, e.currentTarget.checked)}
                                        />
                                    </label>
                                    <div class="row-main grow">
                                        <h3 class="row-name">{name}</h3>
                                        <p>
                                            {t.error?.message ?? say('failed')}{' '}
                                            {t.error?.code && <code>{t.error.code}</code>}
                                        </p>
                                        <p class="hint">
                                            {say('failedOf', t.username, t.id)} ·{' '}
                                            {when(t.timestamp)}
                                        </p>
                                    </div>
                                </li>
                            );
                        })}
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
        </section>
    );
}
