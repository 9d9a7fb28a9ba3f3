// Everybody who has an account: found by name or e-mail, with what they use, their role and their
// limits.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Field, Meter, Row, Select, Tags } from '../share/panels.jsx';
import { Fault, Loading, Panel, Press } from '../share/parts.jsx';
import { loadMe, me } from '../share/me.js';
import { ask, bytes, dotted, inWords, number, say, state, toast, when } from '../share/state.js';

const PAGE = 30,
    TYPING_MS = 250,
    GB = 1e9;

// A limit as people write it: nothing: as the settings say; 0: none. undefined: it is no number.
function readLimit(text, unit) {
    const t = dotted(text);
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
            <Select
                words="role"
                name="role"
                value={user.role}
                options={[
                    ['user', say('roleUser')],
                    ['admin', say('roleAdmin')],
                ]}
            />
            <Field
                words="limitSpace"
                name="space"
                inputMode="decimal"
                maxLength={12}
                defaultValue={inUnit(user.bytes_limit, GB)}
                aria-describedby="limit-hint"
            />
            <Field
                words="limitTasks"
                name="tasks"
                inputMode="numeric"
                maxLength={9}
                defaultValue={inUnit(user.tasks_limit, 1)}
                aria-describedby="limit-hint"
            />
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
    const name = (
        <>
            {user.username}{' '}
            {user.role === 'admin' && <span class="badge good">{say('roleAdmin')}</span>}
        </>
    );
    const edit = (
        <button
            ref={button}
            type="button"
            class="edit-user"
            aria-label={say('editOf', user.username)}
            onClick={() => onOpen(true)}
        >
            {say('edit')}
        </button>
    );
    const used = bytes(user.bytes_used),
        space = user.bytes_limit ? [] : [say('userBytes', used, limitOf(user.bytes_limit, bytes))];
    const day = limitOf(user.tasks_limit, (n) => number(n));
    return (
        <Row
            kind="user"
            grow="grow"
            data-user={user.username}
            name={name}
            acts={open ? undefined : edit}
        >
            <p class="hint far">
                {user.email} · {say('userSince', when(user.created))}
            </p>
            {user.bytes_limit ? (
                <Meter
                    label={say('useBytes')}
                    text={say('usedOf', used, bytes(user.bytes_limit))}
                    value={user.bytes_used}
                    limit={user.bytes_limit}
                />
            ) : null}
            <Tags
                of={[
                    say(user.tasks === 1 ? 'userTasksOne' : 'userTasks', number(user.tasks)),
                    ...space,
                    say('userDay', day),
                ]}
            />
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
        </Row>
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
        <Panel id="users" title={say('users')}>
            <Field
                words="userSearch"
                id="user-search"
                type="search"
                maxLength={100}
                value={query}
                onInput={(e) => setQuery(e.currentTarget.value)}
            />
            <Fault text={inWords(fault)} again={() => load(query.trim())} />
            {!list && !fault && <Loading />}
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
                    <Press
                        id="more-users"
                        onClick={() => load(query.trim(), list)}
                        icon="down"
                        words={say('more')}
                    />
                </p>
            )}
        </Panel>
    );
}
