// Before clips go up: the shape and the start point of each, seen on the file itself, in the 16:9
// picture that the reel will have, and its title. The file is played from where it lies; nothing is
// sent yet.
import { useEffect, useRef, useState } from 'preact/hooks';
import { clearRefused } from './choose.js';
import { drafts, faultOf, leaveAll, leaveOut } from './drafts.js';
import { Refused } from './refused.jsx';
import { addUploads } from './uploads.js';
import { Fit, Start } from './wishes.jsx';
import { WORDS } from './words.js';
import { TITLE_MAX } from '../share/acts.js';
import { Icon } from '../share/icon.jsx';
import { partSeconds, profile } from '../share/me.js';
import { Name } from '../share/name.jsx';
import { SheetHead, Strip, useSheet } from '../share/parts.jsx';
import { addWords, bytes, change, say } from '../share/state.js';

addWords(WORDS);
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
    const video = useRef();
    const draft = drafts.list[drafts.at],
        many = drafts.list.length,
        dialog = useSheet(many > 0);
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
                    <SheetHead id="prepare-title" title={say('prepareTitle')} onClose={leaveAll}>
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
                    </SheetHead>
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
