// The page: a door (sign up, log in) and a desk (drop clips, follow them, watch, download, delete).
//
// Plan: words in two languages; the session; one way to ask the server; the door; uploads, one after
// another by XMLHttpRequest, which alone tells how far a body has got; the list, where each card is
// either an upload or a task; a poll of the tasks that are not finished. Text from outside goes into
// the page by textContent and nothing else.

const WORDS = {
    es: {
        skip: 'Ir al contenido', logIn: 'Entrar', signUp: 'Crear cuenta', logOut: 'Salir',
        otherLanguage: 'English', username: 'Usuario', email: 'Correo electrónico',
        password: 'Contraseña', passwordAgain: 'Repita la contraseña',
        passwordHint: 'Al menos 8 caracteres.', keep: 'Mantener la sesión en este equipo',
        noAccount: '¿Aún no tiene cuenta?', hasAccount: '¿Ya tiene cuenta?',
        pitchTitle: 'De su video a un reel listo para la web',
        pitchText: 'Suba un video en cualquier formato. Recibirá un reel 16:9 de hasta 20 segundos, con el logo al inicio y al final.',
        partLogo: 'logo', partClip: 'su video', deskTitle: 'Sus videos',
        dropTitle: 'Elija videos o suéltelos aquí', chooseTitle: 'Elija videos', dropHint: 'Puede subir varios a la vez, de cualquier forma y formato.',
        options: 'Opciones', fit: 'Si el video no es 16:9', fitDefault: 'Como lo usa el servicio',
        fitPad: 'Bordes lisos', fitBlur: 'Bordes difuminados', fitCrop: 'Recortar', fitStretch: 'Estirar',
        start: 'Empezar en el segundo', startBad: 'Escriba los segundos como un número, por ejemplo 12,5.',
        empty: 'Todavía no hay videos. Suelte uno arriba para empezar.', more: 'Ver más',
        queued: 'En espera para subir', uploading: 'Subiendo', saving: 'Guardando',
        uploaded: 'En cola', processing: 'Procesando', processed: 'Listo', failed: 'No se pudo',
        download: 'Descargar', retry: 'Reintentar', remove: 'Eliminar', cancel: 'Cancelar',
        play: 'Reproducir {0}', downloadOf: 'Descargar {0}', retryOf: 'Reintentar {0}', removeOf: 'Eliminar {0}', cancelOf: 'Cancelar {0}',
        progressOf: 'Avance de {0}', deleteTitle: '¿Eliminar este video?',
        deleteText: '«{0}» y su reel se borrarán. No se puede deshacer.', keepIt: 'Conservar',
        unreachable: 'No hay conexión con el servicio. Compruebe su red e intente de nuevo.',
        odd: 'El servicio respondió algo inesperado ({0}). Intente de nuevo.',
        expired: 'Su sesión terminó. Entre de nuevo.', playError: 'No se pudo reproducir el reel. Intente de nuevo.',
        didUpload: '{0} se subió y está en cola', didFinish: '{0} está listo', didFail: '{0} no se pudo procesar',
        didRemove: '{0} se eliminó', leave: 'Hay videos subiendo.', fallbackName: 'Video {0}',
        reference: 'Referencia: {0}', differ: 'Las contraseñas no coinciden', fill: 'Complete todos los campos',
    },
    en: {
        skip: 'Skip to content', logIn: 'Log in', signUp: 'Sign up', logOut: 'Log out',
        otherLanguage: 'Español', username: 'User name', email: 'E-mail',
        password: 'Password', passwordAgain: 'Password again',
        passwordHint: 'At least 8 characters.', keep: 'Keep me logged in on this device',
        noAccount: 'No account yet?', hasAccount: 'Already have an account?',
        pitchTitle: 'From your clip to a reel that is ready for the web',
        pitchText: 'Upload a clip in any format. You get a 16:9 reel of up to 20 seconds, with the logo at the beginning and the end.',
        partLogo: 'logo', partClip: 'your clip', deskTitle: 'Your clips',
        dropTitle: 'Choose clips or drop them here', chooseTitle: 'Choose clips', dropHint: 'Several at once are fine, in any shape and format.',
        options: 'Options', fit: 'If the clip is not 16:9', fitDefault: 'As the service does it',
        fitPad: 'Plain borders', fitBlur: 'Blurred borders', fitCrop: 'Crop', fitStretch: 'Stretch',
        start: 'Begin at second', startBad: 'Write the seconds as a number, for example 12.5.',
        empty: 'No clips yet. Drop one above to begin.', more: 'Show more',
        queued: 'Waiting to upload', uploading: 'Uploading', saving: 'Saving',
        uploaded: 'In the queue', processing: 'Processing', processed: 'Ready', failed: 'Failed',
        download: 'Download', retry: 'Try again', remove: 'Delete', cancel: 'Cancel',
        play: 'Play {0}', downloadOf: 'Download {0}', retryOf: 'Try {0} again', removeOf: 'Delete {0}', cancelOf: 'Cancel {0}',
        progressOf: 'Progress of {0}', deleteTitle: 'Delete this clip?',
        deleteText: '“{0}” and its reel will be gone. This cannot be undone.', keepIt: 'Keep it',
        unreachable: 'The service cannot be reached. Check your network and try again.',
        odd: 'The service gave an unexpected answer ({0}). Try again.',
        expired: 'Your session has ended. Log in again.', playError: 'The reel could not be played. Try again.',
        didUpload: '{0} is uploaded and in the queue', didFinish: '{0} is ready', didFail: '{0} failed',
        didRemove: '{0} is deleted', leave: 'Clips are still uploading.', fallbackName: 'Clip {0}',
        reference: 'Reference: {0}', differ: 'The passwords do not match', fill: 'Fill in all fields',
    },
};

