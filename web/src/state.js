// What all parts of the page share: the one state, the language, the session, and the one way to ask
// the server. Whoever changes the state says change(), and the page is drawn anew.
import { ADVICE, WORDS } from './words.js';

const listeners = new Set();
let planned = false;
export function change() {
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
        planned = false;
        for (const listener of listeners) listener();
    });
}
export function listen(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

// Storage that may be forbidden.
export const remember = {
    get(store, key) { try { return window[store].getItem(key); } catch { return null; } },
    set(store, key, value) {
        try { if (value === null) window[store].removeItem(key); else window[store].setItem(key, value); } catch { /* private mode */ }
    },
};

const chosen = remember.get('localStorage', 'language');
export const state = {
    language: WORDS[chosen] ? chosen : /^es\b/i.test(navigator.language || '') ? 'es' : 'en',
    token: null,
    name: '',
    doorError: '',
    live: '',
    toasts: [],
    question: null,
};

// -- words ---------------------------------------------------------------------------------------

export function say(key, ...values) {
    return WORDS[state.language][key].replace(/\{(\d)\}/g, (all, i) => String(values[i] ?? ''));
}
export function setLanguage(language) {
    state.language = language;
    document.documentElement.lang = language;
    remember.set('localStorage', 'language', language);
    change();
}
export function announce(key, ...values) {
    state.live = say(key, ...values);
    change();
}
// A fault in words, with what to do about it.
export function inWords(error) {
    if (!error) return '';
    const advice = ADVICE[state.language][error.code];
    if (!advice) return error.message;
    return `${error.message.replace(/\.$/, '')}. ${advice}`;
}
export function number(value, digits = 0) {
    return new Intl.NumberFormat(state.language, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);
}
export function bytes(n) {
    if (n >= 1e9) return `${number(n / 1e9, 1)} GB`;
    return n >= 1e6 ? `${number(n / 1e6, 1)} MB` : `${number(n / 1e3)} kB`;
}
// A time that the server told, for people; and how long ago it was.
export function when(time) {
    return new Intl.DateTimeFormat(state.language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}
export function span(ms) {
    const [unit, size] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]].find(([, size]) => ms >= 2 * size) ?? ['second', 1000];
    return new Intl.NumberFormat(state.language, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 }).format(Math.floor(ms / size));
}
// 75.25 as 1:15.3, or as 1:15,3.
export function clockTime(seconds) {
    const tenths = Math.round(seconds * 10), minutes = Math.floor(tenths / 600), rest = (tenths % 600) / 10;
    return `${minutes}:${rest < 10 ? '0' : ''}${number(rest, 1)}`;
}

// -- session: for this tab, or for this device when its owner asks for that -----------------------

for (const store of ['sessionStorage', 'localStorage']) {
    if (state.token) break;
    state.token = remember.get(store, 'token');
    state.name = (state.token && remember.get(store, 'name')) || '';
}
export function setSession(token, name, keep) {
    state.token = token;
    state.name = name;
    for (const store of ['sessionStorage', 'localStorage']) {
        const here = token !== null && (store === 'localStorage') === keep;
        remember.set(store, 'token', here ? token : null);
        remember.set(store, 'name', here ? name : null);
    }
    change();
}
const onEnd = [];
export const whenSessionEnds = (run) => onEnd.push(run);
export function endSession(why = '') {
    for (const run of onEnd) run();
    setSession(null, '', false);
    state.doorError = why;
    change();
}

// -- asking the server ------------------------------------------------------------------------------

// message is for the user; status 0: the server was never reached.
export class Refusal extends Error {
    constructor(status, message, code) {
        super(message);
        this.status = status;
        this.code = code;
    }
}
export function refusal(status, body) {
    if (!status) return new Refusal(0, say('unreachable'));
    const text = body && (body.message || body.msg);
    if (typeof text !== 'string') return new Refusal(status, say('odd', status));
    const reference = status >= 500 && body.request_id ? ` ${say('reference', body.request_id)}` : '';
    return new Refusal(status, text + reference, body.code);
}
export function credentials() {
    return { 'Accept-Language': state.language, ...(state.token ? { Authorization: `Bearer ${state.token}` } : {}) };
}
export async function ask(method, path, body, more = {}) {
    const asker = state.token;
    const headers = { ...credentials(), Accept: 'application/json' };
    if (body) headers['Content-Type'] = 'application/json';
    let answer;
    try {
        answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: 'no-store', ...more });
    } catch {
        throw refusal(0);
    }
    const data = await answer.json().catch(() => null);
    if (answer.ok && (data || answer.status === 204)) return data;
    if (answer.status === 401 && asker && state.token === asker) endSession(say('expired'));
    throw refusal(answer.status, data);
}

// -- a question before what cannot be undone: true when it is to be done --------------------------------

export function askFirst(title, text, act) {
    state.question?.answer(false);
    return new Promise((done) => {
        state.question = { title, text, act, answer: (yes) => { state.question = null; change(); done(yes); } };
        change();
    });
}

// -- toasts: a word, and perhaps something to press, for some seconds --------------------------------

const TOAST_MS = 7000;
let toasts = 0;
// acts: { label, name, run } or none; ends() runs when the time is over or flush() is called.
export function toast(text, act, ends) {
    const one = { id: ++toasts, text, act, ends, timer: 0 };
    one.pause = () => clearTimeout(one.timer);
    one.resume = () => {
        clearTimeout(one.timer);
        one.timer = setTimeout(() => closeToast(one, true), TOAST_MS);
    };
    one.resume();
    state.toasts.push(one);
    change();
    return one;
}
export function closeToast(one, over) {
    if (!state.toasts.includes(one)) return;
    clearTimeout(one.timer);
    state.toasts = state.toasts.filter((other) => other !== one);
    if (over) one.ends?.();
    change();
}
