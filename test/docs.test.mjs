// The documents against the program: every block of commands is run, or stands in a table here that says
// why not; links lead somewhere; commands, settings and files that are named exist.
//
// The blocks of a document are one bash session in a folder of its own, in their order. Around it:
// a server where the document speaks to one, a clip, and stand-ins for what would change the machine
// (sudo, systemctl) that do the same to the test's own server. A variable $url or $token that a
// document does not set is that of the walk in README.md.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip, ffmpeg } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { anchors, codes, documents, links, read } from './lib/docs.mjs';
import { freePort, postgres } from './lib/engines.mjs';
import { folder, program, root, run, serve } from './lib/reelgate.mjs';

const docs = documents.map(read);
const OUTPUT = ['text', 'json', 'http', 'ini', 'sql', 'c', 'html', 'yaml'];
const COMMANDS = ['sh', 'js', 'python'];

// Blocks that are not run here: a document, a text that the block has, and why.
const NOT_RUN = [
    ['README.md', 'script/run ', 'installs packages and serves on port 8000 until it is stopped; script/test is what runs this test'],
    ['README.md', 'shared="--database', 'wants machines called db and broker; test/cluster.test.mjs runs servers and workers with these flags'],
    ['doc/api.md', '', 'test/clients.test.mjs runs each, with a worker'],
    ['clients/typescript/README.md', '', 'test/client-package.test.mjs runs each, with a worker'],
    ['doc/deploy.md', 'dpkg-buildpackage', 'installs packages on the machine; what was run by hand stands at the end of the document'],
    ['doc/deploy.md', 'docker-compose', 'wants a container engine; test/compose.test.mjs runs these on one'],
    ['doc/deploy.md', 'script/build && sudo', 'installs below /usr/local and starts a unit; script/test installs into a folder and checks the units'],
    ['doc/deploy.md', "shared='--database", 'wants machines called db and mq; test/gateway.test.mjs runs servers and workers with these flags'],
    ['doc/deploy.md', 'AWS_ACCESS_KEY_ID=', 'wants a bucket; test/s3.test.mjs runs the program against a real S3 server'],
    ['doc/upgrade.md', 'apt-get install', 'installs packages; what they do to a running service was tried by hand, see doc/deploy.md'],
    ['doc/upgrade.md', 'script/build && sudo', 'installs below /usr/local; script/test installs into a folder'],
    ['doc/developer.md', 'meson setup', 'takes minutes; script/test builds so before it runs this'],
    ['doc/migrate.md', '--legacy-files', 'wants the database of the replaced service; test/legacy.test.mjs runs this command on one'],
    ['doc/performance.md', 'bench/', 'takes minutes of a machine that does nothing else'],
    ['doc/scaling.md', 'bench/', 'takes minutes of a machine that does nothing else'],
];

// What stands before a block of JavaScript.
const BEFORE = {
    'doc/events.md': `import { Webhook as Sender } from 'standardwebhooks';
        const secret = 'whsec_' + Buffer.from('a secret of 24 bytes, ok').toString('base64'), bodyAsText = '{"type":"task.processed"}', now = new Date();
        const headers = { 'webhook-id': 'evt_42', 'webhook-timestamp': String(Math.floor(now / 1000)), 'webhook-signature': new Sender(secret).sign('evt_42', now, bodyAsText) };\n`,
};

// -- what is said ------------------------------------------------------------------------------

test('every block says what it is, and none hides as indented text', () => {
    for (const { file, blocks, stray } of docs) {
        assert.deepEqual(stray, [], `${file}: indented blocks at these lines; fence them`);
        for (const { line, language } of blocks)
            assert.ok([...OUTPUT, ...COMMANDS].includes(language), `${file}:${line}: a block needs a language: ${COMMANDS} are commands and run, ${OUTPUT} are shown`);
    }
});

