// What all parts of the page share: the one state, the language, the session, and the one way to
// ask the server. Whoever changes the state says change(), and the page is drawn anew.
import { hear, tell } from './tabs.js';
import { ADVICE, LANGUAGES, WORDS } from './words.js';

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
    get(store, key) {
        try {
            return window[store].getItem(key);
        } catch {
            return null;
        }
    },
    set(store, key, value) {
        try {
            if (value === null) window[store].removeItem(key);
            else window[store].setItem(key, value);
        } catch {
            /* private mode */
        }
    },
};

const chosen = remember.get('localStorage', 'language');
export const state = {
    language: LANGUAGES.includes(chosen)
        ? chosen
        : /^es\b/i.test(navigator.language || '')
          ? 'es'
          : 'en',
    token: null,
    name: '',
    doorError: '',
    live: '',
    toasts: [],
    question: null,
};

// -- words ------------------------------------------------------------------------------------

// Scripts that run from right to left: within a sentence of ours they keep to themselves.
export const RIGHT_TO_LEFT =
    /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const apart = (value) => (RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : String(value ?? ''));

// A part of the page brings its own.
export function addWords(more) {
    Object.assign(WORDS, more);
}
export function say(key, ...values) {
    return WORDS[key][LANGUAGES.indexOf(state.language)].replace(/\{(\d)\}/g, (all, i) =>
        apart(values[i]),
    );
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
    if (error.code === 'login_wrong') return say('loginWrong');
    const advice = ADVICE[error.code]?.[LANGUAGES.indexOf(state.language)];
    if (!advice) return error.message;
    return `${error.message.replace(/\.$/, '')}. ${advice}`;
}
// Formats are dear to make, and lists use few of them often.
const formats = new Map();
function format(Kind, options) {
    const key = state.language + Kind.name + JSON.stringify(options);
    if (!formats.has(key)) formats.set(key, new Kind(state.language, options));
    return formats.get(key);
}
export function number(value, digits = 0) {
    return format(Intl.NumberFormat, {
        maximumFractionDigits: digits,
        minimumFractionDigits: digits,
    }).format(value);
}
// A number that has a decimal place only where it needs one.
export const figure = (value) => number(value, value % 1 ? 1 : 0);
// A number as people write it, as programs read it: with a point.
export const dotted = (text) => text.trim().replace(',', '.');
export function bytes(n) {
    if (n >= 1e9) return `${number(n / 1e9, 1)} GB`;
    return n >= 1e6 ? `${number(n / 1e6, 1)} MB` : `${number(n / 1e3)} kB`;
}
// A time that the server told, for people; and how long ago it was.
export function when(time) {
    return format(Intl.DateTimeFormat, { dateStyle: 'medium', timeStyle: 'short' }).format(
        new Date(time),
    );
}
// The same in short: of today the time, of other days the day.
export function shortDate(time) {
    const date = new Date(time),
        now = new Date();
    const options =
        date.toDateString() === now.toDateString()
            ? { timeStyle: 'short' }
            : {
                  day: 'numeric',
                  month: 'short',
                  ...(date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }),
              };
    return format(Intl.DateTimeFormat, options).format(date);
}
// What is left, as far as it is known: 40 s, 3 min.
export function soon(seconds) {
    const [unit, size] =
        seconds < 90 ? ['second', 1] : seconds < 5400 ? ['minute', 60] : ['hour', 3600];
    const n =
        size === 1 && seconds > 10
            ? Math.ceil(seconds / 5) * 5
            : Math.max(1, Math.ceil(seconds / size));
    return format(Intl.NumberFormat, { style: 'unit', unit, unitDisplay: 'short' }).format(n);
}
export function span(ms) {
    const [unit, size] = [
        ['day', 86_400_000],
        ['hour', 3_600_000],
        ['minute', 60_000],
    ].find(([, one]) => ms >= 2 * one) ?? ['second', 1000];
    return new Intl.NumberFormat(state.language, {
        style: 'unit',
        unit,
        unitDisplay: 'long',
        maximumFractionDigits: 0,
    }).format(Math.floor(ms / size));
}
// 75.25 as 1:15.3, or as 1:15,3.
export function clockTime(seconds) {
    const tenths = Math.round(seconds * 10),
        minutes = Math.floor(tenths / 600),
        rest = (tenths % 600) / 10;
    return `${minutes}:${rest < 10 ? '0' : ''}${number(rest, 1)}`;
}

// -- session: for the open tabs, or for this device when its owner asks for that --------------

for (const store of ['sessionStorage', 'localStorage']) {
    if (state.token) break;
    state.token = remember.get(store, 'token');
    state.name = (state.token && remember.get(store, 'name')) || '';
}
function keepSession(token, name, keep) {
    state.token = token;
    state.name = name;
    for (const store of ['sessionStorage', 'localStorage']) {
        const here = token !== null && (store === 'localStorage') === keep;
        remember.set(store, 'token', here ? token : null);
        remember.set(store, 'name', here ? name : null);
    }
    change();
}
const isKept = () => remember.get('localStorage', 'token') !== null;
const tellSession = () => tell('session', { token: state.token, name: state.name, keep: isKept() });
export function setSession(token, name, keep) {
    keepSession(token, name, keep);
    tellSession();
}
const onEnd = [];
export const whenSessionEnds = (run) => onEnd.push(run);
// other: another tab has ended it for all.
export function endSession(why = '', other = false) {
    if (!other) tell('end', { token: state.token });
    for (const run of onEnd) run();
    keepSession(null, '', false);
    state.doorError = why;
    change();
}
// Who logs in or out does so in all tabs. A new tab asks the others who is here.
hear('session', ({ token, name, keep }) => {
    if (state.token || !token) return;
    state.doorError = '';
    keepSession(token, name, keep);
});
hear('end', ({ token }) => {
    if (token && token === state.token) endSession('', true);
});
hear('who', () => {
    if (state.token) tellSession();
});
if (!state.token) tell('who');

// -- asking the server ------------------------------------------------------------------------

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
    const reference =
        status >= 500 && body.request_id ? ` ${say('reference', body.request_id)}` : '';
    return new Refusal(status, text + reference, body.code);
}
export function credentials() {
    return {
        'Accept-Language': state.language,
        ...(state.token ? { Authorization: `Bearer ${state.token}` } : {}),
    };
}
export async function ask(method, path, body, more = {}) {
    const asker = state.token;
    const headers = { ...credentials(), Accept: 'application/json' };
    if (body) headers['Content-Type'] = 'application/json';
    let answer;
    try {
        answer = await fetch(path, {
            method,
            headers,
            body: body && JSON.stringify(body),
            cache: 'no-store',
            ...more,
        });
    } catch {
        throw refusal(0);
    }
    const data = await answer.json().catch(() => null);
    if (answer.ok && (data || answer.status === 204)) return data;
    if (answer.status === 401 && asker && state.token === asker) endSession(say('expired'));
    throw refusal(answer.status, data);
}

// -- a question before what cannot be undone: true when it is to be done ----------------------

export function askFirst(title, text, act, mild = false) {
    state.question?.answer(false);
    return new Promise((done) => {
        state.question = {
            title,
            text,
            act,
            mild,
            answer: (yes) => {
                state.question = null;
                change();
                done(yes);
            },
        };
        change();
    });
}

// -- toasts: a word, and perhaps something to press, for some seconds -------------------------

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
