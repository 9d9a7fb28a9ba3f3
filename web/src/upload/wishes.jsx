// The shape and the start of a reel, to be chosen: before a clip goes up, and again when its reel
// is made anew.
import { useEffect, useRef } from 'preact/hooks';
import { drafts, faultOf, setFit, setStart } from './drafts.js';
import { partSeconds, profile } from '../share/me.js';
import { announce, change, clockTime, dotted, number, say } from '../share/state.js';
import { FITS } from '../share/fits.js';

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
                            draft.start = Number(dotted(draft.text)) || 0;
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
                            onChange={() => setFit(draft, name)}
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
