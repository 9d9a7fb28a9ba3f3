// What was chosen and is not taken, each with why.
import { clearRefused, refused } from './choose.js';
import { Shut } from '../share/parts.jsx';

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
            <Shut onClick={clearRefused} />
        </div>
    );
}
