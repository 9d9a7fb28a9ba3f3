// The settings of a user: the account and what it may use, keys for programs, webhooks.
import { useEffect } from 'preact/hooks';
import { Hook } from './hook.jsx';
import { Hooks } from './hooks.jsx';
import { Keys } from './keys.jsx';
import { loadMe, me } from '../share/me.js';
import { Meter, Pairs, Tabs, useAnswer, Waiting } from '../share/panels.jsx';
import { Panel, Title } from '../share/parts.jsx';
import { addWords, bytes, figure, number, say, state } from '../share/state.js';
import { WORDS as PANELS } from '../share/words-panels.js';
import { WORDS } from './words.js';
import { fitInWords } from '../share/fits.js';

addWords({ ...PANELS, ...WORDS });

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
            <Panel id="account" title={say('account')}>
                <Pairs
                    of={[
                        ['username', m.username],
                        ['email', m.email],
                        ['role', say(m.role === 'admin' ? 'roleAdmin' : 'roleUser')],
                    ]}
                />
            </Panel>
            <Panel id="use" title={say('use')}>
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
            </Panel>
            {p && (
                <Panel id="made" title={say('reelsHere')}>
                    <Pairs
                        of={[
                            ['longest', `${figure(p.longest_s)} s`],
                            ['bumper', `${figure(p.bumper_s)} s`],
                            ['usualFit', fitInWords(p.fit)],
                        ]}
                    />
                </Panel>
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
