// GET /docs: the description of the API as one page to read, made when the program is built. It
// needs no script, so that it works under the strictest content policy and without any network.
import { BRAND } from './sorry.mjs';

const SIGNS = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => SIGNS[sign]);

// The little of Markdown that descriptions use: paragraphs, lists, `code`, **bold**, [links](to).
function words(text) {
    return escape(text)
        .replace(/`([^`]+)`/g, '<code>$1</code>')
        .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
        .replace(/\[([^\]]+)\]\((https?:[^)\s]+)\)/g, '<a href="$2" rel="noreferrer">$1</a>');
}
// run(one) of each, without anything between.
const each = (list, run) => list.map((one) => run(one)).join('');
function block(text) {
    if (!text.startsWith('- ')) return `<p>${words(text)}</p>`;
    const points = text.slice(2).split(/\n- /);
    return `<ul class="points">${each(points, (point) => `<li>${words(point)}</li>`)}</ul>`;
}
const prose = (text) => (text ? each(text.trim().split(/\n\s*\n/), block) : '');
function json(value) {
    const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value, null, 2);
    return `<pre tabindex="0"><code>${escape(text)}</code></pre>`;
}
const soft = (text) => (text ? ` <span class="soft">${text}</span>` : '');
const said = (text) => (text ? `<span class="said">${words(text)}</span>` : '');
const OR = ' <span class="or">or</span> ';
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];
const PLACES = { path: 'in the path', query: 'query', header: 'header' };
const isHidden = ([name]) => /^Tus-(Resumable|Version)$/.test(name);
const titleOf = (tag) => tag[0].toUpperCase() + tag.slice(1);

// What a number or a text may be, in words.
function range(s) {
    const parts = [];
    if (s.minimum !== undefined)
        parts.push(
            s.maximum !== undefined ? `${s.minimum} to ${s.maximum}` : `at least ${s.minimum}`,
        );
    if (s.maxLength !== undefined) parts.push(`at most ${s.maxLength} characters`);
    if (s.default !== undefined) parts.push(`usually ${s.default}`);
    return parts.join(', ');
}

export function makeDocs(api) {
    function follow(o) {
        if (!o?.$ref) return o;
        const steps = o.$ref.slice(2).split('/');
        return follow(steps.reduce((at, step) => at[step.replaceAll('~1', '/')], api));
    }
    const nameOf = (o) => /^#\/components\/schemas\/(\w+)$/.exec(o?.$ref ?? '')?.[1];

    // -- schemas: a line for what a value may be, and lists for what is in it --
    function kind(s) {
        const name = nameOf(s);
        if (name) return `<a href="#schema-${name}">${name}</a>`;
        if (s.const !== undefined) return `<code>${escape(JSON.stringify(s.const))}</code>`;
        if (s.enum) return s.enum.map((v) => `<code>${escape(v ?? 'null')}</code>`).join(OR);
        const many = s.oneOf ?? s.anyOf;
        if (many) return many.map(kind).join(OR);
        if (s.allOf) return s.allOf.map(kind).join(' and ');
        if ([s.type].flat().includes('array')) return `list of ${kind(s.items)}`;
        return escape([s.type ?? 'any'].flat().join(' or '));
    }
    // With what it is made of; what only a part of it lists stands there alone.
    function whole(s) {
        const parts = (s.allOf ?? []).map(follow).map(whole);
        return {
            properties: Object.assign({}, ...parts.map((p) => p.properties), s.properties),
            required: [...parts.flatMap((p) => p.required), ...(s.required ?? [])],
        };
    }
    // A value: what it may be, and what it is.
    function value(schema, description) {
        const what = `<span class="kind">${kind(schema)}</span>${soft(range(schema))}`;
        return `${what} ${said(description)}`;
    }
    function fields(s) {
        const { properties, required } = whole(s);
        const rows = Object.entries(properties).map(([name, field]) => {
            const optional = soft(required.includes(name) ? '' : 'optional');
            return (
                `<div><dt><code>${escape(name)}</code>${optional}</dt>\n            ` +
                `<dd>${value(field, field.description)}${inner(field)}</dd></div>`
            );
        });
        return rows.length ? `<dl class="fields">${rows.join('')}</dl>` : '';
    }
    // What is written out where it stands, since it has no name.
    function inner(s) {
        if (s.$ref) return '';
        return [s, s.items, ...(s.oneOf ?? []), ...(s.anyOf ?? [])]
            .filter((one) => one && !one.$ref && (one.properties || one.allOf))
            .map(fields)
            .join('');
    }
    function named([name, s]) {
        const plain = `<p class="kind">${kind(s)}</p>${inner(s)}`;
        const text = prose(s.description) + (s.properties || s.allOf ? fields(s) : plain);
        return `<article id="schema-${name}"><h3>${name}</h3>${text}</article>`;
    }
    const codes = (s) =>
        s?.properties?.code?.enum ?? (s?.properties?.code?.const ? [s.properties.code.const] : []);

    // -- operations --
    function parameter(given) {
        const p = follow(given);
        const place = `${PLACES[p.in]}${p.required ? '' : ', optional'}`;
        return (
            `<div><dt><code>${escape(p.name)}</code>${soft(place)}</dt>\n            ` +
            `<dd>${value(p.schema, p.description)}</dd></div>`
        );
    }
    function content(body) {
        return each(Object.entries(body?.content ?? {}), ([type, { schema: s, example }]) => {
            const list = codes(s);
            if (list.length)
                return `<p class="codes">${list.map((c) => `<code>${c}</code>`).join(' ')}</p>`;
            const of = s.type === 'object' || /json/.test(type) ? `: ${kind(s)}` : '';
            const what = `<p class="kind">${escape(type)}${of}</p>${inner(s)}`;
            return what + (example !== undefined ? json(example) : '');
        });
    }
    function header([name, given]) {
        const { schema: s, description } = follow(given);
        return (
            `<div><dt><code>${name}</code></dt>` +
            `<dd><span class="kind">${kind(s)}</span> ${said(description)}</dd></div>`
        );
    }
    function response([status, given]) {
        const r = follow(given);
        const headers = Object.entries(r.headers ?? {}).filter((one) => !isHidden(one));
        const list = headers.length ? `<dl class="fields">${each(headers, header)}</dl>` : '';
        const name = status === 'default' ? 'any' : status;
        return (
            `<li><details${/^2/.test(status) ? ' open' : ''}><summary>` +
            `<b class="status s${status[0]}">${name}</b> ${words(r.description)}</summary>` +
            `\n            ${list}${content(r)}</details></li>`
        );
    }
    function curl(method, path, o, parameters) {
        const [type, body] = Object.entries(follow(o.requestBody)?.content ?? {})[0] ?? [];
        const how = { get: '', head: ' -I' }[method] ?? ` -X ${method.toUpperCase()}`;
        const lines = [`curl${how} "$url${path.replace(/\{(\w+)\}/g, '$$$1')}"`];
        if (o.security.length) lines.push('-H "Authorization: Bearer $token"');
        for (const p of parameters.map(follow))
            if (p.in === 'header' && p.required)
                lines.push(`-H '${p.name}: ${p.schema.const ?? p.example ?? 0}'`);
        if (type === 'application/json') {
            const example = JSON.stringify(body.example ?? {});
            lines.push(`-H 'Content-Type: application/json' -d '${example}'`);
        } else if (type === 'multipart/form-data') lines.push('-F file=@clip.mp4');
        else if (type) lines.push(`-H 'Content-Type: ${type}' --data-binary @clip.mp4`);
        return lines.join(' \\\n    ');
    }
    function needs(o) {
        if (o.security.length === 0) return 'Open to everybody.';
        const link = o.security.some((one) => Object.keys(one).length === 0);
        const [scope] = o.security.find((one) => one.key)?.key ?? [];
        const admin = o.security.some((one) => one.token?.includes('admin'));
        const key = `a key${scope ? ` with the scope <code>${scope}</code>` : ''}`;
        const login = `log-in${admin ? ' of an admin' : ''}`;
        return `${link ? 'A signed link, a' : 'A'} ${login}, or ${key}.`;
    }
    function bodyOf(o) {
        if (!o.requestBody) return '';
        const body = follow(o.requestBody);
        return `<h4>Body${soft(body.required ? '' : 'optional')}</h4>${content(body)}`;
    }
    function operation({ method, path, item, o, hook }) {
        const list = [...(item.parameters ?? []), ...(o.parameters ?? [])];
        const parameters = `<h4>Parameters</h4><dl class="fields">${each(list, parameter)}</dl>`;
        const answers = each(Object.entries(o.responses), response);
        const lines = [
            `<article id="${o.operationId}"><h3><span class="method ${method}">` +
                `${method.toUpperCase()}</span> <code>${escape(path)}</code></h3>`,
            `<p class="summary">${words(o.summary)}</p>${prose(o.description)}`,
            hook ? '' : `<p class="soft">${needs(o)}</p>`,
            list.length ? parameters : '',
            bodyOf(o),
            `<h4>Answers</h4><ul class="answers">${answers}</ul>`,
            (hook ? '' : `<h4>With curl</h4>${json(curl(method, path, o, list))}`) + '</article>',
        ];
        return lines.join('\n            ');
    }
    const operationsOf = (paths, hook) =>
        Object.entries(paths ?? {}).flatMap(([path, item]) =>
            METHODS.filter((m) => item[m]).map((method) => ({
                method,
                path: hook ? `(${path})` : path,
                item,
                o: item[method],
                hook,
            })),
        );
    const all = [...operationsOf(api.paths, false), ...operationsOf(api.webhooks, true)];
    const of = (tag) => all.filter(({ o }) => o.tags.includes(tag));
    const schemas = Object.entries(api.components.schemas);

    // -- the page --
    function entry({ method, o, hook }) {
        const name = hook ? 'TOLD' : method.toUpperCase();
        return (
            `<li><a href="#${o.operationId}"><span class="method ${method}">${name}</span> ` +
            `${escape(o.summary)}</a></li>`
        );
    }
    const contents =
        each(api.tags, ({ name }) => `<h2>${titleOf(name)}</h2><ul>${each(of(name), entry)}</ul>`) +
        '<h2>Schemas</h2>' +
        `<ul>${each(schemas, ([name]) => `<li><a href="#schema-${name}">${name}</a></li>`)}</ul>`;
    const section = ({ name, description }) =>
        `<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${titleOf(name)}</h2>` +
        `${prose(description)}${each(of(name), operation)}</section>`;
    const pair = (name, text) => `<div><dt><code>${name}</code></dt><dd>${text}</dd></div>`;
    const schemes = each(Object.entries(api.components.securitySchemes), ([name, s]) =>
        pair(name, `<code>Authorization: Bearer …</code> ${words(s.description)}`),
    );
    const headers = Object.entries(api['x-answer-headers']).filter(([, h]) => h.description);
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="The HTTP API of Reelgate">
<title>Reelgate: the HTTP API</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/look.css">
<link rel="stylesheet" href="/assets/docs.css">
</head>
<body class="docs">
<a class="skip" href="#content">To the content</a>
<header class="top">${BRAND}<p class="soft"><a href="/openapi.json">openapi.json</a></p></header>
<div class="pages">
<nav aria-label="Operations"><details open><summary>Operations</summary>${contents}</details></nav>
<main id="content" tabindex="-1">
<h1>The HTTP API</h1>
${prose(api.info.description)}
<h2>Who may</h2>
<p>Each operation says which of these it takes.</p>
<dl class="fields">${schemes}</dl>
<h2>In every answer</h2>
<dl class="fields">${each(headers, ([name, h]) => pair(name, words(h.description)))}</dl>
${each(api.tags, section)}
<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>${each(schemas, named)}</section>
</main>
</div>
</body>
</html>
`;
}
