// The door: what this is, and the form to come in by.
import { useRef, useState } from 'preact/hooks';
import { Fault, Strip } from './parts.jsx';
import { ask, change, say, setSession, state } from './state.js';

export function Door() {
    const [signingUp, setSigningUp] = useState(false);
    const [busy, setBusy] = useState(false);
    const form = useRef();
    const fault = (text) => { state.doorError = text; change(); };

    async function enter(event) {
        event.preventDefault();
        const f = form.current.elements;
        const username = f.username.value.trim(), password = f.password.value;
        const wanted = signingUp ? ['username', 'email', 'password', 'password2'] : ['username', 'password'];
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
            if (signingUp) await ask('POST', '/api/auth/signup', { username, email: f.email.value.trim(), password1: password, password2: f.password2.value });
            const { token } = await ask('POST', '/api/auth/login', { username, password });
            setSession(token, username, f.keep.checked);
        } catch (e) {
            fault(e.message);
            setBusy(false);
        }
    }
    const Field = (name, label, more) => (
        <label>{say(label)}<input name={name} {...more} /></label>
    );
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
                {Field('username', 'username', { autocomplete: 'username', autocapitalize: 'none', spellcheck: false, maxLength: 64, required: true })}
                {signingUp && Field('email', 'email', { type: 'email', autocomplete: 'email', maxLength: 254, required: true })}
                {Field('password', 'password', { type: 'password', autocomplete: signingUp ? 'new-password' : 'current-password', maxLength: 128, required: true, 'aria-describedby': signingUp ? 'password-hint' : undefined })}
                {signingUp && <p id="password-hint" class="hint">{say('passwordHint')}</p>}
                {signingUp && Field('password2', 'passwordAgain', { type: 'password', autocomplete: 'new-password', maxLength: 128, required: true })}
                <label class="check"><input name="keep" type="checkbox" /> {say('keep')}</label>
                <button id="enter" class="main" type="submit" disabled={busy}>{say(signingUp ? 'signUp' : 'logIn')}</button>
                <p class="swap">{say(signingUp ? 'hasAccount' : 'noAccount')}{' '}
                    <button id="swap" class="link" type="button" onClick={() => { setSigningUp(!signingUp); fault(''); form.current.elements.username.focus(); }}>{say(signingUp ? 'logIn' : 'signUp')}</button></p>
            </form>
        </section>
    );
}