test('every reason not to run a block belongs to one that is there', (t) => {
    for (const [file, has, why] of NOT_RUN) {
        const found = docs.find((d) => d.file === file)?.blocks.filter((b) => COMMANDS.includes(b.language) && b.text.includes(has)) ?? [];
        assert.ok(found.length > 0, `${file} has no block with "${has}" any more`);
        for (const { line } of found) t.diagnostic(`not run: ${file}:${line}: ${why}`);
    }
});

test('links lead to files and headings that are there', () => {
    const byName = new Map(docs.map((d) => [d.file, d]));
    for (const doc of docs)
        for (const { line, text } of links(doc)) {
            if (/^[a-z]+:/.test(text)) continue;
            const [path, anchor] = text.split('#');
            const target = path ? normalize(join(dirname(doc.file), path)) : doc.file;
            assert.ok(existsSync(join(root, target)), `${doc.file}:${line}: ${text} is not there`);
            if (anchor === undefined) continue;
            assert.ok(byName.has(target), `${doc.file}:${line}: ${text} is no document`);
            assert.ok(anchors(byName.get(target)).includes(anchor), `${doc.file}:${line}: ${target} has no heading #${anchor}`);
        }
});

test('the index names every document', () => {
    const index = docs.find((d) => d.file === 'doc/README.md');
    const named = links(index).map(({ text }) => normalize(join('doc', text.split('#')[0])));
    for (const { file } of docs) assert.ok(file === index.file || named.includes(file), `doc/README.md does not name ${file}`);
});

