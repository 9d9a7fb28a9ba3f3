// Before clips go up: the shape and the start point of each, seen on the file itself, in the 16:9
// picture that the reel will have, and its title. The file is played from where it lies; nothing is
// sent yet.
import { useEffect, useRef, useState } from 'preact/hooks';
import { TITLE_MAX } from '../share/acts.js';
import { Icon } from '../share/icon.jsx';
import { Name } from '../share/name.jsx';
import { Strip } from '../share/parts.jsx';
import { partSeconds, profile } from '../share/me.js';
import { clearRefused, refused, sift } from './choose.js';
import {
    addWords,
    announce,
    bytes,
    change,
    clockTime,
    number,
    say,
    state,
} from '../share/state.js';
import { addUploads, goOnWith, onTheWay } from './uploads.js';
import { WORDS } from './words.js';

addWords(WORDS);
const FITS = { pad: 'fitPad', blur: 'fitBlur', crop: 'fitCrop', stretch: 'fitStretch' };

export const drafts = { list: [], at: 0 };
let fit = null,
    keys = 0; // fit: what was chosen last

// What a file is called without its ending: what a reel may be called.
const titleOf = (name) => (name.replace(/\.[a-z0-9]{1,5}$/i, '') || name).slice(0, TITLE_MAX);

export async function prepare(files) {
    if (files.length === 0) return;
    const asker = state.token,
        going = onTheWay();
    clearRefused();
    const before = drafts.list.reduce((sum, d) => sum + d.file.size, going.bytes);
    const good = await sift(await goOnWith(files), {
        bytes: before,
        clips: going.clips + drafts.list.length,
    });
    if (state.token !== asker || good.length === 0) return;
    const fresh = good.map((file) => ({
        key: ++keys,
        file,
        title: titleOf(file.name),
        fit: fit ?? profile().fit,
        start: 0,
        text: '',
        url: URL.createObjectURL(file),
        duration: 0,
        width: 0,
        height: 0,
        blind: false,
    }));
    if (drafts.list.length === 0) drafts.at = 0;
    drafts.list.push(...fresh);
    change();
}
export function setStart(draft, seconds) {
    draft.start = seconds;
    draft.text = seconds ? number(seconds, 1) : '';
    change();
}
function leaveOut(draft) {
    URL.revokeObjectURL(draft.url);
    drafts.list = drafts.list.filter((other) => other !== draft);
    drafts.at = Math.max(0, Math.min(drafts.at, drafts.list.length - 1));
    change();
}
export function leaveAll() {
    for (const draft of [...drafts.list]) leaveOut(draft);
}
export function faultOf(draft) {
    const text = draft.text.trim().replace(',', '.');
    if (text !== '' && !/^\d+(\.\d+)?$/.test(text)) return say('startBad');
    return draft.duration && Number(text) >= draft.duration
        ? say('startLate', number(draft.duration, 1))
        : '';
}

// The video in its frame. With blurred borders, what it shows is painted small behind it as well.
function Preview({ draft, video }) {
    const behind = useRef();
    const [playing, setPlaying] = useState(false);
    const paint = () => {
        const v = video.current,
            c = behind.current;
        if (v && c && v.readyState >= 2) c.getContext('2d').drawImage(v, 0, 0, c.width, c.height);
    };
    useEffect(() => {
        if (!playing) {
            paint();
            return undefined;
        }
        let frame = 0;
        const step = () => {
            const v = video.current;
            if (v && v.currentTime >= draft.start + partSeconds()) v.currentTime = draft.start;
            paint();
            frame = requestAnimationFrame(step);
        };
        step();
        return () => cancelAnimationFrame(frame);
    });
    function known(event) {
        const v = event.currentTarget;
        Object.assign(draft, {
            duration: Number.isFinite(v.duration) ? v.duration : 0,
            width: v.videoWidth,
            height: v.videoHeight,
            blind: v.videoWidth === 0,
        });
        v.currentTime = draft.start;
        change();
    }
    function play() {
        const v = video.current;
        if (!v.paused) {
            v.pause();
            return;
        }
        if (
            v.currentTime < draft.start ||
            v.currentTime >= draft.start + partSeconds() - 0.2 ||
            v.ended
        )
            v.currentTime = draft.start;
        v.play().catch(() => {});
    }
    return (
        <div class="preview">
            <div class="frame" data-fit={draft.fit}>
                <canvas ref={behind} width="64" height="36" aria-hidden="true" />
                <video
                    ref={video}
                    key={draft.key}
                    src={draft.url}
                    muted
                    playsInline
                    preload="auto"
                    tabIndex={-1}
                    aria-label={say('preview')}
                    onLoadedMetadata={known}
                    onLoadedData={paint}
                    onSeeked={paint}
                    onPlay={() => setPlaying(true)}
                    onPause={() => setPlaying(false)}
                    onError={() => {
                        draft.blind = true;
                        change();
                    }}
                />
                {draft.blind && <p class="blind">{say('noPreview')}</p>}
            </div>
            {!draft.blind && (
                <button type="button" class="play-part" onClick={play}>
                    <Icon name={playing ? 'pause' : 'play'} />
                    {say(playing ? 'pausePart' : 'playPart')}
                </button>
            )}
        </div>
    );
}

