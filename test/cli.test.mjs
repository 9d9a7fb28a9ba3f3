// The commands, as people and scripts use them: what they print, where, and how they end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { assertReel, bytes, clip, ffmpeg } from './lib/clips.mjs';
import { Program, descendants, folder, program, run, serve, until } from './lib/reelgate.mjs';

test('render writes a reel and says so on one line', async (t) => {
    const dir = folder(t), out = join(dir, 'reel.mp4');
    const { code, stdout, stderr } = await run(['render', '--preset', 'ultrafast', await clip(3), out]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /reel\.mp4: 320x180, 7\.0\d s, .* MB, (copy|encode) path, in /);
    await assertReel(out, 3, { copied: true });
    assert.deepEqual(readdirSync(dir), ['reel.mp4']);
});

test('progress is plain lines where there is no terminal, and only grows', async (t) => {
    const { stderr } = await run(['render', '--preset', 'ultrafast', await clip(6), join(folder(t), 'reel.mp4')]);
    const steps = [...stderr.matchAll(/^rendering: (\d+) %$/gm)].map((m) => Number(m[1]));
    assert.ok(steps.length >= 3 && steps.every((v, i) => v % 10 === 0 && (i === 0 || v > steps[i - 1])), stderr);
    assert.ok(!stderr.includes('\r') && !stderr.includes('\x1b'));
});

