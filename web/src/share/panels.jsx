// What settings and administration are made of; fetched with the first of them.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Copy, copyText, Fault, Loading } from './parts.jsx';
import { ask, inWords, say, state } from './state.js';

// What is told once and never again.
export function Once({ title, text, onDone }) {
    const head = useRef();
    useLayoutEffect(() => head.current.focus(), [text]);
    return (
        <section class="panel once" aria-labelledby="once-title">
            <h2 id="once-title" ref={head} tabIndex={-1}>
                {title}
            </h2>
            <p>{say('onceText')}</p>
            <Copy
                name="once"
                button="once-copy"
                label="once-title"
                text={text}
                words={say('copy')}
                copy={(field) => copyText(text, field)}
            />
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
        <Fault text={inWords(asked.error)} again={asked.load} />
    ) : asked.data ? null : (
        <Loading />
    );

// A field with its name; unit: what its number counts.
export const Field = ({ words, unit, ...more }) => (
    <label>
        {say(words)}
        {unit ? <span class="unit"> ({unit})</span> : null}
        <input autocomplete="off" {...more} />
    </label>
);
// One of several: [[value, words], ...].
export const Select = ({ words, name, value, options }) => (
    <label>
        {say(words)}
        <select name={name}>
            {options.map(([one, text]) => (
                <option key={one} value={one} defaultSelected={one === value}>
                    {text}
                </option>
            ))}
        </select>
    </label>
);
// What something is, a line each: [[words, value], ...].
export const Pairs = ({ of }) => (
    <dl class="pairs">
        {of.map(([words, value]) => (
            <div key={words}>
                <dt>{say(words)}</dt>
                <dd>{value}</dd>
            </div>
        ))}
    </dl>
);

// A panel that is a form; form: the reference to it.
export const FormPanel = ({ id, title, form, onSubmit, children }) => (
    <form
        class="panel"
        id={id}
        ref={form}
        onSubmit={onSubmit}
        noValidate
        aria-labelledby={`${id}-title`}
    >
        <h2 id={`${id}-title`}>{title}</h2>
        {children}
    </form>
);
// One of a list: its name, what is said of it, and what can be done with it.
export const Row = ({ name, before, acts, kind = '', grow = '', children, ...more }) => (
    <li class={`row ${kind}`} {...more}>
        {before}
        <div class={`row-main ${grow}`}>
            <h3 class="row-name">{name}</h3>
            {children}
        </div>
        {acts !== undefined && <div class="row-acts">{acts}</div>}
    </li>
);
// Words beside each other, each in its frame.
export const Tags = ({ of }) => (
    <p class="tags">
        {of.map((words) => (
            <span class="tag" key={words}>
                {words}
            </span>
        ))}
    </p>
);
