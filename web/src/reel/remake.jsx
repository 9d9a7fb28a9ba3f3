// Another shape or start for a clip that is here already: its reel is made anew, after a question.
import { useEffect, useRef, useState } from 'preact/hooks';
import { alter } from '../share/acts.js';
import { Icon } from '../share/icon.jsx';
import { faultOf, setStart } from '../upload/drafts.js';
import { Fit, Start } from '../upload/wishes.jsx';
import { askFirst, say } from '../share/state.js';
import { nameOf } from '../share/tasks.js';
import { SheetHead } from '../share/parts.jsx';

export default function Remake({ t, onDone }) {
    const id = t.task_id,
        dialog = useRef(),
        video = useRef(null);
    const [draft] = useState(() => ({
        fit: t.fit,
        text: '',
        duration: t.clip?.duration ?? 0,
        width: t.clip?.width ?? 0,
        height: t.clip?.height ?? 1,
    }));
    useEffect(() => {
        setStart(draft, t.start);
        dialog.current.showModal();
    }, []);
    async function make(event) {
        event.preventDefault();
        if (faultOf(draft)) {
            dialog.current.querySelector('#start').focus();
            return;
        }
        onDone();
        const sure = await askFirst(
            say('remakeSure', nameOf(id)),
            say('remakeSureText'),
            say('remakeYes'),
            true,
        );
        if (sure) alter(id, { fit: draft.fit, start: draft.start ?? 0 });
    }
    return (
        <dialog id="remake" ref={dialog} aria-labelledby="remake-title" onClose={onDone}>
            <form onSubmit={make} noValidate>
                <SheetHead id="remake-title" title={say('remake')} onClose={onDone} />
                <div class="wishes">
                    <Fit draft={draft} />
                    <Start draft={draft} video={video} />
                </div>
                <footer class="acts">
                    <button
                        id="remake-send"
                        class="main"
                        type="submit"
                        disabled={draft.fit === t.fit && draft.start === t.start}
                    >
                        <Icon name="again" />
                        {say('remakeYes')}
                    </button>
                </footer>
            </form>
        </dialog>
    );
}
