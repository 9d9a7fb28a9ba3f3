// How a reel was made: by which way, what was checked afterwards, and how to have it otherwise.
import { useState } from 'preact/hooks';
import { Icon } from '../share/icon.jsx';
import { Later } from '../share/parts.jsx';
import { number, say } from '../share/state.js';

const REMAKE = () => import('./remake.jsx');

const FITS = { pad: 'fitPad', blur: 'fitBlur', crop: 'fitCrop', stretch: 'fitStretch' };

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

export function How({ t }) {
    const path = { copy: 'pathCopy', encode: 'pathEncode' }[t.path] ?? 'pathMixed';
    const r = t.receipt;
    return (
        <section class="panel" aria-labelledby="how-title">
            <h2 id="how-title">{say('how')}</h2>
            <p>{say(path)}</p>
            <p class="hint">
                {say(
                    'madeWith',
                    say(FITS[t.fit] ?? 'fitPad'),
                    number(t.start, t.start % 1 ? 1 : 0),
                )}
            </p>
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
                            .filter(
                                ([name]) =>
                                    name in
                                    {
                                        form: 1,
                                        times: 1,
                                        shape: 1,
                                        length: 1,
                                        bumpers: 1,
                                        seams: 1,
                                        sync: 1,
                                    },
                            )
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
        </section>
    );
}
