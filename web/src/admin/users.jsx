// Everybody who has an account: found by name or e-mail, with what they use, their role and their
// limits.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../share/icon.jsx';
import { Meter } from '../share/panels.jsx';
import { Fault } from '../share/parts.jsx';
import { loadMe, me } from '../share/me.js';
import { ask, bytes, inWords, number, say, state, toast, when } from '../share/state.js';

const PAGE = 30,
    TYPING_MS = 250,
    GB = 1e9;

// A limit as people write it: nothing: as the settings say; 0: none. undefined: it is no number.
function readLimit(text, unit) {
    const t = text.trim().replace(',', '.');
    if (t === '') return null;
    return /^\d+(\.\d+)?$/.test(t) ? Math.round(Number(t) * unit) : undefined;
}
const inUnit = (limit, unit) =>
    limit === null ? '' : String(Math.round((limit / unit) * 1e6) / 1e6);
const limitOf = (limit, words) =>
    limit === null ? say('limitUsual') : limit === 0 ? say('limitNone') : words(limit);

function Edit({ user, onDone, onSaved }) {
    const form = useRef();
    const [fault, setFault] = useState(''),
        [busy, setBusy] = useState(false);
    useLayoutEffect(() => form.current.elements.role.focus(), []);
    async function save(event) {
        event.preventDefault();
        const f = form.current.elements,
            bytes_limit = readLimit(f.space.value, GB),
            tasks_limit = readLimit(f.tasks.value, 1);
        if (
            bytes_limit === undefined ||
            tasks_limit === undefined ||
            (tasks_limit !== null && f.tasks.value.match(/[.,]/))
        ) {
            setFault(say('limitBad'));
            f[bytes_limit === undefined ? 'space' : 'tasks'].focus();
            return;
        }
        setBusy(true);
        try {
            const changed = await ask('PATCH', `/api/admin/users/${user.id}`, {
                role: f.role.value,
                bytes_limit,
                tasks_limit,
            });
            toast(say('saved'));
            if (user.id === me.known?.id) loadMe().catch(() => {});
            onSaved(changed);
        } catch (e) {
            setFault(inWords(e));
            setBusy(false);
        }
    }
    return (
        <form
            class="edit"
            id="edit-user"
            ref={form}
            onSubmit={save}
            noValidate
            aria-label={say('editOf', user.username)}
        >
            <Fault id="user-error" text={fault} />
            <label>
                {say('role')}
                <select name="role">
                    {['user', 'admin'].map((role) => (
                        <option key={role} value={role} defaultSelected={role === user.role}>
                            {say(role === 'admin' ? 'roleAdmin' : 'roleUser')}
                        </option>
                    ))}
                </select>
            </label>
            <label>
                {say('limitSpace')}
                <input
                    name="space"
                    inputMode="decimal"
                    autocomplete="off"
                    maxLength={12}
                    defaultValue={inUnit(user.bytes_limit, GB)}
                    aria-describedby="limit-hint"
                />
            </label>
            <label>
                {say('limitTasks')}
                <input
                    name="tasks"
                    inputMode="numeric"
                    autocomplete="off"
                    maxLength={9}
                    defaultValue={inUnit(user.tasks_limit, 1)}
                    aria-describedby="limit-hint"
                />
            </label>
            <p id="limit-hint" class="hint">
                {say('limitHint')}
            </p>
            <p class="acts">
                <button type="button" class="quiet" onClick={onDone}>
                    {say('cancel')}
                </button>
                <button id="save-user" type="submit" class="main" disabled={busy}>
                    {say('save')}
                </button>
            </p>
        </form>
    );
}