const $ = (id) => document.getElementById(id);
const PAGE_SIZE = 24;
const POLL_FIRST_MS = 700, POLL_LAST_MS = 5000, POLL_AT_ONCE = 8;
const LINK_FRESH_MS = 10 * 60 * 1000; /* signed links live longer; older ones are asked for anew */

// -- language --------------------------------------------------------------------------------------

const remember = {
    get(store, key) { try { return store.getItem(key); } catch { return null; } },
    set(store, key, value) {
        try { if (value === null) store.removeItem(key); else store.setItem(key, value); } catch { /* private mode */ }
    },
};
let language = remember.get(localStorage, 'language');
if (!WORDS[language]) language = /^es\b/i.test(navigator.language || '') ? 'es' : 'en';

function say(key, ...values) {
    return WORDS[language][key].replace(/\{(\d)\}/g, (all, i) => String(values[i] ?? ''));
}

function translate(root) {
    for (const el of root.querySelectorAll('[data-t]')) el.textContent = say(el.dataset.t);
}

function setLanguage(next) {
    language = next;
    document.documentElement.lang = language;
    translate(document);
    $('language').textContent = say('otherLanguage');
    $('language').lang = language === 'es' ? 'en' : 'es';
    showDoorWords();
    for (const card of cards) card.show();
}

function announce(key, ...values) {
    $('live').textContent = say(key, ...values);
}

function showError(el, text) {
    el.textContent = text || '';
    el.hidden = !text;
}

// -- session: for this tab, or for this device when its owner asks for that --------------------------

const session = { token: null, name: '' };
for (const store of [sessionStorage, localStorage]) {
    const token = remember.get(store, 'token');
    if (!token) continue;
    session.token = token;
    session.name = remember.get(store, 'name') || '';
    break;
}

function setSession(token, name, keep) {
    session.token = token;
    session.name = name;
    for (const store of [sessionStorage, localStorage]) {
        const here = token !== null && (store === localStorage) === keep;
        remember.set(store, 'token', here ? token : null);
        remember.set(store, 'name', here ? name : null);
    }
}

