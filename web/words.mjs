// Looks at the words of the page: each in both languages, with the same places for values, in one
// catalogue only, and said by the part that it stands beside. Run by script/lint.
import { readFileSync, readdirSync } from 'node:fs';

const src = new URL('src/', import.meta.url);
const files = readdirSync(src, { recursive: true }).filter((name) => /\.jsx?$/.test(name));
const isWords = (name) => /(^|\/)words[^/]*$/.test(name);
const folderOf = (name) => (name.includes('/') ? name.split('/')[0] : '.');
const places = (text) => [...new Set(text.match(/\{\d\}/g))].sort().join();

// What a folder says: its own files for its own words, all of them for what is shared.
const code = files.filter((name) => !isWords(name)).map((name) => [folderOf(name), read(name)]);
function read(name) {
    return readFileSync(new URL(name, src), 'utf8');
}
function isSaid(key, folder) {
    // a family of words is said by its beginning: `check_${name}`
    const family = key.includes('_') ? `\`${key.split('_')[0]}_\${` : null;
    const quoted = new RegExp(`(['"\`])${key}\\1|^\\s*(${key}),?$`, 'm');
    return code.some(
        ([where, text]) =>
            (folder === 'share' || where === folder) &&
            (quoted.test(text) || (family && text.includes(family))),
    );
}

const faults = [];
const seen = new Map(); // key: the catalogue that it is in
const catalogues = [];
for (const name of files.filter(isWords)) {
    const { WORDS, ADVICE = {} } = await import(new URL(name, src));
    catalogues.push([name, WORDS]);
    for (const [key, texts] of Object.entries({ ...ADVICE, ...WORDS })) {
        const [es, en, ...more] = texts;
        if (!es || !en || more.length) faults.push(`${name}: ${key} is not in two languages`);
        else if (places(es) !== places(en)) faults.push(`${name}: ${key} has other values in each`);
    }
    for (const key of Object.keys(WORDS)) {
        if (seen.has(key)) faults.push(`${name}: ${key} is in ${seen.get(key)} too`);
        seen.set(key, name);
        if (!isSaid(key, folderOf(name))) faults.push(`${name}: ${key} is never said there`);
    }
}
// Whoever says a word has it: from its own folder, or from what all share.
for (const [where, text] of code) {
    for (const [, key] of text.matchAll(/\b(?:say|announce)\(\s*'(\w+)'/g)) {
        const home = seen.has(key) ? folderOf(seen.get(key)) : null;
        if (home !== where && home !== 'share')
            faults.push(`${where} says ${key}, which is ${home ? `a word of ${home}` : 'no word'}`);
    }
}
for (const fault of faults) console.error(fault);
if (faults.length) process.exitCode = 1;
else console.log(`${seen.size} words in both languages, in ${catalogues.length} catalogues`);
