// The names of clips: shown, and changed in their place.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { TITLE_MAX, alter } from './acts.js';
import { RIGHT_TO_LEFT, say } from './state.js';

// A name, cut in its middle where it is too long, so that its beginning and its ending stay: of a
// file, what kind it is. Joined letters are not torn apart.
const ENDING = /\.[^.\s]{1,8}$/,
    TAIL = 7,
    WORD_MAX = 12;
function halves(name) {
    const ending = ENDING.exec(name)?.[0] ?? '',
        stem = name.slice(0, name.length - ending.length);
    const signs = Intl.Segmenter
        ? Array.from(new Intl.Segmenter().segment(stem), (s) => s.segment)
        : [...stem];
    let tail = signs.slice(-TAIL).join('');
    if (RIGHT_TO_LEFT.test(stem)) {
        const word = /\s\S+$/.exec(stem)?.[0] ?? '';
        tail = !ending && word.length <= WORD_MAX ? word : '';
    }
    if (signs.length < 2 * TAIL) tail = '';
    return [stem.slice(0, stem.length - tail.length), tail + ending];
}
export function Name({ children: name }) {
    const [head, tail] = halves(name);
    return (
        <span class="cut" dir="auto">
            <span class="cut-head">{head}</span>
            {tail && <bdi class="cut-tail">{tail}</bdi>}
        </span>
    );
}

// The name of a task while it is changed in its place. Enter and leaving it keep it, Escape does
// not.
export function Rename({ id, value, onDone }) {
    const field = useRef(),
        over = useRef(false);
    useLayoutEffect(() => field.current.select(), []);
    function end(keep) {
        if (over.current) return;
        over.current = true;
        const title = field.current.value.trim();
        onDone();
        if (keep && title && title !== value) alter(id, { title });
    }
    return (
        <form
            class="rename"
            onSubmit={(event) => {
                event.preventDefault();
                end(true);
            }}
        >
            <input
                ref={field}
                dir="auto"
                defaultValue={value}
                maxLength={TITLE_MAX}
                autocomplete="off"
                aria-label={say('title')}
                onBlur={() => end(true)}
                onKeyDown={(event) => {
                    if (event.key !== 'Escape') return;
                    event.stopPropagation();
                    end(false);
                }}
            />
        </form>
    );
}