// -- asking the server -------------------------------------------------------------------------------

// text is for the user; status 0: never reached the server.
class Refusal extends Error {
    constructor(status, text, code) {
        super(text);
        this.status = status;
        this.code = code;
    }
}

function refusal(status, body) {
    const text = body && (body.message || body.msg);
    if (typeof text !== 'string') return new Refusal(status, say('odd', status));
    const reference = status >= 500 && body.request_id ? ` ${say('reference', body.request_id)}` : '';
    return new Refusal(status, text + reference, body.code);
}

async function ask(method, path, body) {
    const asker = session.token;
    const headers = { 'Accept-Language': language, Accept: 'application/json' };
    if (asker) headers.Authorization = `Bearer ${asker}`;
    if (body) headers['Content-Type'] = 'application/json';
    let answer;
    try {
        answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: 'no-store' });
    } catch {
        throw new Refusal(0, say('unreachable'));
    }
    const data = await answer.json().catch(() => null);
    if (answer.ok && data) return data;
    if (answer.status === 401 && asker && session.token === asker) endSession();
    throw refusal(answer.status, data);
}

function endSession() {
    leave();
    showError($('entry-error'), say('expired'));
}

// -- the door ----------------------------------------------------------------------------------------

let signingUp = false;

function showDoorWords() {
    const form = $('entry');
    $('door-title').textContent = say(signingUp ? 'signUp' : 'logIn');
    $('enter').textContent = say(signingUp ? 'signUp' : 'logIn');
    $('swap-text').textContent = say(signingUp ? 'hasAccount' : 'noAccount');
    $('swap').textContent = say(signingUp ? 'logIn' : 'signUp');
    for (const el of form.querySelectorAll('.only-signup')) el.hidden = !signingUp;
    form.password.autocomplete = signingUp ? 'new-password' : 'current-password';
    if (signingUp) form.password.setAttribute('aria-describedby', 'password-hint');
    else form.password.removeAttribute('aria-describedby');
}

function show() {
    const inside = session.token !== null;
    $('door').hidden = inside;
    $('desk').hidden = !inside;
    $('logout').hidden = !inside;
    $('who').hidden = !inside;
    $('who').textContent = session.name;
}

function leave() {
    setSession(null, '', false);
    stopPolling();
    for (const card of [...cards]) card.gone();
    showError($('desk-error'), '');
    showError($('entry-error'), '');
    $('entry').reset();
    show();
    $('entry').username.focus();
}

async function enter(event) {
    event.preventDefault();
    const form = $('entry');
    const username = form.username.value.trim(), password = form.password.value;
    const wanted = signingUp ? ['username', 'email', 'password', 'password2'] : ['username', 'password'];
    const missing = wanted.find((name) => !form[name].value.trim());
    const differ = signingUp && password !== form.password2.value;
    if (missing || differ) {
        showError($('entry-error'), say(missing ? 'fill' : 'differ'));
        form[missing || 'password2'].focus();
        return;
    }
    showError($('entry-error'), '');
    $('enter').disabled = true;
    try {
        if (signingUp)
            await ask('POST', '/api/auth/signup',
                { username, email: form.email.value.trim(), password1: password, password2: form.password2.value });
        const { token } = await ask('POST', '/api/auth/login', { username, password });
        setSession(token, username, form.keep.checked);
        signingUp = false;
        form.reset();
        showDoorWords();
        show();
        $('main').focus();
        await openDesk();
    } catch (e) {
        showError($('entry-error'), e.message);
    } finally {
        $('enter').disabled = false;
    }
}

// -- cards: an upload that becomes a task, or a task -------------------------------------------------

const cards = new Set();
const states = new Set(['uploaded', 'processing', 'processed', 'failed']);

