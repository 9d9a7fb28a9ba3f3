// Writes src/api.ts: the types of every schema, parameter and answer of api/openapi.yaml, and the codes of errors.
// With --check it writes nothing and fails when the file is not what would be written.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { parse } from 'yaml';

const source = new URL('../../api/openapi.yaml', import.meta.url), target = new URL('src/api.ts', import.meta.url);
const codes = new Set();
function look(value) {
    if (value === null || typeof value !== 'object') return;
    const code = value.properties?.code;
    for (const slug of code?.enum ?? (code?.const ? [code.const] : [])) codes.add(slug);
    Object.values(value).forEach(look);
}
const api = parse(readFileSync(source, 'utf8'));
look([api.paths, api.components.responses]);
const types = astToString(await openapiTS(source));
const text = `// Made of api/openapi.yaml by script/client; change that file, not this one.
${types.replace(/^\/\*\*[^]*?\*\/\n+/, '')}
/** What an error may be called. */
export type ErrorCode =
${[...codes].sort().map((slug) => `    | ${JSON.stringify(slug)}`).join('\n')};
`;
if (!process.argv.includes('--check')) {
    writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
    console.error('clients/typescript/src/api.ts is not what script/client makes of api/openapi.yaml');
    process.exit(1);
}
