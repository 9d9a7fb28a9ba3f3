// What settings and administration are made of; fetched with the first of them.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.jsx';
import { Fault, copyText } from './parts.jsx';
import { ask, inWords, say, state } from './state.js';

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
