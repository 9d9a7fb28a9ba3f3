// For those who run the service: how it does, what failed, who uses it, and how reels are made.
// Only the server decides who may; to others these pages have nothing to show.
import { Failed } from './failed.jsx';
import { Meter, Row, Tabs, useAnswer, Waiting } from '../share/panels.jsx';
import { Panel, Title } from '../share/parts.jsx';
import { Profile } from './profile.jsx';
import { addWords, bytes, number, say, span, state } from '../share/state.js';
import { Users } from './users.jsx';
import { WORDS as PANELS } from '../share/words-panels.js';
import { WORDS } from './words.js';

addWords({ ...PANELS, ...WORDS });
const LOOK_MS = 3000;

const Tile = ({ id, label, value, note, bad, to }) => (
    <li class="tile" data-bad={bad || undefined}>
        <span class="tile-label">{label}</span>
        <strong id={id}>{value}</strong>
        {to ? <a href={to}>{note}</a> : note ? <span class="hint">{note}</span> : null}
    </li>
);

function Worker({ w }) {
    const seen = span(Math.max(0, Date.now() - Date.parse(w.seen)));
    const badge = (
        <span class={`badge ${w.busy ? 'wait' : 'good'}`}>
            {w.busy ? say('busyOf', number(w.busy), number(w.jobs)) : say('free')}
        </span>
    );
    return (
        <Row name={w.name} acts={badge}>
            <p class="hint">{say('workerSeen', w.version, seen)}</p>
        </Row>
    );
}

function Overview() {
    const asked = useAnswer('/api/admin/overview', LOOK_MS),
        o = asked.data;
    if (!o) return <Waiting asked={asked} />;
    const { tasks, storage, hooks } = o,
        disk = storage.total_bytes;
    const workers = [...o.workers].sort((a, b) => a.name.localeCompare(b.name));
    const jobs = workers.reduce((n, w) => n + w.jobs, 0),
        busy = workers.reduce((n, w) => n + w.busy, 0);
    return (
        <>
            {asked.error && <Waiting asked={asked} />}
            <ul class="tiles">
                <Tile
                    id="n-waiting"
                    label={say('inQueue')}
                    value={number(tasks.uploaded)}
                    note={
                        o.oldest_waiting_ms === null
                            ? say('noneWaits')
                            : say('oldestWaits', span(o.oldest_waiting_ms))
                    }
                />
                <Tile
                    id="n-processing"
                    label={say('atWork')}
                    value={number(tasks.processing)}
                    note={say('busyOf', number(busy), number(jobs))}
                />
                <Tile
                    id="n-workers"
                    label={say('workersAlive')}
                    value={number(workers.length)}
                    bad={workers.length === 0}
                    note={workers.length === 0 ? say('workersNone') : ''}
                />
                <Tile id="n-processed" label={say('reelsReady')} value={number(tasks.processed)} />
                <Tile
                    id="n-failed"
                    label={say('clipsFailed')}
                    value={number(tasks.failed)}
                    bad={tasks.failed > 0}
                    note={tasks.failed > 0 ? say('lookAtThem') : ''}
                    to={tasks.failed > 0 ? '#/admin/failed' : null}
                />
                <Tile
                    id="n-hooks"
                    label={say('hooksWaiting')}
                    value={number(hooks.waiting)}
                    bad={hooks.dead > 0}
                    note={hooks.dead > 0 ? say('hooksDead', number(hooks.dead)) : ''}
                />
            </ul>
            <div class="columns">
                <Panel id="workers" title={say('workers')}>
                    {workers.length === 0 && <p class="none">{say('workersHint')}</p>}
                    <ul class="rows" id="workers">
                        {workers.map((w) => (
                            <Worker key={w.name} w={w} />
                        ))}
                    </ul>
                </Panel>
                <Panel id="storage" title={say('storage')}>
                    <Meter
                        label={say('storageOurs')}
                        text={bytes(storage.used_bytes)}
                        value={storage.used_bytes}
                        limit={disk ?? 0}
                    />
                    {disk !== null ? (
                        <Meter
                            label={say('storageDisk')}
                            text={say('storageFree', bytes(storage.free_bytes), bytes(disk))}
                            value={disk - storage.free_bytes}
                            limit={disk}
                        />
                    ) : (
                        <p class="hint">{say('storageFar')}</p>
                    )}
                </Panel>
            </div>
        </>
    );
}

export default function Admin({ at, first }) {
    const page =
        { '/failed': 'failed', '/users': 'users', '/profile': 'profile' }[at] ?? 'overview';
    const pages = [
        ['#/admin', say('overview')],
        ['#/admin/failed', say('failedTab')],
        ['#/admin/users', say('users')],
        ['#/admin/profile', say('profile')],
    ];
    return (
        <section id="admin" aria-labelledby="title" key={state.language}>
            <Title first={first}>{say('admin')}</Title>
            <Tabs
                label={say('admin')}
                at={page === 'overview' ? '#/admin' : `#/admin/${page}`}
                pages={pages}
            />
            {page === 'overview' && <Overview />}
            {page === 'failed' && <Failed />}
            {page === 'users' && <Users />}
            {page === 'profile' && <Profile />}
        </section>
    );
}
