// Prints what gcovr counted (its JSON summary), a line a room and one for all. For script/coverage.
import { readFileSync } from 'node:fs';

const { files } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const rooms = new Map();
const KINDS = ['line', 'function', 'branch'];
for (const file of files) {
    const [, room] = /^src\/([^/]+)\//.exec(file.filename) ?? [null, 'mains'];
    for (const name of [room, 'all']) {
        const sum = rooms.get(name) ?? {};
        for (const kind of KINDS)
            for (const part of ['covered', 'total'])
                sum[kind + part] = (sum[kind + part] ?? 0) + file[`${kind}_${part}`];
        rooms.set(name, sum);
    }
}
const percent = (covered, total) => (total ? `${((100 * covered) / total).toFixed(1)} %` : '');
const row = (name, cells) =>
    console.log(name.padEnd(10) + cells.map((cell) => cell.padStart(12)).join(''));
row('room', ['lines', 'functions', 'branches', 'of lines']);
const last = (name) => (name === 'all' ? 1 : 0);
for (const [name, sum] of [...rooms].sort(([a], [b]) => last(a) - last(b) || a.localeCompare(b))) {
    const shares = KINDS.map((kind) => percent(sum[`${kind}covered`], sum[`${kind}total`]));
    row(name, [...shares, String(sum.linetotal)]);
}