test('the version is the same wherever it stands', async () => {
    const at = (file, pattern) => pattern.exec(readFileSync(join(root, file), 'utf8'))?.[1];
    const version = at('meson.build', /version: '([\d.]+)'/);
    assert.equal((await run(['version'])).stdout, `reelgate ${version}\n`);
    assert.equal(at('api/openapi.yaml', /^ {2}version: (.+)$/m), version);
    assert.equal(at('debian/changelog', /^reelgate \(([^)]+)\)/), version);
    assert.equal(at('clients/typescript/package.json', /^ {2}"version": "(.+)",$/m), version);
    assert.equal(at('CHANGELOG.md', /^## (\d\S+) - \d{4}-\d\d-\d\d$/m), version);
});

test('commands, settings and files that the text names exist', async () => {
    const help = async (...args) => (await run([...args, '--help'])).stdout;
    const commands = new Map();
    for (const [, name] of (await help()).matchAll(/^ {2}([a-z]+) /gm)) commands.set(name, await help(name));
    const settings = [...(await run(['help', '--settings'])).stdout.matchAll(/^`--([a-z0-9-]+)`/gm)].map(([, name]) => name);
    assert.ok(commands.size > 8 && settings.length > 50);
    const known = new Set([...settings, 'help', 'man', 'settings', 'version', 'some-name']);
    const check = (where, text) => {
        const [, command] = /^reelgate ([a-z]+)/.exec(text) ?? [];
        if (command) {
            assert.ok(commands.has(command), `${where}: there is no \`reelgate ${command}\``);
            for (const [, flag] of text.matchAll(/ --([a-z0-9-]+)/g))
                assert.ok(commands.get(command).includes(`--${flag}`) || flag === 'help' || (command === 'help' && known.has(flag)), `${where}: \`reelgate ${command}\` takes no --${flag}`);
        }
        const [, flag] = /^--([a-z0-9-]+)( [^ ]*)?$/.exec(text) ?? [];
        if (flag) assert.ok(known.has(flag), `${where}: there is no setting --${flag}`);
        const [file] = /^(src|test|script|deploy|doc|bench|web|api|clients)\/[\w./-]+$/.exec(text) ?? [];
        if (file && !/^web\/dist|[A-Z]{3}/.test(file)) assert.ok(existsSync(join(root, file)) || existsSync(join(root, 'src', file)), `${where}: there is no ${file}`);
    };
    for (const doc of docs) for (const { line, text } of codes(doc)) check(`${doc.file}:${line}`, text);
});

test('deploy/reelgate.conf.example: every line is a setting, and what it says of defaults is so', async (t) => {
    const dir = folder(t), file = join(dir, 'reelgate.conf');
    const reference = (await run(['help', '--settings'])).stdout;
    const lines = readFileSync(join(root, 'deploy/reelgate.conf.example'), 'utf8').split('\n')
        .map((line) => /^#?([a-z0-9-]+) = (.+)$/.exec(line)).filter(Boolean).map(([, name, value]) => ({ name, value }));
    assert.ok(lines.length > 25);
    for (const { name, value } of lines) {
        writeFileSync(file, `${name} = ${value}\n`);
        const { code, stderr } = await run(['probe', '--config', file, join(dir, 'nothing.mp4')], { env: { REELGATE_LOGO: '' } });
        assert.equal(code, 3, `${name}: it is read, and only the clip is missed: ${stderr}`);
    }
    // Those that say where things are, and those for behind a proxy, are examples.
    for (const { name, value } of lines.filter(({ name: n }) => !/^(data|database|queue|storage|secret-file|trusted-proxies|connections-per-address|accel-redirect|public-url|cors-origins|logo|metrics-listen)$/.test(n)))
        assert.ok(new RegExp(`^\`--${name}\`.*; default \`${value}\`;`, 'm').test(reference), `${name} = ${value} is not the default`);
});

test('defaults that the text tells are those of the program', async () => {
    const presets = new Map([...(await run(['help', '--settings'])).stdout.matchAll(/^`--([a-z0-9-]+)`.*; default `([^`]+)`;/gm)].map(([, name, value]) => [name, value]));
    const said = docs.flatMap(({ file, text }) => [...text.matchAll(/`(?:--)?([a-z-]+)` \((?:default: )?(one|\d+) ?(ms|s|minutes?|hours?|days?)\)/g)].map(([, name, n, unit]) => ({ file, name, value: `${n === 'one' ? 1 : n}${unit === 'ms' ? unit : unit[0]}` })));
    assert.ok(said.length >= 6);
    for (const { file, name, value } of said) assert.equal(value, presets.get(name), `${file}: the default of ${name}`);
});

test('doc/architecture.md and script/layers have the same table of rooms', () => {
    const sorted = (list) => [...new Set(list)].sort();
    const script = readFileSync(join(root, 'script/layers'), 'utf8').split('declare -A below')[0];
    const enforced = new Map([...script.matchAll(/^ {4}\[([a-z]+)\]="([a-z ]*)"/gm)].map(([, room, may]) => [room, sorted(may.split(' ').filter(Boolean))]));
    const told = new Map([...docs.find((d) => d.file === 'doc/architecture.md').text.matchAll(/^\| `([a-z]+)` \| [^|]* \| ([^|]*) \|$/gm)]
        .map(([, room, may]) => [room, sorted(may.startsWith('all but') ? [...enforced.keys()].filter((r) => r !== room && r !== 'core' && !may.includes(`\`${r}\``)) : [...may.matchAll(/`([a-z]+)`/g)].map(([, r]) => r))]));
    assert.ok(enforced.size > 10);
    assert.deepEqual(Object.fromEntries([...told].filter(([room]) => enforced.has(room)).sort()), Object.fromEntries([...enforced].sort()));
});

// -- what must be there before a document's commands, and after them ---

