// Small parts that several pages are made of.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { TITLE_MAX, alter } from './acts.js';
import { RIGHT_TO_LEFT, announce, ask, closeToast, inWords, say, state, toast } from './state.js';

const ICONS = {
    play: <path d="M8 5.2v13.6L19 12z" fill="currentColor" />,
    pause: <path d="M8 5h3v14H8zm5 0h3v14h-3z" fill="currentColor" />,
    up: <path d="M12 16V5m0 0 4.5 4.5M12 5 7.5 9.5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3" />,
    down: <path d="M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4 17v1a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-1" />,
    bin: <path d="M5 7h14M10 7V5h4v2m-7.5 0 .8 12h9.4l.8-12M10.5 11v5m3-5v5" />,
    again: <path d="M19 12a7 7 0 1 1-2.2-5.1L19 9m0-5v5h-5" />,
    back: <path d="m14 6-6 6 6 6" />,
    close: <path d="m6 6 12 12M18 6 6 18" />,
    link: (
        <path
            d={
                'm10 14 4-4M8.5 11.5l-2 2a3 3 0 0 0 4.2 4.2l2-2' +
                'm-1.4-7.4 2-2a3 3 0 0 1 4.2 4.2l-2 2'
            }
        />
    ),
    sliders: (
        <>
            <path d="M4 7h9m5 0h2M4 17h2m5 0h9" />
            <circle cx="15.5" cy="7" r="2.5" />
            <circle cx="8.5" cy="17" r="2.5" />
        </>
    ),
    gauge: <path d="M4 17a8.5 8.5 0 1 1 16 0M12 15l3.5-4.5" />,
    out: (
        <path
            d={
                'M10 5H6a1.5 1.5 0 0 0-1.5 1.5v11A1.5 1.5 0 0 0 6 19h4' +
                'm4-3.5 3.5-3.5L14 8.5M17 12H9'
            }
        />
    ),
    key: (
        <>
            <circle cx="8" cy="15" r="3.6" />
            <path d="m10.6 12.4 8-8m-3 3 2.6 2.6" />
        </>
    ),
    check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
    eye: (
        <>
            <path d="M3 12s3.2-6 9-6 9 6 9 6-3.2 6-9 6-9-6-9-6z" />
            <circle cx="12" cy="12" r="2.6" />
        </>
    ),
    pen: (
        <path
            d={
                'm5 19 .9-4L16.2 4.8a1.6 1.6 0 0 1 2.3 0l.7.7a1.6 1.6 0 0 1 0 2.3L9 18.1z' +
                'M14.5 6.5l3 3'
            }
        />
    ),
    search: (
        <>
            <circle cx="11" cy="11" r="6" />
            <path d="m15.5 15.5 4.5 4.5" />
        </>
    ),
    warn: <path d="M12 4.5 3.5 19h17zM12 10v4m0 2.6v.1" />,
    keys: <path d="M3.5 7h17v10h-17zM7 10.3h.1m3.3 0h.1m3.3 0h.1m3.2 0h.1M8 13.7h8" />,
    clip: (
        <>
            <rect x="3" y="5" width="18" height="14" rx="2.5" />
            <path d="M10.2 9.2v5.6l4.8-2.8z" />
        </>
    ),
};
export const Icon = ({ name, size = 20 }) => (
    <svg
        class="icon"
        viewBox="0 0 24 24"
        width={size}
        height={size}
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linecap="round"
        stroke-linejoin="round"
    >
        {ICONS[name]}
    </svg>
);

// A name, cut in its middle where it is too long, so that its beginning and its ending stay: of a
// file, what kind it is. Joined letters are not torn apart.
const ENDING = /\.[^.\s]{1,8}$/,
    TAIL = 7,
    WORD_MAX = 12;
function halves(name) {
    const ending = ENDING.exec(name)?.[0] ?? '',
        stem = name.slice(0, name.length - ending.length);
    const signs = Intl.Segmenter
        ? Array.from(new Intl.Segmenter().segment(stem), (s) => s.segment)
        : [...stem];
    let tail = signs.slice(-TAIL).join('');
    if (RIGHT_TO_LEFT.test(stem)) {
        const word = /\s\S+$/.exec(stem)?.[0] ?? '';
        tail = !ending && word.length <= WORD_MAX ? word : '';
    }
    if (signs.length < 2 * TAIL) tail = '';
    return [stem.slice(0, stem.length - tail.length), tail + ending];
}
export function Name({ children: name }) {
    const [head, tail] = halves(name);
    return (
        <span class="cut" dir="auto">
            <span class="cut-head">{head}</span>
            {tail && <bdi class="cut-tail">{tail}</bdi>}
        </span>
    );
}

