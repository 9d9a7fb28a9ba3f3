// Webhooks: where else it is told what becomes of clips.
import { useRef, useState } from 'preact/hooks';
import { EVENTS, Fields, readHook } from './hook-fields.jsx';
import { FormPanel, Once, Row, Tags, useAnswer, Waiting } from '../share/panels.jsx';
import { Fault, Panel, Press } from '../share/parts.jsx';
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
        <FormPanel id="new-hook" title={say('hookNew')} form={form} onSubmit={make}>
            <Fault id="hook-error" text={fault} />
            <Fields />
            <p class="acts">
                <Press
                    id="make-hook"
                    class="main"
                    type="submit"
                    disabled={busy}
                    icon="link"
                    words={say('hookMake')}
                />
            </p>
        </FormPanel>
    );
}

function HookRow({ hook }) {
    const address = `#/settings/hooks/${hook.id}`,
        called = hook.description || hook.url;
    const name = (
        <>
            <a href={address}>{called}</a>{' '}
            {!hook.enabled && <span class="badge bad">{say('hookOff')}</span>}
        </>
    );
    const open = (
        <a class="button" href={address} aria-label={say('open', called)}>
            {say('hookOpen')}
        </a>
    );
    return (
        <Row name={name} acts={open}>
            {hook.description && (
                <p class="far">
                    <code>{hook.url}</code>
                </p>
            )}
            <Tags of={eventsOf(hook)} />
        </Row>
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
                <Panel id="hooks" title={say('hooks')} head={title}>
                    <p class="hint">{say('hooksHint')}</p>
                    <Waiting asked={asked} />
                    {asked.data && list.length === 0 && (
                        <p class="none" id="no-hooks">
                            {say('hooksNone')}
                        </p>
                    )}
                    <ul class="rows" id="hooks">
                        {list.map((hook) => (
                            <HookRow key={hook.id} hook={hook} />
                        ))}
                    </ul>
                </Panel>
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
