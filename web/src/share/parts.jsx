// Small parts that several pages are made of.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.jsx';
import { announce, closeToast, say, state, toast } from './state.js';

// What went wrong, in words; again: what to do once more, where that may help.
export const Fault = ({ text, id, again }) =>
    text ? (
        <p id={id} class="error" role="alert">
            {text}{' '}
            {again && (
                <button type="button" class="link" onClick={() => again()}>
                    {say('again')}
                </button>
            )}
        </p>
    ) : null;

// quiet: to be heard, where something else is seen meanwhile.
export const Loading = ({ quiet }) => (
    <p class={quiet ? 'unseen' : 'waiting'} role="status">
        {say('loading')}
    </p>
);

// A button with a drawing.
export const Press = ({ icon, words, ...more }) => (
    <button type="button" {...more}>
        <Icon name={icon} />
        {words}
    </button>
);

export const Shut = ({ onClick }) => (
    <button type="button" class="quiet shut" aria-label={say('close')} onClick={onClick}>
        <Icon name="close" />
    </button>
);

// The way back to where somebody came from.
export const Way = ({ to, words }) => (
    <p class="way">
        <a href={to}>
            <Icon name="back" />
            {words}
        </a>
    </p>
);

// head: a reference to its heading, which then can have the focus.
export const Panel = ({ id, title, head, children, ...more }) => (
    <section class="panel" aria-labelledby={`${id}-title`} {...more}>
        <h2 id={`${id}-title`} ref={head} tabIndex={head && -1}>
            {title}
        </h2>
        {children}
    </section>
);

// A dialog that is open as long as it is said to be: what it is referred to by.
export function useSheet(open) {
    const dialog = useRef();
    useEffect(() => {
        if (open && !dialog.current.open) dialog.current.showModal();
        if (!open && dialog.current.open) dialog.current.close();
    }, [open]);
    return dialog;
}
export const SheetHead = ({ id, title, onClose, children }) => (
    <header>
        <h2 id={id}>{title}</h2>
        {children}
        <Shut onClick={onClose} />
    </header>
);

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
                    <Shut onClick={() => closeToast(one, true)} />
                </div>
            ))}
        </div>
    );
}

// A question before what cannot be undone. Escape is a no.
export function Question() {
    const q = state.question,
        dialog = useSheet(!!q);
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

// A text to be copied, with the button that does it; name and button: their ids, label: the id of
// the heading, copy(field): does it.
export function Copy({ name, button, label, text, words, copy }) {
    const field = useRef();
    return (
        <div class="copy">
            <input
                ref={field}
                id={name}
                readOnly
                value={text}
                aria-labelledby={label}
                onFocus={(e) => e.currentTarget.select()}
            />
            <button type="button" id={button} onClick={() => copy(field.current)}>
                <Icon name="link" />
                {words}
            </button>
        </div>
    );
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
        <Fault text={say('partLost')} again={() => location.reload()} />
    ) : (
        <Loading />
    );
}
