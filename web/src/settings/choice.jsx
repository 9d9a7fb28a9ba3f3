// One of several things to allow or to be told of: what it is in words, and as the API calls it.
import { say } from '../share/state.js';

export const Choice = ({ name, words, code, checked }) => (
    <label class="check">
        <input type="checkbox" name={name} defaultChecked={checked} />{' '}
        <span>
            {say(words)} <code>{code}</code>
        </span>
    </label>
);