// The name of a task while it is changed in its place. Enter and leaving it keep it, Escape does
// not.
export function Rename({ id, value, onDone }) {
    const field = useRef(),
        over = useRef(false);
    useLayoutEffect(() => field.current.select(), []);
    function end(keep) {
        if (over.current) return;
        over.current = true;
        const title = field.current.value.trim();
        onDone();
        if (keep && title && title !== value) alter(id, { title });
    }
    return (
        <form
            class="rename"
            onSubmit={(event) => {
                event.preventDefault();
                end(true);
            }}
        >
            <input
                ref={field}
                dir="auto"
                defaultValue={value}
                maxLength={TITLE_MAX}
                autocomplete="off"
                aria-label={say('title')}
                onBlur={() => end(true)}
                onKeyDown={(event) => {
                    if (event.key !== 'Escape') return;
                    event.stopPropagation();
                    end(false);
                }}
            />
        </form>
    );
}

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

// What is told once and never again.
export function Once({ title, text, onDone }) {
    const field = useRef(),
        head = useRef();
    useLayoutEffect(() => head.current.focus(), [text]);
    return (
        <section class="panel once" aria-labelledby="once-title">
            <h2 id="once-title" ref={head} tabIndex={-1}>
                {title}
            </h2>
            <p>{say('onceText')}</p>
            <div class="copy">
                <input
                    ref={field}
                    id="once"
                    readOnly
                    value={text}
                    aria-labelledby="once-title"
                    onFocus={(e) => e.currentTarget.select()}
                />
                <button type="button" id="once-copy" onClick={() => copyText(text, field.current)}>
                    <Icon name="link" />
                    {say('copy')}
                </button>
            </div>
            <p class="acts">
                <button type="button" id="once-done" class="main" onClick={onDone}>
                    {say('onceDone')}
                </button>
            </p>
        </section>
    );
}

// How much of something is used. Without a limit there is no bar.
export const Meter = ({ label, text, value, limit }) => (
    <div class="meter-of">
        <p>
            <span>{label}</span> <strong>{text}</strong>
        </p>
        {limit > 0 && (
            <progress
                class="bar meter"
                data-full={value >= limit * 0.9 || undefined}
                max={limit}
                value={Math.min(value, limit)}
                aria-label={label}
                aria-valuetext={text}
            />
        )}
    </div>
);

// Pages beside each other: [[address, words], ...].
export const Tabs = ({ label, at, pages }) => (
    <nav class="filters tabs" aria-label={label}>
        {pages.map(([address, words]) => (
            <a key={address} href={address} aria-current={address === at ? 'page' : undefined}>
                {words}
            </a>
        ))}
    </nav>
);

// What the server answers at a path: { data, error, load }; asked for again every so often, while
// somebody looks.
export function useAnswer(path, every_ms = 0) {
    const [got, set] = useState({ path: null, data: null, error: null });
    const now = useRef(path);
    now.current = path;
    async function load() {
        const asker = state.token;
        const mine = () => now.current === path && state.token === asker;
        try {
            const data = await ask('GET', path);
            if (mine()) set({ path, data, error: null });
        } catch (error) {
            if (mine()) set((old) => ({ path, data: old.path === path ? old.data : null, error }));
        }
    }
    useEffect(() => {
        load();
        if (!every_ms) return undefined;
        const timer = setInterval(() => {
            if (!document.hidden) load();
        }, every_ms);
        return () => clearInterval(timer);
    }, [path, every_ms]);
    const mine = got.path === path;
    return { data: mine ? got.data : null, error: mine ? got.error : null, load };
}
export const Waiting = ({ asked }) =>
    asked.error ? (
        <Fault text={inWords(asked.error)}>
            <button type="button" class="link" onClick={asked.load}>
                {say('again')}
            </button>
        </Fault>
    ) : asked.data ? null : (
        <p class="waiting" role="status">
            {say('loading')}
        </p>
    );

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
