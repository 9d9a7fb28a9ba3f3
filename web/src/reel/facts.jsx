// What clip and reel are made of, beside each other.
import { bytes, number, say } from '../share/state.js';
import { Panel } from '../share/parts.jsx';

const CODECS = {
    h264: 'H.264',
    hevc: 'H.265',
    vp8: 'VP8',
    vp9: 'VP9',
    av1: 'AV1',
    mpeg4: 'MPEG-4',
    aac: 'AAC',
    mp3: 'MP3',
    opus: 'Opus',
    vorbis: 'Vorbis',
};
const codec = (name) => CODECS[name] ?? String(name ?? '').toUpperCase();

function soundOf(file) {
    if (!file.audio) return say('noSound');
    const n = file.audio.channels;
    const channels = n === 1 ? say('mono') : n === 2 ? say('stereo') : say('channels', n);
    return `${codec(file.audio.codec)}, ${channels}`;
}
function rateOf(file) {
    const [above, below] = String(file.video?.fps ?? '')
        .split('/')
        .map(Number);
    return above && below ? number(above / below, above % below ? 2 : 0) : '–';
}
const ROWS = [
    ['size', (f) => (f.width ? `${f.width}×${f.height}` : '–')],
    ['duration', (f) => (f.duration ? `${number(f.duration, 1)} s` : '–')],
    ['pictures', rateOf],
    ['codec', (f) => (f.video ? codec(f.video.codec) : '–')],
    ['sound', (f) => (f.video || f.audio ? soundOf(f) : '–')],
    ['weight', (f) => (f.bytes ? bytes(f.bytes) : '–')],
];

export function Facts({ t }) {
    const sides = [
        [say('theClip'), t.clip],
        [say('theReel'), t.reel],
    ].filter(([, f]) => f);
    if (sides.length === 0) return null;
    // of a file that could not be read little is known
    const rows = ROWS.map(([name, of]) => [name, sides.map(([, f]) => of(f))]).filter(([, told]) =>
        told.some((text) => text !== '–'),
    );
    return (
        <Panel id="facts" title={say('facts')}>
            <table class="facts-table">
                <thead>
                    <tr>
                        <td />
                        {sides.map(([name]) => (
                            <th key={name} scope="col">
                                {name}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map(([name, told]) => (
                        <tr key={name}>
                            <th scope="row">{say(name)}</th>
                            {told.map((text, i) => (
                                <td key={sides[i][0]}>{text}</td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </Panel>
    );
}
