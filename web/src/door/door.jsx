// The door: what this is, and the form to come in by.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../share/icon.jsx';
import { Fault, Strip } from '../share/parts.jsx';
import { addWords, ask, change, inWords, say, setSession, state } from '../share/state.js';
import { WORDS } from './words.js';

addWords(WORDS);

// Whom a token is of: who came in by an e-mail address has a name all the same.
function nameIn(token) {
    const part = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(part), (sign) => sign.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)).sub;
}

// A password, which can be looked at.
function Secret({ name, label, shown, onShow, ...more }) {
    return (
        <div class="secret">
            <label>
                {say(label)}
                <input
                    name={name}
                    type={shown ? 'text' : 'password'}
                    autocapitalize="none"
                    spellcheck={false}
                    maxLength={128}
                    required
                    {...more}
                />
            </label>
            {onShow && (
                <button
                    type="button"
                    class="quiet show"
                    id="show"
                    aria-pressed={shown}
                    title={say('showPassword')}
                    aria-label={say('showPassword')}
                    onClick={onShow}
                >
                    <Icon name="eye" />
                </button>
            )}
        </div>
    );
}

export function Door() {
    const [signingUp, setSigningUp] = useState(false);
    const [busy, setBusy] = useState(false),
        [shown, setShown] = useState(false);
    const form = useRef();
    const fault = (text) => {
        state.doorError = text;
        change();
    };
    useLayoutEffect(() => form.current.elements.username.focus(), []);

    async function enter(event) {
        event.preventDefault();
        const f = form.current.elements;
        const username = f.username.value.trim(),
            password = f.password.value;
        const wanted = ['username', 'password', ...(signingUp ? ['email', 'password2'] : [])];
        const missing = wanted.find((name) => !f[name].value.trim());
        const differ = signingUp && password !== f.password2.value;
        if (missing || differ) {
            fault(say(missing ? 'fill' : 'differ'));
            f[missing || 'password2'].focus();
            return;
        }
        fault('');
        setBusy(true);
        try {
            if (signingUp)
                await ask('POST', '/api/auth/signup', {
                    username,
                    email: f.email.value.trim(),
                    password1: password,
                    password2: f.password2.value,
                });
            const { token } = await ask('POST', '/api/auth/login', { username, password });
            setSession(token, nameIn(token), f.keep.checked);
        } catch (e) {
            fault(inWords(e));
            setBusy(false);
            if (e.code === 'login_wrong') f.password.select();
        }
    }
    return (
        <section id="door" class="door" aria-labelledby="door-title">
            <div class="pitch">
                <h1>{say('pitchTitle')}</h1>
                <p>{say('pitchText')}</p>
                <Strip />
            </div>
            <form id="entry" class="panel" noValidate ref={form} onSubmit={enter}>
                <h2 id="door-title">{say(signingUp ? 'signUp' : 'logIn')}</h2>
                <Fault id="entry-error" text={state.doorError} />
                <label>
                    {say(signingUp ? 'username' : 'nameOrEmail')}
                    <input
                        name="username"
                        autocomplete="username"
                        autocapitalize="none"
                        spellcheck={false}
                        maxLength={signingUp ? 64 : 254}
                        required
                    />
                </label>
                {signingUp && (
                    <label>
                        {say('email')}
                        <input
                            name="email"
                            type="email"
                            autocomplete="email"
                            maxLength={254}
                            required
                        />
                    </label>
                )}
                <Secret
                    name="password"
                    label="password"
                    shown={shown}
                    onShow={() => setShown(!shown)}
                    autocomplete={signingUp ? 'new-password' : 'current-password'}
                    aria-describedby={signingUp ? 'password-hint' : undefined}
                />
                {signingUp && (
                    <p id="password-hint" class="hint">
                        {say('passwordHint')}
                    </p>
                )}
                {signingUp && (
                    <Secret
                        name="password2"
                        label="passwordAgain"
                        shown={shown}
                        autocomplete="new-password"
                    />
                )}
                <label class="check">
                    <input name="keep" type="checkbox" /> {say('keep')}
                </label>
                <button id="enter" class="main" type="submit" disabled={busy}>
                    {say(signingUp ? 'signUp' : 'logIn')}
                </button>
                <p class="swap">
                    {say(signingUp ? 'hasAccount' : 'noAccount')}{' '}
                    <button
                        id="swap"
                        class="link"
                        type="button"
                        onClick={() => {
                            setSigningUp(!signingUp);
                            fault('');
                            form.current.elements.username.focus();
                        }}
                    >
                        {say(signingUp ? 'logIn' : 'signUp')}
                    </button>
                </p>
            </form>
        </section>
    );
}