function number(value, digits) {
    return new Intl.NumberFormat(language, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);
}
function bytes(n) {
    if (n >= 1e9) return `${number(n / 1e9, 1)} GB`;
    return n >= 1e6 ? `${number(n / 1e6, 1)} MB` : `${number(n / 1e3, 0)} kB`;
}
function factsOf(task) {
    const r = task.status === 'processed' && task.reel;
    const f = r || task.clip;
    if (!f) return '';
    const parts = [];
    if (r && r.width) parts.push(`${r.width}×${r.height}`);
    if (f.duration) parts.push(`${number(f.duration, 1)} s`);
    if (f.bytes) parts.push(bytes(f.bytes));
    return parts.join(' · ');
}
// Links are used as paths, so that the page stays with the server that it came from.
function local(link) {
    const url = new URL(link, location.href);
    return url.pathname + url.search;
}

class Card {
    constructor() {
        this.el = $('card').content.firstElementChild.cloneNode(true);
        this.part = (name) => this.el.querySelector(`.${name}`);
        this.task = null;   /* the server's answer */
        this.upload = null; /* { file, fields, key, request, sent, problem, again } */
        this.askedAt = 0;
        this.busy = false;
        this.part('play').addEventListener('click', () => this.play());
        this.part('get').addEventListener('click', (event) => this.get(event));
        this.part('again').addEventListener('click', () => (this.upload ? requeue(this) : this.retry()));
        this.part('remove').addEventListener('click', () => this.remove());
        this.part('cancel').addEventListener('click', () => this.cancel());
        this.part('poster').addEventListener('error', () => { this.part('poster').hidden = true; });
        translate(this.el);
        cards.add(this);
    }

    get id() { return this.task ? this.task.task_id : 0; }
    get working() { return !!this.task && (this.task.status === 'uploaded' || this.task.status === 'processing'); }
    get name() {
        if (this.upload) return this.upload.file.name;
        return this.task.title || this.task.file_name || baseName(this.task.file_path) || say('fallbackName', this.id);
    }

    show() {
        const { name } = this;
        const failedUpload = this.upload && this.upload.problem;
        const state = this.upload ? this.uploadState() : this.task.status;
        this.el.dataset.state = failedUpload ? 'failed' : state;
        this.part('name').textContent = name;
        this.part('badge').textContent = WORDS[language][state] || state;
        this.showBar(state, name);
        showError(this.part('error'), this.problem());
        this.showActs(name);
        this.showPicture(name);
        $('empty').hidden = true;
    }

    uploadState() {
        const u = this.upload;
        if (u.problem) return 'failed';
        if (!u.request) return 'queued';
        return u.sent >= 1 ? 'saving' : 'uploading';
    }

    showBar(state, name) {
        const bar = this.part('bar');
        const percent = this.upload ? Math.floor(this.upload.sent * 100) : this.task.progress || 0;
        const moving = state === 'uploading' || state === 'processing' || state === 'saving';
        bar.hidden = !moving;
        if (moving) {
            bar.value = percent;
            bar.setAttribute('aria-label', say('progressOf', name));
        }
        const facts = this.upload ? bytes(this.upload.file.size) : factsOf(this.task);
        this.part('facts').textContent = moving && state !== 'saving' ? `${percent} %` : facts;
    }

    problem() {
        if (this.upload) return this.upload.problem || '';
        if (this.notice) return this.notice;
        return this.task.status === 'failed' && this.task.error ? this.task.error.message : '';
    }

    showActs(name) {
        const t = this.task;
        const acts = {
            get: !this.upload && t.status === 'processed' ? 'downloadOf' : '',
            again: (this.upload ? this.upload.again : t.status === 'failed') ? 'retryOf' : '',
            remove: !this.upload || this.upload.problem ? 'removeOf' : '',
            cancel: this.upload && !this.upload.problem ? 'cancelOf' : '',
        };
        for (const [part, words] of Object.entries(acts)) {
            const el = this.part(part);
            el.hidden = !words;
            if (words) el.setAttribute('aria-label', say(words, name));
            if (el.localName === 'button') el.disabled = this.busy;
        }
        if (acts.get) {
            this.part('get').href = local(t.download);
            this.part('get').download = '';
        }
    }

