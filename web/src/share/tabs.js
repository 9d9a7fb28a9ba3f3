// The other tabs of this page: what they tell each other, and which of them are still open. Each
// holds a lock for as long as it lives, so that the others learn of its end however it came; where
// there are no locks (plain http), one that was not heard of for long counts as closed.
const SILENCE_MS = 150_000; // the timers of a tab in the background run once a minute
const ANSWER_MS = 1500,
    ANSWER_BLIND_MS = 400;

const me = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
const channel = new BroadcastChannel('reelgate');
const locks = navigator.locks;
const lockOf = (tab) => `reelgate-tab-${tab}`;
const hearers = {},
    enders = [];
const known = new Map(); // tab: the timer that counts its silence, where there are no locks

export function tell(type, more) {
    channel.postMessage({ ...more, type, from: me });
}
export function hear(type, run) {
    (hearers[type] ??= []).push(run);
}
// run(tab) when another tab is closed.
export const whenTabEnds = (run) => enders.push(run);

function ended(tab) {
    clearTimeout(known.get(tab));
    if (known.delete(tab)) for (const run of enders) run(tab);
}
function heardOf(tab) {
    const fresh = !known.has(tab);
    clearTimeout(known.get(tab));
    known.set(tab, locks ? 0 : setTimeout(() => ended(tab), SILENCE_MS));
    if (fresh) locks?.request(lockOf(tab), () => ended(tab)).catch(() => ended(tab));
}
channel.addEventListener('message', ({ data }) => {
    if (data.type === 'bye') {
        ended(data.from);
        return;
    }
    heardOf(data.from);
    for (const run of hearers[data.type] ?? []) run(data);
});

// Resolves when every other tab has told what it is about; soon, in any case.
let heard = null;
export const hearAll = () => (heard ??= askAll());
async function askAll() {
    const held = locks ? (await locks.query().catch(() => ({ held: [] }))).held : null;
    const others =
        held &&
        held
            .map((lock) => lock.name)
            .filter((name) => name.startsWith(lockOf('')) && name !== lockOf(me));
    if (others?.length === 0) return;
    await new Promise((done) => {
        const silent = new Set(others);
        const timer = setTimeout(done, others ? ANSWER_MS : ANSWER_BLIND_MS);
        if (others) {
            hear('about', ({ from }) => {
                if (!silent.delete(lockOf(from)) || silent.size) return;
                clearTimeout(timer);
                done();
            });
        }
        tell('who');
    });
}

locks?.request(lockOf(me), () => new Promise(() => {}));
addEventListener('pagehide', () => tell('bye'));
