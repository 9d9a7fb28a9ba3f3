// Small parts that several pages are made of.
import { useEffect, useRef } from 'preact/hooks';
import { closeToast, say, state } from './state.js';

const ICONS = {
    play: <path d="M8 5.2v13.6L19 12z" fill="currentColor" />,
    pause: <path d="M8 5h3v14H8zm5 0h3v14h-3z" fill="currentColor" />,
    up: <path d="M12 16V5m0 0 4.5 4.5M12 5 7.5 9.5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3" />,
    down: <path d="M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4 17v1a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-1" />,
    bin: <path d="M5 7h14M10 7V5h4v2m-7.5 0 .8 12h9.4l.8-12M10.5 11v5m3-5v5" />,
    again: <path d="M19 12a7 7 0 1 1-2.2-5.1L19 9m0-5v5h-5" />,
    back: <path d="m14 6-6 6 6 6" />,
    close: <path d="m6 6 12 12M18 6 6 18" />,
    link: <path d="m10 14 4-4M8.5 11.5l-2 2a3 3 0 0 0 4.2 4.2l2-2m-1.4-7.4 2-2a3 3 0 0 1 4.2 4.2l-2 2" />,
    check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
    clip: <><rect x="3" y="5" width="18" height="14" rx="2.5" /><path d="M10.2 9.2v5.6l4.8-2.8z" /></>,
};
export const Icon = ({ name, size = 20 }) => (
    <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">{ICONS[name]}</svg>
);

export const Fault = ({ text, id, children }) => (text ? <p id={id} class="error" role="alert">{text} {children}</p> : null);

// The signature of what is made here: logo, clip, logo.
export const Strip = ({ children }) => (
    <ol class="strip" aria-hidden="true">
        <li class="strip-logo">{say('partLogo')}</li><li class="strip-clip">{children ?? say('partClip')}</li><li class="strip-logo">{say('partLogo')}</li>
    </ol>
);

// A heading that takes the focus when its page comes up, so that the next key is pressed there.
export function Title({ children, first }) {
    const here = useRef();
    useEffect(() => { if (!first) here.current.focus(); }, []);
    return <h1 ref={here} tabIndex={-1} id="title">{children}</h1>;
}

export function Toasts() {
    return (
        <div class="toasts" role="status">
            {state.toasts.map((one) => (
                <div class="toast" key={one.id} onMouseEnter={one.pause} onMouseLeave={one.resume} onFocusIn={one.pause} onFocusOut={one.resume}>
                    <span>{one.text}</span>
                    {one.act && <button type="button" class="undo" aria-label={one.act.name} onClick={one.act.run}>{one.act.label}</button>}
                    <button type="button" class="quiet shut" aria-label={say('close')} onClick={() => closeToast(one, true)}><Icon name="close" /></button>
                </div>
            ))}
        </div>
    );
}
