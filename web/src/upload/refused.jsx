// What was chosen and is not taken, each with why.
import { clearRefused, refused } from './choose.js';
import { Icon } from '../share/icon.jsx';
import { say } from '../share/state.js';

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