// A service as deploy.md sets it up, below a root of its own, with a user and a reel.
async function service(t, { at, systemctl }) {
    for (const name of ['etc/reelgate', 'var/lib', 'srv/reelgate', 'backup', 'tmp']) mkdirSync(join(at, name), { recursive: true });
    const port = await freePort();
    writeFileSync(join(at, 'etc/reelgate/reelgate.conf'), [`data = ${at}/var/lib/reelgate`, `listen = 127.0.0.1:${port}`, 'workers = 1', 'free-space-floor = 0',
        'password-memory = 8M', 'preset = ultrafast', ''].join('\n'));
    await systemctl('start', 'reelgate');
    const url = `http://127.0.0.1:${port}`;
    const ana = await new Client({ url }).user('ana'), id = await ana.give(await clip(1));
    await ana.processed(id);
    return { url, after: async () => assert.equal((await ana.task(id)).status, 'processed') };
}
// And one of several machines beside it.
async function services(t, place) {
    const { at } = place, alone = await service(t, place);
    const db = await postgres(t);
    const cluster = new Cluster(t, { database: db.url, storage: `file://${at}/srv/reelgate/blobs` });
    const flags = ['--secret-file', join(at, 'srv/reelgate/secret')];
    const [node, worker] = [await cluster.serve(...flags), await cluster.work()];
    const eva = await new Client(node).user('eva'), other = await eva.give(await clip(1));
    await eva.processed(other);
    for (const p of [node, worker]) await p.stop(); /* restoring wants them stopped */
    return {
        before: `database=${db.url} maintenance=${db.url.replace(/reelgate$/, 'postgres')}`,
        async after() {
            await alone.after();
            assert.ok(existsSync(join(at, 'var/lib/reelgate.lost')) && existsSync(join(at, 'backup/reelgate/reelgate.db')));
            const back = new Client(await cluster.serve(...flags), eva.token);
            assert.equal((await back.task(other)).status, 'processed');
        },
    };
}
// A server whose token is an admin's.
async function ruled(t) {
    const server = await serve(t, '--workers', '0');
    const { token } = await new Client(server).user('boss');
    await server.stop();
    assert.equal((await run(['user', 'admin', '--data', server.dir, 'boss'])).code, 0);
    await server.start();
    return { url: server.url, before: `url=${server.url} token=${token}` };
}
const AROUND = {
    'doc/admin.md': ruled,
    'doc/backup.md': services,
    'doc/upgrade.md': service,
    // In the sources; the build is the one that is tested.
    'doc/developer.md': async (t, place) => ({ ...(await service(t, place)), after: undefined, before: `cd '${root}'` }),
};

// -- what is run -------------------------------------------------------------------------------

const wanted = (block) => COMMANDS.includes(block.language) && !NOT_RUN.some(([file, has]) => file === block.file && block.text.includes(has));

// Programs of the session, before those of the machine.
function standIns(dir, at) {
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    const put = (name, text) => {
        writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
        chmodSync(join(bin, name), 0o755);
    };
    // Who is asked for a password types one.
    put('reelgate', `case "$1 $2" in
        'user add' | 'user password') exec '${program}' "$@" <<<'correct horse' ;;
        *) exec '${program}' "$@" ;;
    esac`);
    // An answer that tells of an error is one; a stream that never ends is looked at for a second.
    put('curl', `case " $* " in
        *' -N '*) /usr/bin/curl --fail-with-body --max-time 1 "$@"; code=$?; [ $code = 28 ] && code=0; exit $code ;;
        *) exec /usr/bin/curl --fail-with-body "$@" ;;
    esac`);
    put('sudo', 'while [ "$1" = -u ]; do shift 2; done; exec "$@"');
    put('chown', 'exit 0');
    // systemctl start|stop reelgate: the service of the settings file, as its unit runs it.
    put('systemctl', `case $1 in
        start) setsid '${program}' serve --config '${at}/etc/reelgate/reelgate.conf' >'${dir}/service.log' 2>&1 </dev/null & echo $! >'${dir}/pid'
            for ((i = 0; i < 600; i++)); do grep -q '^listening' '${dir}/service.log' && exit 0; sleep 0.1; done; cat '${dir}/service.log' >&2; exit 1 ;;
        stop) pid=$(cat '${dir}/pid'); kill "$pid"; for ((i = 0; i < 1200; i++)); do grep -qs ') [^Z]' "/proc/$pid/stat" || exit 0; sleep 0.05; done; exit 1 ;;
        *) exit 2 ;;
    esac`);
    return bin;
}