function User({ user, open, onOpen, onSaved }) {
    const button = useRef(),
        was = useRef(open);
    const close = () => onOpen(false);
    useLayoutEffect(() => {
        if (was.current && !open) button.current?.focus();
        was.current = open;
    }, [open]);
    return (
        <li class="row user" data-user={user.username}>
            <div class="row-main grow">
                <h3 class="row-name">
                    {user.username}{' '}
                    {user.role === 'admin' && <span class="badge good">{say('roleAdmin')}</span>}
                </h3>
                <p class="hint far">
                    {user.email} · {say('userSince', when(user.created))}
                </p>
                {user.bytes_limit ? (
                    <Meter
                        label={say('useBytes')}
                        text={say('usedOf', bytes(user.bytes_used), bytes(user.bytes_limit))}
                        value={user.bytes_used}
                        limit={user.bytes_limit}
                    />
                ) : null}
                <p class="tags">
                    <span class="tag">
                        {say(user.tasks === 1 ? 'userTasksOne' : 'userTasks', number(user.tasks))}
                    </span>
                    {!user.bytes_limit && (
                        <span class="tag">
                            {say(
                                'userBytes',
                                bytes(user.bytes_used),
                                limitOf(user.bytes_limit, bytes),
                            )}
                        </span>
                    )}
                    <span class="tag">
                        {say(
                            'userDay',
                            limitOf(user.tasks_limit, (n) => number(n)),
                        )}
                    </span>
                </p>
                {open && (
                    <Edit
                        user={user}
                        onDone={close}
                        onSaved={(changed) => {
                            onSaved(changed);
                            close();
                        }}
                    />
                )}
            </div>
            {!open && (
                <div class="row-acts">
                    <button
                        ref={button}
                        type="button"
                        class="edit-user"
                        aria-label={say('editOf', user.username)}
                        onClick={() => onOpen(true)}
                    >
                        {say('edit')}
                    </button>
                </div>
            )}
        </li>
    );
}

export function Users() {
    const [query, setQuery] = useState(''),
        [list, setList] = useState(null),
        [whole, setWhole] = useState(true);
    const [fault, setFault] = useState(null),
        [open, setOpen] = useState(0);
    const wanted = useRef('');
    async function load(q, more = []) {
        const asker = state.token,
            after = more.length ? `&after=${more.at(-1).id}` : '';
        try {
            const { data } = await ask(
                'GET',
                `/api/admin/users?q=${encodeURIComponent(q)}&max=${PAGE}${after}`,
            );
            if (state.token !== asker || wanted.current !== q) return;
            setList([...more, ...data]);
            setWhole(data.length < PAGE);
            setFault(null);
        } catch (e) {
            setFault(e);
        }
    }
    useEffect(() => {
        wanted.current = query.trim();
        const timer = setTimeout(() => load(query.trim()), list ? TYPING_MS : 0);
        return () => clearTimeout(timer);
    }, [query]);
    return (
        <section class="panel" aria-labelledby="users-title">
            <h2 id="users-title">{say('users')}</h2>
            <label>
                {say('userSearch')}
                <input
                    id="user-search"
                    type="search"
                    maxLength={100}
                    autocomplete="off"
                    value={query}
                    onInput={(e) => setQuery(e.currentTarget.value)}
                />
            </label>
            <Fault text={fault ? inWords(fault) : ''}>
                <button type="button" class="link" onClick={() => load(query.trim())}>
                    {say('again')}
                </button>
            </Fault>
            {!list && !fault && (
                <p class="waiting" role="status">
                    {say('loading')}
                </p>
            )}
            {list?.length === 0 && (
                <p class="none" id="no-users" role="status">
                    {say('usersNone')}
                </p>
            )}
            <ul class="rows" id="users">
                {list?.map((user) => (
                    <User
                        key={user.id}
                        user={user}
                        open={open === user.id}
                        onOpen={(yes) => setOpen(yes ? user.id : 0)}
                        onSaved={(changed) =>
                            setList(list.map((u) => (u.id === changed.id ? changed : u)))
                        }
                    />
                ))}
            </ul>
            {!whole && (
                <p class="acts">
                    <button type="button" id="more-users" onClick={() => load(query.trim(), list)}>
                        <Icon name="down" />
                        {say('more')}
                    </button>
                </p>
            )}
        </section>
    );
}
