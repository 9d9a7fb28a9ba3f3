// How a reel was made: by which way, what was checked afterwards, and how to have it otherwise.
import { useState } from 'preact/hooks';
import { Icon } from '../share/icon.jsx';
import { Later, Panel } from '../share/parts.jsx';
import { figure, number, say } from '../share/state.js';
import { fitInWords } from '../share/fits.js';

const REMAKE = () => import('./remake.jsx');

// The way to another shape or start.
function Again({ t }) {
    const [open, setOpen] = useState(false);
    return (
        <>
            <button type="button" class="link" id="to-remake" onClick={() => setOpen(true)}>
                {say('remake')}
            </button>
            {open && <Later part={REMAKE} t={t} onDone={() => setOpen(false)} />}
        </>
    );
}

// Those that there are words for.
const CHECKS = ['form', 'times', 'shape', 'length', 'bumpers', 'seams', 'sync'];

export function How({ t }) {
    const path = { copy: 'pathCopy', encode: 'pathEncode' }[t.path] ?? 'pathMixed';
    const r = t.receipt;
    return (
        <Panel id="how" title={say('how')}>
            <p>{say(path)}</p>
            <p class="hint">{say('madeWith', fitInWords(t.fit), figure(t.start))}</p>
            <Again t={t} />
            {t.reason && (
                <details>
                    <summary>{say('why')}</summary>
                    <p class="hint" lang="en">
                        {t.reason}
                    </p>
                </details>
            )}
            {r && (
                <>
                    <h3>{say('receipt')}</h3>
                    <p>{say(r.ok ? 'receiptGood' : 'receiptBad')}</p>
                    <ul class="checks">
                        {Object.entries(r.checks ?? {})
                            .filter(([name]) => CHECKS.includes(name))
                            .map(([name, good]) => (
                                <li key={name} data-good={good}>
                                    <Icon name={good ? 'check' : 'close'} />
                                    {say(`check_${name}`)}
                                    <span class="unseen">: {say(good ? 'yes' : 'no')}</span>
                                </li>
                            ))}
                    </ul>
                    <p class="hint">
                        {say(
                            'receiptCounts',
                            number(r.pictures ?? 0),
                            number(r.sounds ?? 0),
                            number(r.decoded ?? 0),
                        )}
                    </p>
                </>
            )}
        </Panel>
    );
}
