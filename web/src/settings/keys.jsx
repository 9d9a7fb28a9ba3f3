// API keys: for programs, so that none of them has to hold a password.
import { useRef, useState } from 'preact/hooks';
import { Choice } from './choice.jsx';
import { Field, FormPanel, Once, Row, Select, Tags, useAnswer, Waiting } from '../share/panels.jsx';
import { Fault, Panel, Press } from '../share/parts.jsx';
import { ask, askFirst, inWords, say, toast, when } from '../share/state.js';
import { isAdmin } from '../share/me.js';

const SCOPES = {
    read: 'scopeRead',
    upload: 'scopeUpload',
    delete: 'scopeDelete',
    admin: 'scopeAdmin',
};
const DAY_S = 86_400;
const EXPIRES = [
    [7, 'expires7'],
    [30, 'expires30'],
    [90, 'expires90'],
    [365, 'expires365'],
    [0, 'expiresNever'],
];

function NewKey({ onMade }) {
    const form = useRef();
    const [fault, setFault] = useState(''),
        [busy, setBusy] = useState(false);
    async function make(event) {
        event.preventDefault();
        const f = form.current.elements,
            name = f.key_name.value.trim();
        const scopes = Object.keys(SCOPES).filter((scope) => f[`scope_${scope}`]?.checked),
            days = Number(f.expires.value);
        if (!name || scopes.length === 0) {
            setFault(say(name ? 'keyNoScope' : 'keyNoName'));
            f[name ? 'scope_read' : 'key_name'].focus();
            return;
        }
        setFault('');
        setBusy(true);
        try {
            onMade(
                await ask('POST', '/api/keys', {
                    name,
                    scopes,
                    expires_in: days ? days * DAY_S : null,
                }),
            );
            form.current?.reset();
        } catch (e) {
            setFault(inWords(e));
        }
        setBusy(false);
    }
    return (
        <FormPanel id="new-key" title={say('keyNew')} form={form} onSubmit={make}>
            <Fault id="key-error" text={fault} />
            <Field
                words="keyName"
                name="key_name"
                maxLength={64}
                placeholder={say('keyNameLike')}
            />
            <fieldset>
                <legend>{say('keyMay')}</legend>
                {Object.entries(SCOPES)
                    .filter(([scope]) => scope !== 'admin' || isAdmin())
                    .map(([scope, words]) => (
                        <Choice
                            key={scope}
                            name={`scope_${scope}`}
                            words={words}
                            code={scope}
                            checked={scope === 'read'}
                        />
                    ))}
            </fieldset>
            <Select
                words="keyExpires"
                name="expires"
                value={90}
                options={EXPIRES.map(([days, words]) => [days, say(words)])}
            />
            <p class="acts">
                <Press
                    id="make-key"
                    class="main"
                    type="submit"
                    disabled={busy}
                    icon="key"
                    words={say('keyMake')}
                />
            </p>
        </FormPanel>
    );
}

const expired = (key) => !!key.expires && Date.parse(key.expires) <= Date.now();

function Key({ of, onRemove }) {
    const name = (
        <>
            {of.name} {expired(of) && <span class="badge bad">{say('expiredKey')}</span>}
        </>
    );
    const dates = [
        say('keyMadeOn', when(of.created)),
        of.expires ? say('keyUntil', when(of.expires)) : say('keyForEver'),
        of.last_used ? say('keyUsed', when(of.last_used)) : say('keyUnused'),
    ];
    const remove = (
        <Press
            class="remove"
            aria-label={say('removeOf', of.name)}
            title={say('remove')}
            onClick={onRemove}
            icon="bin"
        />
    );
    return (
        <Row name={name} acts={remove}>
            <p>
                <code>{of.prefix}…</code>
            </p>
            <Tags of={of.scopes.map((scope) => say(SCOPES[scope] ?? 'scopeRead'))} />
            <p class="hint">{dates.join(' · ')}</p>
        </Row>
    );
}

export function Keys() {
    const asked = useAnswer('/api/keys');
    const [fresh, setFresh] = useState(null);
    const title = useRef();
    async function remove(key) {
        if (!(await askFirst(say('keyRemove', key.name), say('keyRemoveText'), say('remove'))))
            return;
        try {
            await ask('DELETE', `/api/keys/${key.id}`);
            toast(say('didRemove', key.name));
        } catch (e) {
            toast(inWords(e));
        }
        title.current?.focus();
        asked.load();
    }
    const list = asked.data?.data ?? [];
    return (
        <div class="columns wide-left">
            <div class="stack">
                {fresh && (
                    <Once
                        title={say('keyMade', fresh.name)}
                        text={fresh.key}
                        onDone={() => {
                            setFresh(null);
                            title.current.focus();
                        }}
                    />
                )}
                <Panel id="keys" title={say('keys')} head={title}>
                    <p class="hint">
                        {say('keysHint')} <code>Authorization: Bearer rg_…</code>.{' '}
                        <a href="/docs">{say('keysDocs')}</a>
                    </p>
                    <Waiting asked={asked} />
                    {asked.data && list.length === 0 && (
                        <p class="none" id="no-keys">
                            {say('keysNone')}
                        </p>
                    )}
                    <ul class="rows" id="keys">
                        {list.map((key) => (
                            <Key key={key.id} of={key} onRemove={() => remove(key)} />
                        ))}
                    </ul>
                </Panel>
            </div>
            {(asked.data || asked.error) && (
                <NewKey
                    onMade={(key) => {
                        setFresh(key);
                        asked.load();
                    }}
                />
            )}
        </div>
    );
}
