// Small parts that several pages are made of.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.jsx';
import { announce, closeToast, say, state, toast } from './state.js';

export const Fault = ({ text, id, children }) =>
    text ? (
        <p id={id} class="error" role="alert">
            {text} {children}
        </p>
    ) : null;

// The signature of what is made here: logo, clip, logo; each as wide as it lasts.
export function Strip({ logo = 2, clip = 8 }) {
    const Logo = () =>
        logo > 0 ? (
            <li class="strip-logo" style={{ flexGrow: logo }}>
                {say('partLogo')}
            </li>
        ) : null;
    return (
        <ol class="strip" aria-hidden="true">
            <Logo />
            <li class="strip-clip" style={{ flexGrow: clip }}>
                {say('partClip')}
            </li>
            <Logo />
        </ol>
    );
}

// A heading that takes the focus when its page comes up, so that the next key is pressed there.
export function Title({ children, first }) {
    const here = useRef();
    useLayoutEffect(() => {
        if (!first) here.current.focus();
    }, []);
    return (
        <h1 ref={here} tabIndex={-1} id="title" dir="auto">
            {children}
        </h1>
    );
}

export function Toasts() {
    return (
        <div class="toasts" role="status">
            {state.toasts.map((one) => (
                <div
                    class="toast"
                    key={one.id}
                    onMouseEnter={one.pause}
                    onMouseLeave={one.resume}
                    onFocusIn={one.pause}
                    onFocusOut={one.resume}
                >
                    <span dir="auto">{one.text}</span>
                    {one.act && (
                        <button
                            type="button"
                            class="undo"
                            aria-label={one.act.name}
                            onClick={one.act.run}
                        >
                            {one.act.label}
                        </button>
                    )}
                    <button
                        type="button"
                        class="quiet shut"
                        aria-label={say('close')}
                        onClick={() => closeToast(one, true)}
                    >
                        <Icon name="close" />
                    </button>
                </div>
            ))}
        </div>
    );
}

// A question before what cannot be undone. Escape is a no.
export function Question() {
    const dialog = useRef(),
        q = state.question;
    useEffect(() => {
        if (q && !dialog.current.open) dialog.current.showModal();
        if (!q && dialog.current.open) dialog.current.close();
    }, [q]);
    return (
        <dialog
            id="question"
            ref={dialog}
            aria-labelledby="question-title"
            aria-describedby="question-text"
            onClose={() => q?.answer(false)}
        >
            {q && (
                <form
                    method="dialog"
                    onSubmit={(event) => {
                        event.preventDefault();
                        q.answer(true);
                    }}
                >
                    <h2 id="question-title">{q.title}</h2>
                    <p id="question-text">{q.text}</p>
                    <footer class="acts">
                        <button type="button" class="quiet" onClick={() => q.answer(false)}>
                            {say('cancel')}
                        </button>
                        <button type="submit" id="yes" class={q.mild ? 'main' : 'danger'}>
                            {q.act}
                        </button>
                    </footer>
                </form>
            )}
        </dialog>
    );
}

// Puts text where the user can paste it from; field: where it stands, for browsers that do not let
// us.
export async function copyText(text, field, said = 'copiedThis') {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // only over https and on this machine
        field.select();
        if (!document.execCommand('copy')) {
            announce('copyHand');
            return;
        }
    }
    toast(say(said));
}

// A part of the page that is fetched when it is wanted first.
export function Later({ part, ...more }) {
    const [got, set] = useState({});
    useEffect(() => {
        let wanted = true;
        part().then(
            (module) => wanted && set({ part, Page: module.default }),
            () => wanted && set({ part, lost: true }),
        );
        return () => {
            wanted = false;
        };
    }, [part]);
    if (got.part === part && got.Page) return <got.Page {...more} />;
    return got.part === part && got.lost ? (
        <Fault text={say('partLost')}>
            <button type="button" class="link" onClick={() => location.reload()}>
                {say('again')}
            </button>
        </Fault>
    ) : (
        <p class="waiting" role="status">
            {say('loading')}
        </p>
    );
}