export function Start({ draft, video }) {
    const fault = faultOf(draft),
        { duration, start } = draft;
    const last = duration
        ? Math.max(0, Math.floor((duration - Math.min(1, duration / 2)) * 10) / 10)
        : 0;
    const used = duration ? Math.min(partSeconds(), duration - start) : 0;
    const window_ = useRef();
    useEffect(() => {
        if (!window_.current || !duration) return;
        window_.current.style.left = `${(start / duration) * 100}%`;
        window_.current.style.width = `${(used / duration) * 100}%`;
    });
    const move = (seconds) => {
        if (video.current && video.current.readyState > 0) video.current.currentTime = seconds;
    };
    return (
        <fieldset>
            <legend>{say('start')}</legend>
            <div class="reach" hidden={!duration}>
                <div class="track" aria-hidden="true">
                    <span ref={window_} />
                </div>
                <input
                    id="start-slider"
                    type="range"
                    min="0"
                    max={last}
                    step="0.1"
                    value={start}
                    disabled={!last}
                    aria-label={say('start')}
                    aria-valuetext={say('startText', clockTime(start), number(used, 1))}
                    onInput={(event) => {
                        setStart(draft, Number(event.currentTarget.value));
                        move(draft.start);
                    }}
                />
            </div>
            <p class="hint used">
                {duration && !fault
                    ? say(
                          'shownPart',
                          clockTime(start),
                          clockTime(start + used),
                          number(used, 1),
                          number(used + 2 * profile().bumper_s, 1),
                      )
                    : ' '}
            </p>
            <label class="seconds">
                {say('startSeconds')}
                <input
                    id="start"
                    inputMode="decimal"
                    autocomplete="off"
                    placeholder="0"
                    maxLength={12}
                    value={draft.text}
                    aria-invalid={!!fault}
                    aria-describedby="start-error"
                    onInput={(event) => {
                        draft.text = event.currentTarget.value;
                        if (!faultOf(draft)) {
                            draft.start = Number(draft.text.trim().replace(',', '.')) || 0;
                            move(draft.start);
                        }
                        change();
                    }}
                />
            </label>
            <p id="start-error" class={fault ? 'error' : 'unseen'} role="alert">
                {fault}
            </p>
        </fieldset>
    );
}

export function Fit({ draft }) {
    const wide = draft.width > 0 && Math.abs(draft.width / draft.height - 16 / 9) < 0.01;
    return (
        <fieldset>
            <legend>{say('fit')}</legend>
            <div class="fits">
                {Object.entries(FITS).map(([name, words]) => (
                    <label key={name} class="choice">
                        <input
                            type="radio"
                            name="fit"
                            value={name}
                            checked={draft.fit === name}
                            onChange={() => {
                                fit = draft.fit = name;
                                change();
                            }}
                        />
                        <span class="choice-mark" data-fit={name} aria-hidden="true">
                            <i />
                        </span>
                        {say(words)}
                    </label>
                ))}
            </div>
            {wide && <p class="hint">{say('fitsAlready')}</p>}
            {drafts.list.length > 1 && (
                <button
                    type="button"
                    class="link"
                    onClick={() => {
                        for (const d of drafts.list) d.fit = draft.fit;
                        announce('didFitAll');
                    }}
                >
                    {say('fitAll')}
                </button>
            )}
        </fieldset>
    );
}

