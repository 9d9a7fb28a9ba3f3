// The fields of a webhook, for a new one and for one to change.
import { Choice } from './choice.jsx';
import { say } from '../share/state.js';
import { Field } from '../share/panels.jsx';

export const EVENTS = {
    'task.uploaded': 'evUploaded',
    'task.processing': 'evProcessing',
    'task.progress': 'evProgress',
    'task.processed': 'evProcessed',
    'task.failed': 'evFailed',
    'task.deleted': 'evDeleted',
};
const USUAL = Object.keys(EVENTS).filter((name) => name !== 'task.progress');

export function Fields({ hook }) {
    const chosen = hook?.events ?? USUAL;
    return (
        <>
            <Field
                words="hookUrl"
                name="url"
                type="url"
                inputMode="url"
                maxLength={2000}
                spellcheck={false}
                placeholder="https://example.org/reels"
                defaultValue={hook?.url}
            />
            <Field
                words="hookDescription"
                name="description"
                maxLength={100}
                defaultValue={hook?.description}
            />
            <fieldset>
                <legend>{say('hookEvents')}</legend>
                {Object.entries(EVENTS).map(([name, words]) => (
                    <Choice
                        key={name}
                        name={name}
                        words={words}
                        code={name}
                        checked={chosen.includes(name)}
                    />
                ))}
            </fieldset>
        </>
    );
}
// What the fields say, or null with the fault told and the focus where it is.
export function readHook(form, setFault) {
    const f = form.elements,
        url = f.url.value.trim(),
        events = Object.keys(EVENTS).filter((name) => f[name].checked);
    const fault = !url ? 'hookNoUrl' : events.length === 0 ? 'hookNoEvent' : null;
    setFault(fault ? say(fault) : '');
    if (!fault) return { url, events, description: f.description.value.trim() };
    f[url ? 'task.uploaded' : 'url'].focus();
    return null;
}