    showPicture(name) {
        const ready = !this.upload && this.task.status === 'processed';
        const poster = this.part('poster'), video = this.el.querySelector('video');
        this.part('play').hidden = !ready || !!video;
        this.part('play').setAttribute('aria-label', say('play', name));
        if (!ready || !this.task.poster) poster.hidden = true;
        else if (poster.dataset.of !== String(this.id)) {
            poster.dataset.of = String(this.id);
            poster.src = local(this.task.poster);
            poster.hidden = false;
        }
    }

    take(task) {
        const before = this.task && this.task.status;
        this.task = task;
        this.askedAt = Date.now();
        if (before && before !== task.status) {
            if (task.status === 'processed') announce('didFinish', this.name);
            if (task.status === 'failed') announce('didFail', this.name);
        }
        this.show();
    }

    async refresh() {
        const { id } = this;
        try {
            const task = await ask('GET', `/api/tasks/${id}`);
            if (cards.has(this)) this.take(task);
        } catch (e) {
            if (e.status === 404) this.gone();
            else throw e;
        }
    }

    /* The link, asked for anew when it may have run out. */
    async link() {
        if (Date.now() - this.askedAt > LINK_FRESH_MS) await this.refresh();
        return local(this.task.download);
    }

    async play() {
        this.note('');
        try {
            const src = await this.link();
            const video = document.createElement('video');
            video.controls = true;
            video.playsInline = true;
            video.src = src;
            video.setAttribute('aria-label', this.name);
            video.addEventListener('error', () => {
                video.remove();
                this.askedAt = 0;
                this.note(say('playError'));
            });
            this.part('shot').append(video);
            this.show();
            video.focus();
            await video.play().catch(() => {}); /* a browser that forbids it leaves the controls */
        } catch (e) {
            this.note(e.message);
        }
    }

    async get(event) {
        if (Date.now() - this.askedAt <= LINK_FRESH_MS) return;
        event.preventDefault();
        try {
            await this.refresh();
            this.part('get').click();
        } catch (e) {
            this.note(e.message);
        }
    }

    note(text) {
        this.notice = text;
        if (cards.has(this)) this.show();
    }

    async act(what) {
        if (this.busy) return;
        this.busy = true;
        this.note('');
        try {
            await what();
        } catch (e) {
            this.notice = e.message;
        }
        this.busy = false;
        if (cards.has(this)) this.show();
    }

    retry() {
        return this.act(async () => {
            await ask('POST', `/api/tasks/${this.id}/retry`);
            await this.refresh();
            startPolling();
        });
    }

    async remove() {
        if (this.upload) {
            this.gone();
            return;
        }
        if (!(await confirmDelete(this.name))) return;
        await this.act(async () => {
            const { name } = this;
            await ask('DELETE', `/api/tasks/${this.id}`).catch((e) => { if (e.status !== 404) throw e; });
            announce('didRemove', name);
            this.gone();
        });
    }

    cancel() {
        const { request } = this.upload;
        this.gone();
        if (request) request.abort();
        nextUpload();
    }

    gone() {
        const had = this.el.contains(document.activeElement);
        const next = this.el.nextElementSibling || this.el.previousElementSibling;
        cards.delete(this);
        const video = this.el.querySelector('video');
        if (video) video.removeAttribute('src');
        if (this.upload && this.upload.request) this.upload.request.abort();
        this.el.remove();
        if (had) (next ? next.querySelector('.remove, .cancel') : $('files')).focus();
        $('empty').hidden = cards.size > 0;
    }
}

function baseName(path) {
    return typeof path === 'string' ? path.split('/').pop() : '';
}

function confirmDelete(name) {
    const dialog = $('confirm');
    $('confirm-text').textContent = say('deleteText', name);
    dialog.returnValue = 'no';
    dialog.showModal();
    return new Promise((done) => {
        dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true });
    });
}

