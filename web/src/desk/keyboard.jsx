// The keyboard on the desk: from card to card, choosing, searching; and the list of what keys do.
import { remove } from '../share/acts.js';
import { choose, chooseNone, chosen } from './chosen.jsx';
import { change, say } from '../share/state.js';
import { SheetHead, useSheet } from '../share/parts.jsx';

const help = { open: false };
export function showHelp() {
    help.open = true;
    change();
}

const cards = () => [...document.querySelectorAll('#list .card:not(.ghost)')];
const doorOf = (card) => card?.querySelector('.name a, .acts button');
const columns = () =>
    getComputedStyle(document.getElementById('list')).gridTemplateColumns.split(' ').length;
function moveBy(card, key) {
    const all = cards(),
        at = all.indexOf(card);
    const to = {
        ArrowLeft: at - 1,
        ArrowRight: at + 1,
        ArrowUp: at - columns(),
        ArrowDown: at + columns(),
        Home: 0,
        End: all.length - 1,
    }[key];
    if (to < 0 && key === 'ArrowUp') document.getElementById('search')?.focus();
    const next = doorOf(all[to]);
    next?.focus({ preventScroll: true });
    next?.closest('.card').scrollIntoView({ block: 'nearest' });
}

// For what is focused within the list, and for the field to search in.
export function listKeys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { key, target } = event,
        card = target.closest('#list .card'),
        id = Number(card?.dataset.id);
    const writes =
        target.closest('.rename, select') ||
        (target.localName === 'input' && target.type !== 'checkbox');
    if (target.id === 'search' && key === 'ArrowDown') doorOf(cards()[0])?.focus();
    else if (target.id === 'search' && key === 'Escape') document.getElementById('title').focus();
    else if (writes || !card) return;
    else if (/^(Arrow|Home$|End$)/.test(key)) moveBy(card, key);
    else if (id && (key === 'x' || (key === ' ' && target.matches('.name a'))))
        choose(id, !chosen.ids.has(id));
    else if (id && key === 'Delete') {
        moveBy(card, card.nextElementSibling ? 'ArrowRight' : 'ArrowLeft');
        remove(id);
    } else return;
    event.preventDefault();
}
// Anywhere on the desk, while nothing is written and no sheet lies over it.
addEventListener('keydown', (event) => {
    if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        event.defaultPrevented ||
        document.querySelector('dialog[open]')
    )
        return;
    const writes =
        /^(input|select|textarea)$/i.test(event.target.localName) &&
        event.target.type !== 'checkbox';
    const search = document.getElementById('search');
    if (writes || !search) return;
    if (event.key === '/') search.focus();
    else if (event.key === '?') showHelp();
    else if (event.key === 'Escape' && chosen.ids.size) chooseNone();
    else return;
    event.preventDefault();
});

const KEYS = { ' ': 'keySpace', Delete: 'keyDelete' }; // those that languages call by other names
const ROWS = [
    [['/'], 'helpSearch'],
    [['←', '→', '↑', '↓'], 'helpMove'],
    [['Enter'], 'helpOpen'],
    [['x', ' '], 'helpChoose'],
    [['⇧'], 'helpRange'],
    [['Delete'], 'helpDelete'],
    [['Ctrl Z'], 'helpUndo'],
    [['Esc'], 'helpNone'],
    [['?'], 'helpHelp'],
];
export function Help() {
    const dialog = useSheet(help.open);
    const close = () => {
        help.open = false;
        change();
    };
    return (
        <dialog id="help" ref={dialog} aria-labelledby="help-title" onClose={close}>
            {help.open && (
                <form method="dialog" onSubmit={close}>
                    <SheetHead id="help-title" title={say('help')} onClose={close} />
                    <dl class="keys">
                        {ROWS.map(([keys, words]) => (
                            <div key={words}>
                                <dt>
                                    {keys.map((key) => (
                                        <kbd key={key}>{KEYS[key] ? say(KEYS[key]) : key}</kbd>
                                    ))}
                                </dt>
                                <dd>{say(words)}</dd>
                            </div>
                        ))}
                    </dl>
                </form>
            )}
        </dialog>
    );
}
