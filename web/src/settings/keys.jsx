// API keys: for programs, so that none of them has to hold a password.
import { useRef, useState } from 'preact/hooks';
import { Choice } from './choice.jsx';
import { Icon } from '../share/icon.jsx';
import { Once, Waiting, useAnswer } from '../share/panels.jsx';
import { Fault } from '../share/parts.jsx';
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
        <form
            class="panel"
            id="new-key"
            ref={form}
            onSubmit={make}
            noValidate
            aria-labelledby="new-key-title"
        >
            <h2 id="new-key-title">{say('keyNew')}</h2>
            <Fault id="key-error" text={fault} />
            <label>
                {say('keyName')}
                <input
                    name="key_name"
                    maxLength={64}
                    autocomplete="off"
                    placeholder={say('keyNameLike')}
                />
            </label>
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
            <label>
                {say('keyExpires')}
                <select name="expires">
                    {EXPIRES.map(([days, words]) => (
                        <option key={days} value={days} defaultSelected={days === 90}>
                            {say(words)}
                        </option>
                    ))}
                </select>
            </label>
            <p class="acts">
                <button id="make-key" class="main" type="submit" disabled={busy}>
                    <Icon name="key" />
                    {say('keyMake')}
                </button>
            </p>
        </form>
    );
}

const expired = (key) => !!key.expires && Date.parse(key.expires) <= Date.now();

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
                <section class="panel" aria-labelledby="keys-title">
                    <h2 id="keys-title" ref={title} tabIndex={-1}>
                        {say('keys')}
                    </h2>
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
                            <li key={key.id} class="row">
                                <div class="row-main">
                                    <h3 class="row-name">
                                        {key.name}{' '}
                                        {expired(key) && (
                                            <span class="badge bad">{say('expiredKey')}</span>
                                        )}
                                    </h3>
                                    <p>
                                        <code>{key.prefix}…</code>
                                    </p>
                                    <p class="tags">
                                        {key.scopes.map((scope) => (
                                            <span class="tag" key={scope}>
                                                {say(SCOPES[scope] ?? 'scopeRead')}
                                            </span>
                                        ))}
                                    </p>
                                    <p class="hint">
                                        {say('keyMadeOn', when(key.created))} ·{' '}
                                        {key.expires
                                            ? say('keyUntil', when(key.expires))
                                            : say('keyForEver')}{' '}
                                        ·{' '}
                                        {key.last_used
                                            ? say('keyUsed', when(key.last_used))
                                            : say('keyUnused')}
                                    </p>
                                </div>
                                <div class="row-acts">
                                    <button
                                        type="button"
                                        class="remove"
                                        aria-label={say('removeOf', key.name)}
                                        title={say('remove')}
                                        onClick={() => remove(key)}
                                    >
                                        <Icon name="bin" />
                                    </button>
                                </div>
                            </li>
                        ))}
                    </ul>
                </section>
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