// -- uploads: one after another ------------------------------------------------------------------------

const waiting = [];
let sending = null;

// crypto.randomUUID is there only over https and on localhost.
function freshKey() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

function startSeconds() {
    const text = $('start').value.trim().replace(',', '.');
    const good = text === '' || /^\d+(\.\d+)?$/.test(text);
    showError($('start-error'), good ? '' : say('startBad'));
    $('start').setAttribute('aria-invalid', String(!good));
    return good ? text : null;
}

function addFiles(files) {
    const start = startSeconds();
    if (start === null) {
        document.querySelector('.options').open = true;
        $('start').focus();
        return;
    }
    for (const file of files) {
        const card = new Card();
        card.upload = { file, fields: { fit: $('fit').value, start }, key: freshKey(), request: null, sent: 0, problem: '', again: false };
        $('list').prepend(card.el);
        card.show();
        waiting.push(card);
    }
    nextUpload();
}

function requeue(card) {
    card.upload.problem = '';
    card.upload.again = false;
    card.upload.sent = 0;
    card.show();
    waiting.push(card);
    nextUpload();
}

function nextUpload() {
    while (!sending && waiting.length > 0) {
        const card = waiting.shift();
        if (cards.has(card) && session.token) send(card);
    }
}

function send(card) {
    const u = card.upload, request = new XMLHttpRequest(), form = new FormData(), asker = session.token;
    for (const [name, value] of Object.entries(u.fields)) if (value) form.append(name, value);
    form.append('file', u.file, u.file.name);
    request.open('POST', '/api/tasks');
    request.responseType = 'json';
    request.setRequestHeader('Authorization', `Bearer ${asker}`);
    request.setRequestHeader('Accept-Language', language);
    request.setRequestHeader('Idempotency-Key', u.key);
    request.upload.addEventListener('progress', (event) => {
        if (event.lengthComputable && event.total) u.sent = Math.min(1, event.loaded / event.total);
        if (cards.has(card)) card.show();
    });
    request.addEventListener('load', () => settle(card, request, asker));
    request.addEventListener('error', () => settle(card, request, asker));
    request.addEventListener('abort', () => { if (sending === card) sending = null; nextUpload(); });
    u.request = request;
    sending = card;
    card.show();
    request.send(form);
}

function settle(card, request, asker) {
    const { upload } = card, answer = request.response;
    upload.request = null;
    if (sending === card) sending = null;
    if (cards.has(card)) {
        if ((request.status === 201 || request.status === 200) && answer && answer.task_id) becomeTask(card, answer.task_id);
        else if (request.status === 401 && session.token === asker) endSession();
        else {
            upload.problem = request.status ? refusal(request.status, answer).message : say('unreachable');
            /* what is wrong with the file itself stays wrong */
            upload.again = request.status === 0 || request.status === 429 || request.status >= 500;
            announce('didFail', card.name);
            card.show();
        }
    }
    nextUpload();
}

function becomeTask(card, id) {
    announce('didUpload', card.name);
    const { file } = card.upload;
    card.upload = null;
    const twin = [...cards].find((other) => other !== card && other.id === id);
    if (twin) twin.gone(); /* a resent upload whose first answer was lost */
    card.take({ task_id: id, status: 'uploaded', file_name: file.name, progress: 0, clip: { bytes: file.size } });
    startPolling();
}

// -- the list -------------------------------------------------------------------------------------------

let oldest = 0;

async function openDesk() {
    oldest = 0;
    await moreTasks();
    startPolling();
}

async function moreTasks() {
    showError($('desk-error'), '');
    try {
        const after = oldest ? `&after=${oldest}` : '';
        const { data } = await ask('GET', `/api/tasks?order=1&max=${PAGE_SIZE}${after}`);
        const fresh = data.filter((t) => states.has(t.status) && ![...cards].some((c) => c.id === t.id));
        const made = fresh.map((t) => {
            const card = new Card();
            card.take({ task_id: t.id, status: t.status === 'processed' ? 'uploaded' : t.status, pending: true });
            $('list').append(card.el);
            return card;
        });
        if (data.length) oldest = data[data.length - 1].id;
        $('more').hidden = data.length < PAGE_SIZE;
        $('empty').hidden = cards.size > 0;
        await fetchAll(made);
    } catch (e) {
        showError($('desk-error'), e.status === 401 ? '' : e.message);
    }
}

