// Bundles the page into dist/, under names that change with their content, each with its gzip and
// Brotli variants; and writes dist/http/parts.def and sorry.def, the tables that the program takes
// them in by.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { parse } from 'yaml';
import { makeDocs } from './docs.mjs';
import { sorryTable } from './sorry.mjs';

// bytes of script as gzip sends them, over the slowest lines we care for
const SCRIPT_MAX = 150_000;
const from = (name) => new URL(name, import.meta.url).pathname;
const made = from('dist.part');
const parts = [];

function keep(id, path, type, bytes, kept) {
    const name = path === '/' ? 'index.html' : path.split('/').pop();
    const data = Buffer.from(bytes);
    const tag = createHash('sha256').update(data).digest('hex').slice(0, 20);
    const gz = gzipSync(data, { level: 9 });
    const br = brotliCompressSync(data, {
        params: {
            [constants.BROTLI_PARAM_QUALITY]: 11,
            [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
        },
    });
    for (const [ending, content] of [
        ['', data],
        ['.gz', gz],
        ['.br', br],
    ])
        writeFileSync(`${made}/${name}${ending}`, content);
    parts.push(`PART(${id}, "${path}", "${type}", "${name}", "${tag}", ${kept})`);
    return { gz: gz.length, br: br.length };
}

rmSync(made, { recursive: true, force: true });
mkdirSync(`${made}/http`, { recursive: true });
const { outputFiles, metafile } = await build({
    entryPoints: {
        app: from('src/main.jsx'),
        look: from('src/look.css'),
        docs: from('src/plain/docs.css'),
        sorry: from('src/plain/sorry.css'),
    },
    outdir: from('bundle'),
    bundle: true,
    splitting: true,
    metafile: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome100', 'firefox100', 'safari15.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    charset: 'utf8',
    legalComments: 'eof',
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: {
        js:
            '/* Holds preact (MIT, Jason Miller and others), tus-js-client (MIT, Transloadit and ' +
            'others) and js-base64 (BSD-3-Clause, Dan Kogai). */',
    },
});
const api = parse(readFileSync(from('../api/openapi.yaml'), 'utf8'));
let page = readFileSync(from('index.html'), 'utf8');
let docs = makeDocs(api);
let sorry = sorryTable(['/assets/look.css', '/assets/sorry.css']);
// What the page begins with: its entry, and what that shares with the parts that are fetched later.
const app = Object.entries(metafile.outputs).find(([, output]) =>
    output.entryPoint?.endsWith('main.jsx'),
);
const shared = app[1].imports
    .filter((i) => i.kind === 'import-statement')
    .map((i) => i.path.split('/').pop());
const first = [app[0].split('/').pop(), ...shared];
const script = { gz: 0, br: 0 };
for (const [i, { path, contents }] of outputFiles.entries()) {
    const name = path.split('/').pop();
    const js = name.endsWith('.js');
    const sizes = keep(
        `part_${i}`,
        `/assets/${name}`,
        js ? 'text/javascript; charset=utf-8' : 'text/css; charset=utf-8',
        contents,
        true,
    );
    if (first.includes(name)) for (const coding of ['gz', 'br']) script[coding] += sizes[coding];
    const given = `/assets/${name.split('-')[0]}${js ? '.js' : '.css'}`;
    page = page.replace(given, `/assets/${name}`);
    docs = docs.replace(given, `/assets/${name}`);
    sorry = sorry.replaceAll(given, `/assets/${name}`);
}
const preloads = shared.map((name) => `<link rel="modulepreload" href="/assets/${name}">\n`);
page = page.replace('</head>', `${preloads.join('')}</head>`);
keep('openapi', '/openapi.json', 'application/json', JSON.stringify(api), false);
keep('docs_page', '/docs', 'text/html; charset=utf-8', docs, false);
keep('favicon', '/favicon.svg', 'image/svg+xml', readFileSync(from('favicon.svg')), false);
keep('index', '/', 'text/html; charset=utf-8', page, false);
if (/"\/assets\/(app\.js|look\.css|docs\.css|sorry\.css)\\?"/.test(page + docs + sorry))
    throw new Error('a page names a part that was not made');
if (script.gz > SCRIPT_MAX)
    throw new Error(`${script.gz} bytes of script, more than ${SCRIPT_MAX}`);
writeFileSync(
    `${made}/http/parts.def`,
    `/* Made by script/web. PART(id, path, type, file, tag, kept): see src/http/api/page.c. */\n` +
        `${parts.join('\n')}\n`,
);
writeFileSync(
    `${made}/http/sorry.def`,
    `/* Made by script/web. SORRY(language, kind, page): see src/http/server/sorry.c. */\n` +
        `${sorry}\n`,
);
rmSync(from('dist'), { recursive: true, force: true });
renameSync(made, from('dist'));
console.log(`web/dist: ${script.gz} bytes of script with gzip, ${script.br} with Brotli`);