test('progress is a bar on a terminal', async (t) => {
    const line = `'${program}' render --preset ultrafast '${await clip(6)}' '${join(folder(t), 'reel.mp4')}'`;
    const { code, stdout } = await run(['-q', '-e', '-c', line, '/dev/null'], { command: 'script' });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /\r\[[#.]{30}\] +\d+ %/);
    assert.ok(!stdout.includes('rendering:'));
});

test('render --json ends with one object that has path, reason, wall_ms, in and out', async (t) => {
    const { code, stdout } = await run(['render', '--json', '--preset', 'ultrafast', '--fit', 'crop', await clip(1, { size: '320x240' }), join(folder(t), 'reel.mp4')]);
    assert.equal(code, 0);
    const report = JSON.parse(stdout.trim().split('\n').pop());
    assert.equal(report.path, 'encode');
    assert.ok(report.reason.length > 10 && report.wall_ms > 0);
    assert.deepEqual([report.in.width, report.in.height, report.in.video.codec], [320, 240, 'h264']);
    assert.deepEqual([report.out.width, report.out.height, report.out.audio.codec, report.out.faststart], [320, 180, 'aac', true]);
});

test('probe says what a clip is, for people and for programs', async () => {
    const file = await clip(2);
    const people = await run(['probe', file]);
    assert.equal(people.code, 0, people.stderr);
    assert.match(people.stdout, /h264.*320x180/);
    const { in: facts, path, reason } = JSON.parse((await run(['probe', '--json', file])).stdout);
    assert.deepEqual([facts.width, facts.height, facts.audio.hz, path], [320, 180, 48000, 'copy']);
    assert.ok(Math.abs(facts.duration - 2) < 0.05 && reason.length > 10);
});

test('probe of a folder says each file, and the share of each path and of each reason', async (t) => {
    const dir = folder(t), inner = join(dir, 'inner');
    mkdirSync(inner);
    copyFileSync(await clip(1), join(dir, 'a.mp4'));
    for (const path of [join(dir, 'b.mp4'), join(inner, 'd.mp4')]) copyFileSync(await clip(1, { size: '320x240' }), path);
    writeFileSync(join(dir, 'c.txt'), 'no clip');
    writeFileSync(join(dir, '.hidden'), 'no clip');
    symlinkSync(dir, join(inner, 'round'));
    const people = await run(['probe', `${dir}/`]);
    assert.equal(people.code, 0, people.stderr);
    const lines = people.stdout.split('\n');
    assert.deepEqual(lines.slice(0, 4).map((line) => line.replace(/: .*/, '')), ['copy     a.mp4', 'encode   b.mp4', 'refused  c.txt', 'encode   inner/d.mp4']);
    assert.deepEqual(lines.slice(4).map((line) => line.trim().split(/ {2,}/)).filter(([share]) => /%/.test(share)).map(([share, files]) => [share, files]),
        [['25.0 %', '1'], ['25.0 %', '1'], ['50.0 %', '2'], ['50.0 %', '2'], ['25.0 %', '1'], ['25.0 %', '1']]);

    const objects = (await run(['probe', '--json', dir])).stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(objects.slice(0, 4).map(({ file, path, code }) => [file, path, code]), [['a.mp4', 'copy', undefined], ['b.mp4', 'encode', undefined], ['c.txt', 'refused', 'not_a_video'], ['inner/d.mp4', 'encode', undefined]]);
    const { summary } = objects[4];
    assert.deepEqual([summary.files, summary.paths.encode, summary.paths.failed], [4, { files: 2, share: 0.5 }, { files: 0, share: 0 }]);
    assert.deepEqual(summary.reasons.map(({ path, files }) => [path, files]), [['copy', 1], ['encode', 2], ['refused', 1]]);
    assert.ok(objects[1].reason.startsWith(summary.reasons[1].reason));

    const empty = folder(t);
    assert.deepEqual([(await run(['probe', empty])).code, (await run(['probe', join(empty, 'none')])).code], [3, 3]);
});

const usages = [
    ['no command', []],
    ['an unknown command', ['polish']],
    ['an unknown flag', ['render', '--polish', 'a', 'b']],
    ['too few arguments', ['render', 'a']],
    ['too many arguments', ['probe', 'a', 'b']],
    ['a fit that there is not', ['render', '--fit', 'magic', 'a', 'b']],
    ['a start that is no number', ['render', '--start', 'soon', 'a', 'b']],
    ['a flag without its value', ['serve', '--listen']],
    ['an unknown sub-command', ['task', 'polish']],
];
for (const [name, args] of usages)
    test(`wrong usage ends with 2: ${name}`, async () => {
        const { code, stdout, stderr } = await run(args);
        assert.equal(code, 2, stderr);
        assert.ok((stderr + stdout).trim().length > 10, 'and says what is wrong');
    });

// flag, value, and what is said of it
const values = [
    ['fit', 'magic', /fit: "magic" is none of pad, blur, crop, stretch/], ['preset', 'lazy', /preset: "lazy" is none of ultrafast, .*, veryslow/],
    ['start', 'soon', /start: "soon" is not a number of seconds from 0 to 86400/], ['crf', '99', /crf: "99" is not between 0 and 51/],
    ['log-level', 'loud', /log-level: "loud" is none of error, warn, info, debug/], ['fit', 'x'.repeat(17), /fit: "x+" is not a text of between 1 and 16 bytes/],
    ['longest', '1s', /longest: no time is left between two bumpers/],
];
test('a value that a setting cannot have is named, with those that it can', async () => {
    for (const [flag, value, said] of values) assert.match((await run(['render', `--${flag}`, value, 'a', 'b'])).stderr, said);
    assert.match((await run(['serve', '--hook-private=maybe'])).stderr, /hook-private: "maybe" is neither yes nor no/);
});

test('a fault of the input ends with 3 and names the file and the fault', async (t) => {
    const dir = folder(t), file = await bytes('.mp4', 'only text\n'.repeat(99)), out = join(dir, 'out.mp4');
    const { code, stderr } = await run(['render', file, out]);
    assert.equal(code, 3);
    assert.ok(stderr.includes(file) && stderr.includes('not_a_video'), stderr);
    assert.equal((await run(['probe', join(dir, 'nothing.mp4')])).code, 3);
    assert.ok(!existsSync(out));
});

test('a reel that is there is kept when a new one fails', async (t) => {
    const out = join(folder(t), 'out.mp4');
    writeFileSync(out, 'precious');
    assert.equal((await run(['render', await bytes('.mp4', 'only text\n'.repeat(99)), out])).code, 3);
    assert.equal((await run(['-c', `cat '${out}'`], { command: 'sh' })).stdout, 'precious');
});

test('a folder that is not there ends with 1', async (t) => {
    const { code, stderr } = await run(['render', await clip(1), join(folder(t), 'no/such/out.mp4')]);
    assert.equal(code, 1, stderr);
});

test('Ctrl-C ends a render within a second and leaves nothing', async (t) => {
    const dir = folder(t);
    const long = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '16', '-i', 'testsrc2=s=1920x1080:r=30', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35']);
    let asked = 0, children = [];
    const { code, signal, stderr } = await run(['render', '--preset', 'slow', long, join(dir, 'reel.mp4')], {
        onStart: async (child) => {
            let seen = '';
            child.stderr.on('data', (text) => (seen += text));
            await until('work has begun', () => /rendering: \d/.test(seen) || child.exitCode !== null);
            children = descendants(child.pid);
            asked = Date.now();
            child.kill('SIGINT');
        },
    });
    assert.ok(Date.now() - asked < 3000, `${Date.now() - asked} ms`);
    assert.ok(code === 1 || signal === 'SIGINT', `${code} ${signal} ${stderr}`);
    assert.ok(children.length >= 1);
    await until('its children have ended', () => !children.some((pid) => existsSync(`/proc/${pid}`)), 3000);
    assert.deepEqual(readdirSync(dir), []);
});

test('version, help, the man page and the completion', async () => {
    const version = await run(['version']);
    assert.match(version.stdout, /^reelgate \d+\.\d+\.\d+/);
    assert.deepEqual((await run(['--version'])).stdout, version.stdout);
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    for (const name of ['serve', 'render', 'probe', 'migrate', 'user', 'task', 'doctor', 'version']) {
        assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
        const one = await run([name, '--help']);
        assert.deepEqual([one.code, one.stderr], [0, ''], name);
        assert.match(one.stdout, new RegExp(`usage: reelgate ${name}`));
    }
    assert.match((await run(['serve', '--help'])).stdout, /--max-upload/);
    const man = await run(['help', '--man']);
    assert.ok(man.stdout.startsWith('.TH') || man.stdout.includes('\n.TH'), man.stdout.slice(0, 80));
    const check = await run(['-c', `eval "$('${program}' completion bash)"; COMP_WORDS=(reelgate pr); COMP_CWORD=1; _reelgate; echo "\${COMPREPLY[*]}"`], { command: 'bash' });
    assert.equal(check.stdout.trim(), 'probe');
});

test('a variable stands in for a flag, a flag beats it, and a file is beaten by both', async (t) => {
    const dir = folder(t), file = join(dir, 'conf'), source = await clip(1, { size: '320x240' });
    const width = async (args, env) => JSON.parse((await run(['probe', '--json', ...args, source], { env })).stdout).reason;
    writeFileSync(file, 'fit = stretch\n');
    const [pad, crop, stretch] = [await width([], {}), await width(['--fit', 'crop'], {}), await width(['--fit', 'stretch'], {})];
    assert.ok(new Set([pad, crop, stretch]).size === 3, `${pad} | ${crop} | ${stretch}`);
    assert.equal(await width([], { REELGATE_FIT: 'crop' }), crop);
    assert.equal(await width(['--config', file], {}), stretch);
    assert.equal(await width(['--config', file], { REELGATE_FIT: 'crop' }), crop);
    assert.equal(await width(['--config', file, '--fit', 'pad'], { REELGATE_FIT: 'crop' }), pad);
});

test('user and task make no service where there is none, but for the first user', async (t) => {
    const at = join(folder(t), 'data');
    for (const args of [['user', 'list'], ['user', 'admin', 'ana'], ['user', 'show', 'ana'], ['task', 'list'], ['task', 'retry', 'failed']]) {
        const { code, stdout, stderr } = await run([...args, '--data', at]);
        assert.deepEqual([code, stdout], [1, ''], args.join(' '));
        assert.match(stderr, /reelgate\.db: No such file or directory; --data or --config names the service/);
    }
    assert.equal(existsSync(at), false, 'nothing was made');
    assert.equal((await run(['user', 'add', 'ana', 'ana@example.org', '--data', at], { input: 'the first admin\n' })).code, 0);
    assert.match((await run(['user', 'list', '--data', at])).stdout, / ana /);
});

test('user and task are carried out by the server that has the database open', async (t) => {
    const server = await serve(t), socket = join(server.dir, 'reelgate.db.control');
    const operate = (command, sub, args = [], more) => run([command, sub, '--data', server.dir, ...args], more);
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const added = await operate('user', 'add', ['ana', 'ana@example.org'], { input: 'the first admin\n' });
    assert.deepEqual([added.code, added.stderr], [0, '']);
    assert.match(added.stdout, /^ +1 {2}ana +ana@example\.org /);
    assert.match((await operate('user', 'admin', ['ana'])).stdout, /admin\n$/);
    const ana = await new Client(server).login('ana', 'the first admin');
    assert.deepEqual([(await ana.get('/api/me')).json.role, (await ana.get('/api/admin/overview')).status], ['admin', 200]);

    assert.equal((await operate('user', 'password', ['ana'], { input: 'a forgotten one\n' })).code, 0);
    assert.equal((await new Client(server).post('/api/auth/login', { username: 'ana', password: 'the first admin' })).status, 401);
    await new Client(server).login('ana', 'a forgotten one');
    assert.equal(JSON.parse((await operate('user', 'quota', ['--json', 'ana', '1k'])).stdout).bytes_limit, 1024);
    assert.equal((await ana.upload(await clip(1))).json.code, 'quota_exceeded');
    assert.equal((await operate('user', 'quota', ['ana', '0'])).code, 0);

    const id = await ana.give(await clip(1));
    await ana.processed(id);
    assert.match((await operate('task', 'show', [String(id)])).stdout, /processed[^]* reel \S+, /);
    assert.deepEqual(JSON.parse((await operate('task', 'list', ['--json', 'processed'])).stdout).map((task) => task.id), [id]);
    const retry = await operate('task', 'retry', ['--json', String(id)]);
    assert.deepEqual([retry.code, JSON.parse(retry.stdout.split('\n')[0]).error.code], [1, 'retry_state']);
    assert.match(retry.stderr, /^reelgate task: task \d+: Only a failed task can be retried/);
    assert.equal((await operate('task', 'delete', [String(id)])).code, 0);
    await until('the bytes of the deleted task are gone', () => server.blobs().length === 0);

    for (const [command, sub, args, code, says, more] of [
        ['user', 'show', ['nobody'], 1, /nobody/],
        ['user', 'quota', ['ana', 'much'], 3, /a limit is a number/],
        ['user', 'add', ['eva', 'eva@example.org'], 3, /at least 8 characters/, { input: 'short\n' }],
        ['user', 'add', ['eva', 'eva@example.org'], 3, /one line is expected/],
        ['task', 'list', ['lost'], 2, /"lost" is none of/],
        ['task', 'show', ['x'], 2, /"x" is not a task's number/],
        ['user', 'show', [], 2, /it needs NAME/],
    ]) {
        const answer = await operate(command, sub, args, more);
        assert.equal(answer.code, code, `${sub} ${args}: ${answer.stderr}`);
        assert.match(answer.stderr, says);
    }
    assert.ok(server.logLines(/operator's command.*command=user.*sub=password.*uid=\d/).length > 0, server.log());
    assert.ok(!/first admin|forgotten/.test(server.log()), 'no password is logged');

    await server.kill();
    assert.ok(existsSync(socket), 'it was killed');
    assert.match((await operate('user', 'show', ['ana'])).stdout, /admin/, 'by itself, past the socket that was left');
    await server.start();
    assert.match((await operate('user', 'show', ['ana'])).stdout, /admin/);
    await server.stop();
    assert.ok(!existsSync(socket));
});

test('a server that other machines reach says once what the internet asks for besides', async (t) => {
    const start = async (listen, ...flags) => {
        const dir = folder(t), one = new Program(['serve', '--listen', listen, '--data', dir, '--workers', '0', '--free-space-floor', '0', ...flags]);
        t.after(() => one.stop('SIGKILL'));
        await one.launch(/^listening on /m);
        await one.stop();
        return one.logLines(/other machines reach this server/);
    };
    assert.deepEqual(await start('127.0.0.1:0'), []);
    const [bare, ...more] = await start('0.0.0.0:0');
    assert.deepEqual(more, []);
    assert.match(bare, /TLS, by a proxy in front[^]*public-url[^]*may sign up[^]*doc\/deploy\.md/);
    const [behind] = await start('0.0.0.0:0', '--trusted-proxies', '127.0.0.1', '--public-url', 'https://reels.example.org');
    assert.ok(!/TLS|public-url/.test(behind) && /may sign up/.test(behind), behind);
});

test('long lists come whole from a server, and who stops reading them holds nobody up', async (t) => {
    const server = await serve(t), names = Array.from({ length: 1200 }, (_, i) => `user${i + 1}`);
    await server.stop();
    const rows = names.map((name) => `('${name}','${name}@example.org','x',0)`).join(',');
    const made = await run([join(server.dir, 'reelgate.db'), `INSERT INTO users(username,email,password_hash,created_ms) VALUES ${rows}`],
        { command: 'sqlite3' });
    assert.equal(made.code, 0, made.stderr);
    const list = async () => JSON.parse((await run(['user', 'list', '--json', '--data', server.dir])).stdout).map((user) => user.username);
    assert.deepEqual(await list(), names);
    await server.start();
    assert.deepEqual(await list(), names);

    const idle = connect(join(server.dir, 'reelgate.db.control'));
    await once(idle, 'connect');
    idle.write(JSON.stringify({ command: 'user', sub: 'list', args: [], json: true })); // and never ends its half
    assert.equal((await (await new Client(server).user('eva')).get('/api/me')).json.username, 'eva');
    idle.destroy();
    const strange = [['{}', /not a question/], ['x', /not a question/], ['{"command":"serve","sub":"","args":[],"json":false}', /no command of a server/],
        ['{"command":"user","sub":"show","args":[7],"json":false}', /an argument is no text/],
        ['{"command":"user","sub":"add","args":["a","b"],"json":false}', /^$/]];
    for (const [text, says] of strange) {
        const asks = connect({ path: join(server.dir, 'reelgate.db.control'), allowHalfOpen: true });
        const pieces = [];
        asks.on('data', (piece) => pieces.push(piece));
        asks.end(text);
        await once(asks, 'end');
        const all = Buffer.concat(pieces), spoken = all.subarray(0, -6);
        assert.deepEqual([...all.subarray(-6)], [0x78, 0, 0, 0, 1, 2], `${text}: ${all}`);
        assert.match(spoken.subarray(5).toString(), says, text);
    }
    const long = connect({ path: join(server.dir, 'reelgate.db.control'), allowHalfOpen: true });
    long.on('error', () => {}); // what it goes on to send is not read
    let told = '';
    long.on('data', (piece) => (told += piece));
    long.write('x'.repeat(300 << 10));
    await until('it is told', () => told.includes('the question is too long'));
    long.destroy();

    // no descriptor is left: who asks waits, and the server does not go round meanwhile
    const limits = (numbers) => execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${numbers}`]);
    const before = /Max open files\s+(\d+)\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/limits`, 'utf8'));
    limits(`3:${before[2]}`);
    const waits = list();
    await until('it is told', () => server.logLines(/has to wait/).length > 0);
    limits(`${before[1]}:${before[2]}`);
    assert.deepEqual(await waits, [...names, 'eva']);
    assert.ok(server.logLines(/has to wait/).length < 10, 'once a second at most');

    const stays = connect(join(server.dir, 'reelgate.db.control'));
    await once(stays, 'connect');
    assert.equal((await server.stop()).code, 0, 'and none that asks nothing holds it up');
    stays.destroy();
});

test('only the user of the server and root may have it run commands', async (t) => {
    const server = await serve(t), nobody = 65534;
    chmodSync(server.dir, 0o755);
    const other = (command) => run(['--reuid', String(nobody), '--clear-groups', ...command], { command: 'setpriv' });
    const asked = await other([program, 'user', 'list', '--data', server.dir]);
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /has \S+reelgate\.db open; run this as its user or as root/);
    chmodSync(join(server.dir, 'reelgate.db.control'), 0o666);
    const forced = await other([program, 'user', 'list', '--data', server.dir]);
    assert.deepEqual([forced.code, forced.stdout], [1, '']);
    assert.match(forced.stderr, /the server went away|Connection reset|Broken pipe/);
});

test('user and task work on the database while no server has it', async (t) => {
    const server = await serve(t);
    const ana = await new Client(server).user('ana');
    const id = await ana.give(await clip(1));
    await ana.processed(id);
    await server.stop();
    const tasks = JSON.parse((await run(['task', 'list', '--json', '--data', server.dir])).stdout);
    assert.deepEqual(tasks.map((task) => [task.id, task.status]), [[id, 'processed']]);
    assert.match((await run(['task', 'show', '--data', server.dir, String(id)])).stdout, /processed/);
    const users = JSON.parse((await run(['user', 'list', '--json', '--data', server.dir])).stdout);
    assert.deepEqual(users.map((user) => user.username), ['ana']);
    const added = await run(['user', 'add', '--data', server.dir, 'eva', 'eva@example.org'], { input: 'a long secret\n' });
    assert.equal(added.code, 0, added.stderr);
    assert.equal((await run(['task', 'delete', '--data', server.dir, String(id)])).code, 0);
    await server.start();
    const eva = await new Client(server).login('eva', 'a long secret');
    assert.deepEqual((await eva.get('/api/tasks')).json, { data: [], next: null });
    await until('the bytes of the deleted task are gone', () => server.blobs().length === 0);
});

test('asks 2: tasks that failed get a fresh start, all at once, as often as it takes', async (t) => {
    // Grain that no reel of 1 MB can hold.
    const grain = await ffmpeg('.mp4', ['-f', 'lavfi', '-t', '2', '-i', 'testsrc2=s=960x720:r=30,noise=alls=80:allf=t',
        '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '30', '-pix_fmt', 'yuv420p']);
    const server = await serve(t, '--child-file', '1M');
    let ana = await new Client(server).user('ana');
    const good = await ana.give(await clip(0.2)), bad = [await ana.give(grain), await ana.give(grain)];
    await ana.processed(good);
    const retry = async (...which) => {
        await server.stop();
        const { code, stderr } = await run(['task', 'retry', '--data', server.dir, ...which]);
        assert.equal(code, 0, stderr);
    };
    for (let round = 0; round < 2; round++) {
        for (const id of bad) assert.equal((await ana.failed(id)).error.code, 'size_limit');
        await retry('failed');
        if (round === 0) await server.start();
        else await server.start(['--child-file', '1G']);
        ana = await new Client(server).login('ana');
    }
    for (const id of bad) assert.equal((await ana.processed(id)).error, null);
    assert.equal((await ana.task(good)).status, 'processed', 'what did not fail is left alone');
    await retry('failed'); /* nothing to do is no fault */
});

test('a password in a URL that cannot be read is not shown', async (t) => {
    for (const url of ['postgres://reelgate:geheim@db/x', 'postgresql:reelgate:geheim@db/x', 'postgresql://reelgate:geheim@[db/x']) {
        const { code, stdout, stderr } = await run(['doctor', '--data', folder(t), '--database', url]);
        assert.notEqual(code, 0);
        assert.ok(!`${stdout}${stderr}`.includes('geheim'), stdout + stderr);
    }
});

test('doctor is content with a fresh place and names what is wrong', async (t) => {
    const server = await serve(t);
    await server.stop();
    const { code, stdout } = await server.doctor();
    const { ok, checks } = JSON.parse(stdout);
    assert.deepEqual([code, ok], [0, true], stdout);
    assert.ok(checks.some((c) => /jail|seccomp|landlock/.test(c.check + c.detail)));
    writeFileSync(join(server.dir, 'blobs', 'stray'), 'nobody knows me');
    const after = await server.doctor();
    assert.equal(after.code, 1, 'asks 9: a file without a row is a problem');
    assert.match(after.stdout, /stray/);
});
