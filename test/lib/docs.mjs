// What the documents say: their blocks, links and inline code, read from Markdown as we write it.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './reelgate.mjs';

// Paths below the root.
const BESIDE = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'clients/typescript/README.md'];
export const documents = ['README.md', ...readdirSync(join(root, 'doc')).filter((name) => name.endsWith('.md')).sort().map((name) => `doc/${name}`), ...BESIDE];

// { file, text, blocks: [{ file, line, language, text }], prose: lines outside of blocks, with their numbers }
export function read(file) {
    const text = readFileSync(join(root, file), 'utf8'), blocks = [], prose = [], stray = [];
    let block = null, list = false, blank = true;
    text.split('\n').forEach((line, i) => {
        const fence = /^( *)```(\S*)/.exec(line);
        if (block) {
            if (fence) block = null;
            else block.text += line.slice(block.indent) + '\n';
            return;
        }
        if (fence) {
            block = { file, line: i + 1, language: fence[2], text: '', indent: fence[1].length };
            blocks.push(block);
            blank = false;
            return;
        }
        if (/^ {4}\S/.test(line) && blank && !list) stray.push(i + 1);
        if (/^\s*([-*]|\d+\.) /.test(line)) list = true;
        else if (/^\S/.test(line)) list = false;
        blank = line.trim() === '';
        prose.push({ line: i + 1, text: line });
    });
    return { file, text, blocks, prose, stray };
}

// The anchors of a document, as GitHub makes them.
export function anchors({ prose }) {
    const seen = new Map();
    return prose.filter(({ text }) => /^#+ /.test(text)).map(({ text }) => {
        const slug = text.replace(/^#+ /, '').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
        const n = seen.get(slug) ?? 0;
        seen.set(slug, n + 1);
        return n ? `${slug}-${n}` : slug;
    });
}

const words = (pattern) => ({ prose }) => prose.flatMap(({ line, text }) => [...text.matchAll(pattern)].map(([, found]) => ({ line, text: found })));
// Targets of [text](target) and ![text](target).
export const links = words(/\]\(([^)\s]+)\)/g);
// Inline code that ends on its line.
export const codes = words(/`([^`]+)`/g);