async function fetchAll(wanted) {
    const rest = [...wanted];
    let trouble = null;
    const lane = async () => {
        for (let card = rest.shift(); card; card = rest.shift())
            if (cards.has(card) && card.task) await card.refresh().catch((e) => { trouble = e; });
    };
    await Promise.all(Array.from({ length: Math.min(4, rest.length) }, lane));
    if (trouble) throw trouble;
}

// One timer for all: quick while something moves, slower and slower while nothing does.
let timer = 0, pause_ms = POLL_FIRST_MS, round = 0;

function startPolling() {
    pause_ms = POLL_FIRST_MS;
    clearTimeout(timer);
    timer = setTimeout(poll, pause_ms, ++round);
}
function stopPolling() {
    clearTimeout(timer);
    round++;
}

async function poll(mine) {
    const busy = [...cards].filter((card) => card.working);
    if (busy.length === 0 || !session.token) return;
    /* those in work first, then the ones asked for longest ago */
    busy.sort((a, b) => (b.task.status === 'processing') - (a.task.status === 'processing') || a.askedAt - b.askedAt);
    const asked = busy.slice(0, POLL_AT_ONCE);
    const look = () => asked.map((c) => `${c.task.status}${c.task.progress}`).join();
    const before = look();
    let reached = true;
    await fetchAll(asked).catch((e) => { reached = false; showError($('desk-error'), e.status === 401 ? '' : e.message); });
    if (mine !== round) return;
    if (reached) showError($('desk-error'), '');
    pause_ms = reached && look() !== before ? POLL_FIRST_MS : Math.min(POLL_LAST_MS, pause_ms * 1.25);
    timer = setTimeout(poll, document.hidden ? POLL_LAST_MS : pause_ms, mine);
}

// -- wiring ------------------------------------------------------------------------------------------------

$('entry').addEventListener('submit', enter);
$('swap').addEventListener('click', () => {
    signingUp = !signingUp;
    showError($('entry-error'), '');
    showDoorWords();
    $('entry').username.focus();
});
$('logout').addEventListener('click', leave);
$('more').addEventListener('click', async () => { await moreTasks(); startPolling(); });
$('language').addEventListener('click', () => {
    remember.set(localStorage, 'language', language === 'es' ? 'en' : 'es');
    setLanguage(language === 'es' ? 'en' : 'es');
    for (const card of cards) if (card.task && card.task.status === 'failed') card.refresh().catch(() => {});
});
$('files').addEventListener('change', () => {
    addFiles([...$('files').files]);
    $('files').value = '';
});

/* A file may be dropped anywhere on the desk; elsewhere the browser would open it and leave. */
let depth = 0;
const carriesFiles = (event) => !!event.dataTransfer && [...event.dataTransfer.types].includes('Files');
const mark = (by) => {
    depth = Math.max(0, by ? depth + by : 0);
    $('drop').classList.toggle('over', depth > 0 && session.token !== null);
};
addEventListener('dragenter', (event) => { if (carriesFiles(event)) mark(1); });
addEventListener('dragleave', (event) => { if (carriesFiles(event)) mark(-1); });
addEventListener('dragover', (event) => { if (carriesFiles(event)) event.preventDefault(); });
addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    mark(0);
    if (session.token) addFiles([...event.dataTransfer.files]);
});
addEventListener('beforeunload', (event) => { if (sending) event.preventDefault(); });
addEventListener('visibilitychange', () => { if (!document.hidden && session.token) startPolling(); });

setLanguage(language);
show();
if (session.token) openDesk();