// What was chosen and is not taken, each with why.
export function Refused() {
    if (refused.list.length === 0) return null;
    return (
        <div class="refused error" role="alert">
            <ul>
                {refused.list.map(({ key, name, why }) => (
                    <li key={key}>
                        <strong dir="auto">{name}</strong> <span>{why}</span>
                    </li>
                ))}
            </ul>
            <button
                type="button"
                class="quiet shut"
                aria-label={say('close')}
                onClick={clearRefused}
            >
                <Icon name="close" />
            </button>
        </div>
    );
}

function Title({ draft }) {
    return (
        <label class="title">
            {say('title')}
            <input
                id="draft-title"
                dir="auto"
                value={draft.title}
                maxLength={TITLE_MAX}
                autocomplete="off"
                placeholder={draft.file.name}
                onInput={(event) => {
                    draft.title = event.currentTarget.value;
                    change();
                }}
            />
        </label>
    );
}

export function Prepare() {
    const dialog = useRef(),
        video = useRef();
    const draft = drafts.list[drafts.at],
        many = drafts.list.length;
    useEffect(() => {
        if (many && !dialog.current.open) dialog.current.showModal();
        if (!many && dialog.current.open) dialog.current.close();
    }, [many]);
    const turn = (by) => {
        drafts.at = (drafts.at + by + many) % many;
        change();
    };
    function send(event) {
        event.preventDefault();
        const bad = drafts.list.findIndex((d) => faultOf(d));
        if (bad >= 0) {
            drafts.at = bad;
            change();
            setTimeout(() => document.getElementById('start').focus());
            return;
        }
        const wanted = drafts.list.map((d) => ({
            file: d.file,
            fit: d.fit,
            start: d.start,
            title: d.title.trim(),
        }));
        leaveAll();
        clearRefused();
        addUploads(wanted);
        document.getElementById('files')?.focus();
    }
    return (
        <dialog id="prepare" ref={dialog} aria-labelledby="prepare-title" onClose={leaveAll}>
            {draft && (
                <form onSubmit={send} noValidate>
                    <header>
                        <h2 id="prepare-title">{say('prepareTitle')}</h2>
                        {many > 1 && (
                            <p class="pager">
                                <button
                                    type="button"
                                    class="quiet"
                                    onClick={() => turn(-1)}
                                    aria-label={say('previous')}
                                >
                                    <Icon name="back" />
                                </button>
                                <span aria-live="polite">
                                    {say('prepareOf', drafts.at + 1, many)}
                                </span>
                                <button
                                    type="button"
                                    class="quiet turned"
                                    onClick={() => turn(1)}
                                    aria-label={say('next')}
                                >
                                    <Icon name="back" />
                                </button>
                            </p>
                        )}
                        <button
                            type="button"
                            class="quiet shut"
                            onClick={leaveAll}
                            aria-label={say('close')}
                        >
                            <Icon name="close" />
                        </button>
                    </header>
                    <Refused />
                    <p class="name">
                        <strong title={draft.file.name}>
                            <Name>{draft.file.name}</Name>
                        </strong>
                        <span class="hint">{bytes(draft.file.size)}</span>
                    </p>
                    <div class="prepare-in">
                        <div>
                            <Preview draft={draft} video={video} key={draft.key} />
                            <Strip logo={profile().bumper_s} clip={partSeconds() / 2} />
                        </div>
                        <div class="wishes">
                            <Title draft={draft} key={`t${draft.key}`} />
                            <Fit draft={draft} />
                            <Start draft={draft} video={video} />
                        </div>
                    </div>
                    <footer class="acts">
                        {many > 1 && (
                            <button type="button" class="quiet" onClick={() => leaveOut(draft)}>
                                {say('leaveOut')}
                            </button>
                        )}
                        <button id="send" class="main" type="submit">
                            <Icon name="up" />
                            {many > 1 ? say('uploadMany', many) : say('uploadOne')}
                        </button>
                    </footer>
                </form>
            )}
        </dialog>
    );
}
