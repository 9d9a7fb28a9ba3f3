// The settings of a user: the account and what it may use, keys for programs, webhooks.
import { useEffect } from 'preact/hooks';
import { Hook } from './hook.jsx';
import { Hooks } from './hooks.jsx';
import { Keys } from './keys.jsx';
import { loadMe, me } from '../share/me.js';
import { Meter, Tabs, Waiting, useAnswer } from '../share/panels.jsx';
import { Title } from '../share/parts.jsx';
import { addWords, bytes, number, say, state } from '../share/state.js';
import { WORDS as PANELS } from '../share/words-panels.js';
import { WORDS } from './words.js';

addWords({ ...PANELS, ...WORDS });
const FITS = { pad: 'fitPad', blur: 'fitBlur', crop: 'fitCrop', stretch: 'fitStretch' };

function Account() {
    const asked = useAnswer('/api/me');
    useEffect(() => {
        loadMe().catch(() => {});
    }, []);
    const m = asked.data ?? me.known,
        q = m?.quota ?? {},
        p = m?.profile;
    if (!m) return <Waiting asked={asked} />;
    const of = (value, limit, words) =>
        limit ? say('usedOf', words(value), words(limit)) : say('usedFree', words(value));
    return (
        <div class="columns">
            <section class="panel" aria-labelledby="account-title">
                <h2 id="account-title">{say('account')}</h2>
                <dl class="pairs">
                    <div>
                        <dt>{say('username')}</dt>
                        <dd>{m.username}</dd>
                    </div>
                    <div>
                        <dt>{say('email')}</dt>
                        <dd>{m.email}</dd>
                    </div>
                    <div>
                        <dt>{say('role')}</dt>
                        <dd>{say(m.role === 'admin' ? 'roleAdmin' : 'roleUser')}</dd>
                    </div>
                </dl>
            </section>
            <section class="panel" aria-labelledby="use-title">
                <h2 id="use-title">{say('use')}</h2>
                <Meter
                    label={say('useBytes')}
                    text={of(q.bytes_used ?? 0, q.bytes_limit, bytes)}
                    value={q.bytes_used ?? 0}
                    limit={q.bytes_limit ?? 0}
                />
                <Meter
                    label={say('useTasks')}
                    text={of(q.tasks_today ?? 0, q.tasks_limit, (n) => number(n))}
                    value={q.tasks_today ?? 0}
                    limit={q.tasks_limit ?? 0}
                />
                <p class="hint">{say('useHint')}</p>
            </section>
            {p && (
                <section class="panel" aria-labelledby="made-title">
                    <h2 id="made-title">{say('reelsHere')}</h2>
                    <dl class="pairs">
                        <div>
                            <dt>{say('longest')}</dt>
                            <dd>{number(p.longest_s, p.longest_s % 1 ? 1 : 0)} s</dd>
                        </div>
                        <div>
                            <dt>{say('bumper')}</dt>
                            <dd>{number(p.bumper_s, p.bumper_s % 1 ? 1 : 0)} s</dd>
                        </div>
                        <div>
                            <dt>{say('usualFit')}</dt>
                            <dd>{say(FITS[p.fit] ?? 'fitPad')}</dd>
                        </div>
                    </dl>
                </section>
            )}
        </div>
    );
}

export default function Settings({ at, first }) {
    const [, hook] = /^\/hooks\/(\d{1,18})$/.exec(at) ?? [];
    const page = at.startsWith('/keys') ? 'keys' : at.startsWith('/hooks') ? 'hooks' : 'account';
    const pages = [
        ['#/settings', say('account')],
        ['#/settings/keys', say('keys')],
        ['#/settings/hooks', say('hooks')],
    ];
    return (
        <section id="settings" aria-labelledby="title" key={state.language}>
            <Title first={first}>{say('settings')}</Title>
            <Tabs
                label={say('settings')}
                at={page === 'account' ? '#/settings' : `#/settings/${page}`}
                pages={pages}
            />
            {page === 'account' && <Account />}
            {page === 'keys' && <Keys />}
            {page === 'hooks' && (hook ? <Hook id={Number(hook)} key={hook} /> : <Hooks />)}
        </section>
    );
}
