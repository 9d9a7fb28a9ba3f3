// What comes out of a clip, as a drawing: one that was filmed upright, and its reel, with the logo
// at both ends. The colours are those of the page.
import { partSeconds, profile } from '../share/me.js';
import { number, say } from '../share/state.js';

// Somebody with a ball on a field in the evening, w by h, with the ground at its foot.
const Scene = ({ x, y, w, h }) => (
    <svg x={x} y={y} width={w} height={h} viewBox="0 0 90 160" preserveAspectRatio="xMidYMax slice">
        <path fill="#2b5876" d="M-200 0h490v160h-490z" />
        <path fill="#f2a65a" d="M-200 60h490v60h-490z" />
        <path fill="#e07a5f" d="M-200 84h490v40h-490z" />
        <circle cx="62" cy="84" r="15" fill="#ffd166" />
        <path fill="#2f6f4f" d="M-200 108h490v60h-490z" />
        <path fill="none" stroke="#dcefe3" stroke-width="1.6" d="M-200 122h490M45 122v40" />
        <circle cx="38" cy="76" r="7" fill="#1b2127" />
        <path
            fill="none"
            stroke="#1b2127"
            stroke-width="7"
            stroke-linecap="round"
            stroke-linejoin="round"
            d="M38 88v22m0-18 13 9m-13-9-12 8m12 10-9 20m9-20 14 8 9 10"
        />
        <circle cx="70" cy="136" r="6" fill="#fff" stroke="#1b2127" stroke-width="1.6" />
    </svg>
);
// What lies beside it in a wide picture: its own colours, blurred.
const Beside = () => (
    <g opacity=".6">
        <path fill="#2b5876" d="M214 22h328v72h-328z" />
        <path fill="#e58e60" d="M214 92h328v52h-328z" />
        <path fill="#2f6f4f" d="M214 142h328v66h-328z" />
    </g>
);

export function Example() {
    const seconds = (n) => `${number(n, n % 1 ? 1 : 0)} s`,
        logo = seconds(profile().bumper_s);
    return (
        <figure class="example">
            <svg viewBox="0 0 560 262" role="img" aria-label={say('exampleText')}>
                <defs>
                    <clipPath id="ex-a">
                        <rect x="20" y="22" width="105" height="186" rx="14" />
                    </clipPath>
                    <clipPath id="ex-b">
                        <rect x="214" y="22" width="328" height="185" rx="12" />
                    </clipPath>
                    <clipPath id="ex-c">
                        <rect x="214" y="219" width="328" height="12" rx="6" />
                    </clipPath>
                </defs>
                <g clip-path="url(#ex-a)">
                    <Scene x="20" y="22" w="105" h="186" />
                </g>
                <rect class="ex-edge" x="20" y="22" width="105" height="186" rx="14" />
                <path class="ex-arrow" d="M150 115h38m-12-12 12 12-12 12" />
                <g clip-path="url(#ex-b)">
                    <Beside />
                    <Scene x="326" y="22" w="104" h="185" />
                </g>
                <rect class="ex-edge" x="214" y="22" width="328" height="185" rx="12" />
                <g clip-path="url(#ex-c)">
                    <path class="ex-clip" d="M250 219h256v12h-256z" />
                    <path class="ex-logo" d="M214 219h34v12h-34zm294 0h34v12h-34z" />
                </g>
                <g class="ex-words">
                    <text class="ex-first" x="214" y="248">
                        {say('partLogo')} {logo}
                    </text>
                    <text x="378" y="248">
                        {say('partClip')} {seconds(partSeconds())}
                    </text>
                    <text class="ex-last" x="542" y="248">
                        {say('partLogo')} {logo}
                    </text>
                </g>
            </svg>
            <figcaption>
                <strong>{say('exampleTitle')}</strong> {say('exampleText')}
            </figcaption>
        </figure>
    );
}