// Runs the blocks of a document as one session; what each printed.
async function session(dir, bin, blocks, { before = '', change, env = {} }) {
    const parts = blocks.map(({ file, line, text }, i) => `echo '${file}:${line}' >'${dir}/at'\n{\n${change(text)}\n} >'${dir}/out.${i}'\n`);
    const { code, stderr } = await run(['-c', `set -euo pipefail\n${before}\n${parts.join('')}`], {
        command: 'bash', cwd: join(dir, 'here'), env: { PATH: `${bin}:${process.env.PATH}`, HOME: dir, ...env },
    });
    assert.equal(code, 0, `${readFileSync(join(dir, 'at'), 'utf8').trim()} ended with ${code}:\n${stderr.slice(-3000)}`);
    return blocks.map((_, i) => readFileSync(join(dir, `out.${i}`), 'utf8'));
}

for (const { file, blocks } of docs) {
    const shell = blocks.filter((b) => b.language === 'sh' && wanted(b)), scripts = blocks.filter((b) => b.language === 'js' && wanted(b));
    if (shell.length + scripts.length === 0) continue;
    test(`${file}: its commands do what it says`, async (t) => {
        const dir = folder(null), here = join(dir, 'here');
        mkdirSync(here);
        copyFileSync(await clip(14), join(here, 'clip.mp4'));
        copyFileSync(await ffmpeg('.png', ['-f', 'lavfi', '-i', 'color=red:size=64x64', '-frames:v', '1']), join(here, 'logo.png'));
        symlinkSync(join(root, 'test/node_modules'), join(here, 'node_modules'));
        // The places of a whole machine are below a root of their own.
        const at = join(dir, 'root'), bin = standIns(dir, at);
        const systemctl = async (...args) => {
            const { code, stderr } = await run(args, { command: join(bin, 'systemctl') });
            assert.equal(code, 0, stderr);
        };
        t.after(async () => {
            if (existsSync(join(dir, 'pid'))) await systemctl('stop', 'reelgate');
            rmSync(dir, { recursive: true, force: true }); // what names the service to be stopped goes with it
        });
        const around = await AROUND[file]?.(t, { at, systemctl });
        let { before = '', url } = around ?? {};
        if (!url && shell.some(({ text }) => /\$\{?url|127\.0\.0\.1:8000/.test(text))) {
            const server = await serve(t, '--workers', '0'); /* a task stays as it was uploaded */
            url = server.url;
            if (!shell.some(({ text }) => text.includes('token=')))
                before = `url=${url} token=${(await new Client(server).user('ana')).token}`;
        }
        const change = (text) => text.replaceAll(/(?<![\w.~])\/(?=(etc\/reelgate|var\/lib|srv|backup|tmp)\b)/g, `${at}/`).replaceAll('http://127.0.0.1:8000', url)
            .replaceAll(/\bbuild-asan\b/g, relative(root, dirname(program)));
        const printed = await session(dir, bin, shell, { before, change, env: { REELGATE_PASSWORD_MEMORY: '8M', REELGATE_PRESET: 'ultrafast' } });
        await around?.after?.();
        // "# {...}" below a command is what it prints, but for "...".
        shell.forEach(({ line, text }, i) => {
            for (const [, said] of text.matchAll(/^# (\{.*\})/gm)) {
                const pattern = said.split('...').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
                assert.match(printed[i], new RegExp(pattern), `${file}:${line}: it does not print ${said}`);
            }
        });
        for (const [i, { line, text }] of scripts.entries()) {
            writeFileSync(join(here, `${i}.mjs`), (BEFORE[file] ?? '') + text);
            const { code, stderr } = await run([`${i}.mjs`], { command: process.execPath, cwd: here });
            assert.equal(code, 0, `${file}:${line}: ${stderr}`);
        }
    });
}
