// Draws the rooms of src/ and who may include whom as doc/img/layers.svg, from the table that
// script/layers holds the code to.
//     node script/layers.mjs           writes the picture
//     node script/layers.mjs --check   fails when it is not that of the table
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const picture = new URL('doc/img/layers.svg', root);

// -- the table ----------------------------------------------------------------------------------

const text = readFileSync(new URL('script/layers', root), 'utf8');
const [, table] = /declare -A may=\(\n([\s\S]*?)\n\)/.exec(text);
const may = new Map();
for (const [, room, others] of table.matchAll(/^ *\[([\w./-]+)\]="([^"]*)"/gm))
    may.set(room, others.split(' ').filter(Boolean));
const rooms = [...may.keys()].filter((room) => room !== 'core');

// One higher than the highest that it includes; core lies below all of them.
const levels = new Map();
function levelOf(room) {
    if (!levels.has(room)) levels.set(room, 1 + Math.max(0, ...may.get(room).map(levelOf)));
    return levels.get(room);
}
const top = Math.max(...rooms.map(levelOf));
// A room that may include nearly everything is a bar over all of them, and says so.
const SPARED_MAX = 1;
const isProgram = (room) => room.endsWith('.c');
const plain = rooms.filter((room) => !isProgram(room));
const spared = (room) => plain.filter((other) => other !== room && !may.get(room).includes(other));
const isBar = (room) => !isProgram(room) && spared(room).length <= SPARED_MAX;

// -- where each stands --------------------------------------------------------------------------

const WIDTH = 940,
    BOX = { width: 104, height: 40 },
    RISE = 92,
    EDGE = 24,
    LANE = 36; // what an arrow that passes a row takes of it
const HEIGHT = EDGE * 2 + BOX.height + top * RISE;
const yOf = (level) => HEIGHT - EDGE - BOX.height - level * RISE;

// Arrows, each with the points at which it passes rows between its ends.
const rows = new Map();
const put = (level, one) => rows.set(level, [...(rows.get(level) ?? []), one]);
const drawn = rooms.filter((room) => !isBar(room));
const nodes = new Map(drawn.map((room) => [room, { room, level: levelOf(room), beside: [] }]));
for (const node of nodes.values()) put(node.level, node);
const arrows = [];
for (const from of nodes.values())
    for (const to of may.get(from.room).map((room) => nodes.get(room) ?? { bar: room })) {
        const level = to.bar ? levelOf(to.bar) : to.level;
        const way = [from];
        for (let between = from.level - 1; between > level; between--) {
            const lane = { level: between, beside: [] };
            put(between, lane);
            way.push(lane);
        }
        way.push(to.bar ? { level, beside: [], above: from } : to);
        for (let i = 1; i < way.length; i++) {
            way[i].beside.push(way[i - 1]);
            way[i - 1].beside.push(way[i]);
        }
        arrows.push(way);
    }
const widthOf = (room) => Math.max(BOX.width, room.length * 9 + 24);
// Each row is spread over the width; a few passes put what has arrows with each other near.
function spread(row) {
    const share = (node) => (node.room ? widthOf(node.room) + EDGE : LANE);
    const whole = row.reduce((sum, node) => sum + share(node), 0);
    let at = 0;
    for (const node of row) {
        node.x = ((at + share(node) / 2) * WIDTH) / whole;
        at += share(node);
    }
}
for (const row of rows.values()) spread(row);
for (let pass = 0; pass < 24; pass++)
    for (const row of rows.values()) {
        for (const node of row) {
            const known = node.beside.filter((other) => other.x !== undefined);
            node.wanted = known.reduce((sum, other) => sum + other.x, 0) / (known.length || 1);
        }
        row.sort((one, other) => one.wanted - other.wanted);
        spread(row);
    }

// -- the drawing --------------------------------------------------------------------------------

// Arrows leave a room, and reach one, side by side, in the order in which they go on.
function place(node, list, next, gap) {
    list.sort((one, other) => next(one).x - next(other).x);
    return new Map(list.map((way, i) => [way, node.x + (i - (list.length - 1) / 2) * gap]));
}
function curve(way) {
    const [from] = way,
        to = way.at(-1);
    const out = arrows.filter((other) => other[0] === from);
    const into = arrows.filter((other) => other.at(-1) === to);
    if (to.above) to.x = from.x;
    let x = place(from, out, (other) => other[1], 14).get(way),
        y = yOf(from.level) + BOX.height,
        d = `M${x} ${y}`;
    for (const node of way.slice(1)) {
        const end = node === to ? place(to, into, (other) => other.at(-2), 13).get(way) : node.x;
        const below = yOf(node.level) - (node === to ? 3 : 0),
            bend = (below - y) / 2;
        d += `C${x} ${y + bend} ${end} ${below - bend} ${end} ${below}`;
        if (node !== to) d += `v${BOX.height}`;
        x = end;
        y = below + BOX.height;
    }
    return `<path d="${d.replace(/\d+\.\d+/g, (n) => String(Math.round(n * 10) / 10))}"/>`;
}
const box = (name, left, y, width, kind, note = '') =>
    `<rect class="${kind}" x="${left}" y="${y}" width="${width}" height="${BOX.height}" rx="8"/>` +
    `<text x="${left + width / 2}" y="${y + BOX.height / 2 + 5}">${name}` +
    `${note && `<tspan class="note"> ${note}</tspan>`}</text>`;
const boxes = rooms.map((room) => {
    const y = yOf(levelOf(room));
    if (isBar(room)) {
        const [but] = spared(room);
        const note = `may include every room${but ? ` but ${but}` : ''}`;
        return box(room, EDGE, y, WIDTH - 2 * EDGE, 'room', note);
    }
    const width = widthOf(room),
        left = Math.round(nodes.get(room).x - width / 2);
    return box(room, left, y, width, isProgram(room) ? 'program' : 'room');
});
boxes.push(box('core', EDGE, yOf(0), WIDTH - 2 * EDGE, 'core', 'every room may include it'));

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" \
width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title">
<title id="title">The rooms of src/: an arrow leads from a room to one that it may include</title>
<style>
text { font: 15px ui-monospace, "DejaVu Sans Mono", monospace; text-anchor: middle; fill: #1b2127 }
.note { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #5a646d }
rect { stroke: #0c6b66; stroke-width: 1.5; fill: #e3f0ee }
.core { fill: #f5f4f0; stroke: #868d92 }
.program { fill: #fbf0d9; stroke: #7a5200 }
path { fill: none; stroke: #0c6b66; stroke-width: 1.5; marker-end: url(#head) }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="6" markerHeight="6" \
orient="auto"><path d="M0 0 8 4 0 8z" style="fill: #0c6b66; stroke: none; marker-end: none"/>\
</marker></defs>
<rect x="0" y="0" width="${WIDTH}" height="${HEIGHT}" style="fill: #fff; stroke: none"/>
${arrows.map(curve).join('\n')}
${boxes.join('\n')}
</svg>
`;

if (process.argv[2] !== '--check') writeFileSync(picture, svg);
else if (readFileSync(picture, 'utf8') !== svg) {
    console.error('doc/img/layers.svg is not that of script/layers: run node script/layers.mjs');
    process.exitCode = 1;
}
