// Webhooks: where else it is told what becomes of clips.
import { useRef, useState } from 'preact/hooks';
import { EVENTS, Fields, readHook } from './hook-fields.jsx';
import { Icon } from '../share/icon.jsx';
import { Once, Waiting, useAnswer } from '../share/panels.jsx';
import { Fault } from '../share/parts.jsx';
import { ask, inWords, say } from '../share/state.js';

const eventsOf = (hook) =>
    hook.events.length === Object.keys(EVENTS).length
        ? [say('hookAll')]
        : hook.events.map((name) => say(EVENTS[name] ?? 'hookAll'));

function NewHook({ onMade }) {
    const form = useRef();
    const [fault, setFault] = useState(''),
        [busy, setBusy] = useState(false);
    async function make(event) {
        event.preventDefault();
        const wanted = readHook(form.current, setFault);
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
