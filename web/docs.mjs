// GET /docs: the description of the API as one page to read, made when the program is built. It needs no
// script, so that it works under the strictest content policy and without any network.
const escape = (text) =>
    String(text).replace(
        /[&<>"]/g,
        (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c],
    );

// The little of Markdown that descriptions use: paragraphs, lists, `code`, **bold**, [links](to).
function words(text) {
    return escape(text)
        .replace(/`([^`]+)`/g, '<code>$1</code>')
        .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
        .replace(/\[([^\]]+)\]\((https?:[^)\s]+)\)/g, '<a href="$2" rel="noreferrer">$1</a>');
}
function prose(text) {
    if (!text) return '';
    return text
        .trim()
        .split(/\n\s*\n/)
        .map((block) => {
            if (!block.startsWith('- ')) return `<p>${words(block)}</p>`;
            return `<ul class="points">${block
                .slice(2)
                .split(/\n- /)
                .map((item) => `<li>${words(item)}</li>`)
                .join('')}</ul>`;
        })
        .join('');
}
const json = (value) =>
    `<pre tabindex="0"><code>${escape(typeof value === 'string' ? value.trimEnd() : JSON.stringify(value, null, 2))}</code></pre>`;

export function makeDocs(api) {
    const follow = (o) =>
        o?.$ref
            ? follow(
                  o.$ref
                      .slice(2)
                      .split('/')
                      .reduce((at, step) => at[step.replaceAll('~1', '/')], api),
              )
            : o;
    const nameOf = (o) => /^#\/components\/schemas\/(\w+)$/.exec(o?.$ref ?? '')?.[1];

    // -- schemas: a line for what a value may be, and lists for what is in it --
    function kind(s) {
        const name = nameOf(s);
        if (name) return `<a href="#schema-${name}">${name}</a>`;
        if (s.const !== undefined) return `<code>${escape(JSON.stringify(s.const))}</code>`;
        if (s.enum)
            return s.enum
                .map((v) => `<code>${escape(v === null ? 'null' : v)}</code>`)
                .join(' <span class="or">or</span> ');
        const many = s.oneOf ?? s.anyOf;
        if (many) return many.map(kind).join(' <span class="or">or</span> ');
        if (s.allOf) return s.allOf.map(kind).join(' and ');
        if (s.type === 'array' || (Array.isArray(s.type) && s.type.includes('array')))
            return `list of ${kind(s.items)}`;
        return escape([s.type ?? 'any'].flat().join(' or '));
    }
    const range = (s) =>
        [
            s.minimum !== undefined && s.maximum !== undefined
                ? `${s.minimum} to ${s.maximum}`
                : s.minimum !== undefined
                  ? `at least ${s.minimum}`
                  : '',
            s.maxLength !== undefined ? `at most ${s.maxLength} characters` : '',
            s.default !== undefined ? `usually ${s.default}` : '',
        ]
            .filter(Boolean)
            .join(', ');
    // With what it is made of; what only a part of it lists stands there alone.
    function whole(s) {
        const parts = (s.allOf ?? []).map(follow).map(whole);
        return {
            properties: Object.assign({}, ...parts.map((p) => p.properties), s.properties),
            required: [...parts.flatMap((p) => p.required), ...(s.required ?? [])],
        };
    }
    const said = (description) =>
        description ? `<span class="said">${words(description)}</span>` : '';
    function fields(s) {
        const { properties, required } = whole(s),
            all = Object.entries(properties);
        if (all.length === 0) return '';
        return `<dl class="fields">${all
            .map(
                ([
                    name,
                    field,
                ]) => `<div><dt><code>${escape(name)}</code>${required.includes(name) ? '' : ' <span class="soft">optional</span>'}</dt>
            <dd><span class="kind">${kind(field)}</span>${range(field) ? ` <span class="soft">${range(field)}</span>` : ''} ${said(field.description)}${inner(field)}</dd></div>`,
            )
            .join('')}</dl>`;
    }
    // What is written out where it stands, since it has no name.
    function inner(s) {
        if (s.$ref) return '';
        return [s, s.items, ...(s.oneOf ?? []), ...(s.anyOf ?? [])]
            .filter((one) => one && !one.$ref && (one.properties || one.allOf))
            .map(fields)
            .join('');
    }
    const codes = (s) =>
        s?.properties?.code?.enum ?? (s?.properties?.code?.const ? [s.properties.code.const] : []);

    // -- operations --
    function parameter(p) {
        p = follow(p);
        return `<div><dt><code>${escape(p.name)}</code> <span class="soft">${p.in === 'path' ? 'in the path' : p.in === 'query' ? 'query' : 'header'}${p.required ? '' : ', optional'}</span></dt>
            <dd><span class="kind">${kind(p.schema)}</span>${range(p.schema) ? ` <span class="soft">${range(p.schema)}</span>` : ''} ${said(p.description)}</dd></div>`;
    }
    function content(body) {
        return Object.entries(body?.content ?? {})
            .map(([type, { schema, example }]) => {
                const list = codes(schema);
                const what = list.length
                    ? `<p class="codes">${list.map((c) => `<code>${c}</code>`).join(' ')}</p>`
                    : `<p class="kind">${escape(type)}${schema.type === 'object' || /json/.test(type) ? `: ${kind(schema)}` : ''}</p>${inner(schema)}`;
                return what + (example !== undefined && !list.length ? json(example) : '');
            })
            .join('');
    }
    function response([status, r]) {
        r = follow(r);
        const headers = Object.entries(r.headers ?? {}).filter(
            ([name]) => !/^Tus-(Resumable|Version)$/.test(name),
        );
        return `<li><details${/^2/.test(status) ? ' open' : ''}><summary><b class="status s${status[0]}">${status === 'default' ? 'any' : status}</b> ${words(r.description)}</summary>
            ${headers.length ? `<dl class="fields">${headers.map(([name, h]) => `<div><dt><code>${name}</code></dt><dd><span class="kind">${kind(follow(h).schema)}</span> ${said(follow(h).description)}</dd></div>`).join('')}</dl>` : ''}${content(r)}</details></li>`;
    }
    function curl(method, path, o, parameters) {
        const body = Object.entries(follow(o.requestBody)?.content ?? {})[0];
        const lines = [
            `curl${method === 'get' ? '' : method === 'head' ? ' -I' : ` -X ${method.toUpperCase()}`} "$url${path.replace(/\{(\w+)\}/g, '$$$1')}"`,
        ];
        if (o.security.length) lines.push('-H "Authorization: Bearer $token"');
        for (const p of parameters.map(follow))
            if (p.in === 'header' && p.required)
                lines.push(`-H '${p.name}: ${p.schema.const ?? p.example ?? 0}'`);
        if (body?.[0] === 'application/json')
            lines.push(
                `-H 'Content-Type: application/json' -d '${JSON.stringify(body[1].example ?? {})}'`,
            );
        else if (body?.[0] === 'multipart/form-data') lines.push('-F file=@clip.mp4');
        else if (body) lines.push(`-H 'Content-Type: ${body[0]}' --data-binary @clip.mp4`);
        return lines.join(' \\\n    ');
    }
    function needs(o) {
        if (o.security.length === 0) return 'Open to everybody.';
        const link = o.security.some((one) => Object.keys(one).length === 0)
                ? 'A signed link, '
                : '',
            key = o.security.find((one) => one.key)?.key ?? [];
        const admin = o.security.some((one) => one.token?.includes('admin'));
        return `${link ? `${link}a` : 'A'} log-in${admin ? ' of an admin' : ''}, or a key${key.length ? ` with the scope <code>${key[0]}</code>` : ''}.`;
    }
    function operation({ method, path, item, o, hook }) {
        const parameters = [...(item.parameters ?? []), ...(o.parameters ?? [])];
        return `<article id="${o.operationId}"><h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${escape(path)}</code></h3>
            <p class="summary">${words(o.summary)}</p>${prose(o.description)}
            ${hook ? '' : `<p class="soft">${needs(o)}</p>`}
            ${parameters.length ? `<h4>Parameters</h4><dl class="fields">${parameters.map(parameter).join('')}</dl>` : ''}
            ${o.requestBody ? `<h4>Body${follow(o.requestBody).required ? '' : ' <span class="soft">optional</span>'}</h4>${content(follow(o.requestBody))}` : ''}
            <h4>Answers</h4><ul class="answers">${Object.entries(o.responses).map(response).join('')}</ul>
            ${hook ? '' : `<h4>With curl</h4>${json(curl(method, path, o, parameters))}`}</article>`;
    }
    const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];
    const list = (paths, hook) =>
        Object.entries(paths ?? {}).flatMap(([path, item]) =>
            METHODS.filter((m) => item[m]).map((method) => ({
                method,
                path: hook ? `(${path})` : path,
                item,
                o: item[method],
                hook,
            })),
        );
    const all = [...list(api.paths, false), ...list(api.webhooks, true)];
    const of = (tag) => all.filter(({ o }) => o.tags.includes(tag));
    const title = (tag) => tag[0].toUpperCase() + tag.slice(1);
    const schemas = Object.entries(api.components.schemas);
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
<header class="top"><p class="brand"><a href="/"><img src="/favicon.svg" alt="" width="30" height="30"> Reelgate</a></p><p class="soft"><a href="/openapi.json">openapi.json</a></p></header>
<div class="pages">
<nav aria-label="Operations"><details open><summary>Operations</summary>${api.tags
        .map(
            ({ name }) =>
                `<h2>${title(name)}</h2><ul>${of(name)
                    .map(
                        ({ method, path, o, hook }) =>
                            `<li><a href="#${o.operationId}"><span class="method ${method}">${hook ? 'TOLD' : method.toUpperCase()}</span> ${escape(o.summary)}</a></li>`,
                    )
                    .join('')}</ul>`,
        )
        .join(
            '',
        )}<h2>Schemas</h2><ul>${schemas.map(([name]) => `<li><a href="#schema-${name}">${name}</a></li>`).join('')}</ul></details></nav>
<main id="content" tabindex="-1">
<h1>The HTTP API</h1>
${prose(api.info.description)}
<h2>Who may</h2>
<p>Each operation says which of these it takes.</p>
<dl class="fields">${Object.entries(api.components.securitySchemes)
        .map(
            ([name, s]) =>
                `<div><dt><code>${name}</code></dt><dd><code>Authorization: Bearer …</code> ${words(s.description)}</dd></div>`,
        )
        .join('')}</dl>
<h2>In every answer</h2>
<dl class="fields">${Object.entries(api['x-answer-headers'])
        .filter(([, h]) => h.description)
        .map(
            ([name, h]) =>
                `<div><dt><code>${name}</code></dt><dd>${words(h.description)}</dd></div>`,
        )
        .join('')}</dl>
${api.tags.map(({ name, description }) => `<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${title(name)}</h2>${prose(description)}${of(name).map(operation).join('')}</section>`).join('')}
<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>${schemas.map(([name, s]) => `<article id="schema-${name}"><h3>${name}</h3>${prose(s.description)}${s.properties || s.allOf ? fields(s) : `<p class="kind">${kind(s)}</p>${inner(s)}`}</article>`).join('')}</section>
</main>
</div>
</body>
</html>
`;
}
