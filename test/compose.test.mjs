// `docker-compose up -d`, as an operator types it: both images are built, all is started, killed, taken down
// and brought back. On podman, with stand-ins for the images of PostgreSQL and RabbitMQ (lib/compose.mjs says
// how); Docker itself is not run here. A step of its own, since it takes minutes and Debian's mirror:
// script/test compose
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { assertReel, clip, real } from './lib/clips.mjs';
import { Engine } from './lib/compose.mjs';
import { read } from './lib/docs.mjs';
import { logIn, open } from './lib/page.mjs';
import { root, until } from './lib/reelgate.mjs';

const NODES = ['backend-1', 'backend-2'], WORKERS = ['worker-1', 'worker-2'];
const MB = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
const figures = (all, show = (v) => v) => Object.entries(all).map(([name, v]) => `${name} ${show(v)}`).join(', ');

test('the compose file, run', async (t) => {
    const engine = new Engine(t);
    await engine.start();
    t.diagnostic(`seconds of builds: ${figures(await engine.makeImages())}`);
    const sizes = { reelgate: engine.bytes('reelgate'), 'reelgate-gateway': engine.bytes('reelgate-gateway') };
    t.diagnostic(`images: ${figures(sizes, MB)}`);
    assert.ok(sizes.reelgate < 340e6 && sizes['reelgate-gateway'] < 100e6, 'what doc/deploy.md says of their sizes');
    const short = await clip(1), film = real('video_test_1_480_270.mp4') ?? short;
    const server = { get url() { return engine.url; } };
    let ana, first, reel, broken = false;
    // Each step stands on those before it: after one that failed the others say nothing.
    const step = (name, run) => broken || t.test(name, async (step_t) => {
        broken = true;
        await run(step_t);
        broken = false;
    });

    await step('a build is sent sources alone: no document, no test, no secret', () => {
        const sent = engine.context(root);
        assert.ok(sent.includes('src/reelgate.c') && sent.includes('deploy/docker/gateway'));
        assert.deepEqual(sent.filter((name) => !/^(src|web|api|script|deploy|meson(_options)?\.\w+)(\/|$)/.test(name)), []);
        assert.deepEqual(sent.filter((name) => /\/test\/|\.env|\.pem|\.ya?ml$|node_modules|tls/.test(name)), ['api/openapi.yaml']);
        // What an operator has beside it.
        const desk = join(engine.dir, 'secrets');
        for (const name of ['.env', 'deploy/docker/tls/key.pem', 'deploy/docker/tls/cert.pem', 'src/.env', 'web/key.pem', 'data/secret', 'src/main.c']) {
            mkdirSync(dirname(join(desk, name)), { recursive: true });
            writeFileSync(join(desk, name), 'secret');
        }
        assert.deepEqual(engine.context(desk), ['src/main.c']);
        for (const name of ['.env', 'deploy/docker/tls/key.pem']) execFileSync('git', ['check-ignore', '-q', name], { cwd: root });
    });

    await step('in a filter like Docker\'s four layers hold, the filter is named, and a clip becomes a reel', async () => {
        const flags = ['--rm', '--read-only', '--tmpfs', '/tmp', '-v', '/var/lib/reelgate', '--cap-drop', 'all', '--security-opt', 'no-new-privileges', '--security-opt', `seccomp=${engine.dockersFilter()}`, '--network', 'none'];
        const run = (...command) => engine.shell(`podman run ${[...flags, ...command].map((word) => `'${word}'`).join(' ')}`);
        const jail = JSON.parse(await run('docker.io/library/reelgate', 'doctor', '--json')).checks.filter((c) => c.check === 'jail');
        assert.deepEqual(jail.map((c) => [c.detail.split(/[ :]/)[0], c.state]), [['namespaces', 'warn'], ['rlimits', 'ok'], ['no_new_privs', 'ok'], ['landlock', 'ok'], ['seccomp', 'ok']]);
        assert.match(jail[0].hint, /seccomp.*around this service/);
        assert.ok(JSON.parse(await run('-v', `${short}:/clip.mp4:ro`, 'docker.io/library/reelgate', 'render', '--json', '/clip.mp4', '/tmp/reel.mp4')));
    });

    await step('up -d: all are healthy, with passwords made and nothing set', async (t) => {
        const from = Date.now();
        await engine.compose('up', '-d');
        await engine.healthy();
        t.diagnostic(`seconds until all are healthy: ${((Date.now() - from) / 1000).toFixed(1)}`);
        const bare = execFileSync('docker-compose', ['-f', join(root, 'docker-compose.yaml'), 'config'], { cwd: engine.dir, env: engine.env }).toString();
        assert.match(bare, /published: 8000|- 8000:8080/, 'port 8000, unless another is asked for');
        assert.doesNotMatch(execFileSync('sh', ['-c', 'cat "$0"/*.json || true', join(engine.dir, 'networks')]).toString(), /172\.30\.77/);
    });

    await step('the three requests of the service that it replaces, unchanged', async () => {
        const url = engine.url;
        const sh = (script) => execFileSync('bash', ['-euc', script, 'bash', url, short], { stdio: ['ignore', 'pipe', 'inherit'] }).toString();
        assert.match(sh(`curl -sf "$1/api/auth/signup" -H 'Content-Type: application/json' -d '{"username":"ana","email":"ana@example.org","password1":"correct horse","password2":"correct horse"}'`), /Usuario creado/);
        const token = JSON.parse(sh(`curl -sf "$1/api/auth/login" -H 'Content-Type: application/json' -d '{"username":"ana","password":"correct horse"}'`)).token;
        const answer = JSON.parse(sh(`curl -sf "$1/api/tasks" -H 'Authorization: Bearer ${token}' -F file=@"$2"`));
        assert.ok(answer.task_id, JSON.stringify(answer));
    });

    await step('the walk through the API that README shows, with a clip', async (t) => {
        ana = await new Client(server).login('ana');
        const from = Date.now();
        first = await ana.give(film);
        const task = await ana.processed(first);
        t.diagnostic(`seconds from upload to reel: ${((Date.now() - from) / 1000).toFixed(2)} (${task.path ?? task.reel.path ?? ''})`);
        const answer = await ana.get(task.download, { token: null });
        assert.deepEqual([answer.status, answer.bytes.length], [200, task.reel.bytes], 'sent by the gateway');
        reel = answer.bytes;
        if (film === short) {
            const path = join(engine.dir, 'reel.mp4');
            writeFileSync(path, reel);
            await assertReel(path, 1, { copied: true });
        }
        const second = await ana.give(short);
        await ana.processed(second);
        assert.equal((await ana.delete(`/api/tasks/${second}`)).status, 200);
        // Over TLS the links say so: the nodes believe the gateway, whose address nobody has fixed.
        const tls = execFileSync('curl', ['-skf', '-H', `Authorization: Bearer ${ana.token}`, `https://localhost:${engine.tlsPort}/api/tasks/${first}`]).toString();
        assert.ok(JSON.parse(tls).download.startsWith(`https://localhost:${engine.tlsPort}/`), tls);
    });

    await step('a person logs in with a browser', async (t) => {
        const { page, troubles } = await open(t, server);
        await logIn(page, 'ana');
        assert.deepEqual(troubles, []);
    });

    await step('the operator\'s commands inside need no flags', async (t) => {
        await engine.shell('docker-compose exec -T backend-1 reelgate user admin ana');
        // A node sees it at once, or five seconds after it last looked who this is (doc/admin.md).
        await until('the first admin is one at every node', async () => {
            for (let i = 0; i < 4; i++) if ((await ana.get('/api/admin/overview')).status !== 200) return false;
            return true;
        }, 6_000);
        await engine.shell('docker-compose exec -T backend-2 reelgate user password ana', 'correct horse\n');
        ana = await ana.login('ana');
        for (const name of [...NODES, ...WORKERS]) {
            const wrong = JSON.parse(await engine.shell(`docker-compose exec -T ${name} reelgate doctor --json`)).checks.filter((c) => c.state !== 'ok');
            if (name === 'backend-1') t.diagnostic(`doctor: ${wrong.map((c) => `${c.check} ${c.code} (${c.detail})`).join('; ')}`);
            assert.deepEqual(wrong.filter((c) => !['jail', 'port', 'limits'].includes(c.check)), [], name);
            const layer = wrong.find((c) => c.check === 'jail');
            if (layer) assert.match(layer.hint, /seccomp.*around this service/, 'the engine\'s filter is named, not a sysctl');
        }
        t.diagnostic(`memory: ${figures(engine.memory())}`);
    });

    await step('without a node the gateway says so, and finds nodes where they come back', async () => {
        await engine.compose('stop', '-t', '5', ...NODES);
        const answer = await ana.get('/ping').catch(() => ({ status: 0 }));
        assert.equal(answer.status, 503);
        await until('the gateway is unhealthy', async () => (await engine.health()).gateway === 'unhealthy', 60_000, 300);
        await engine.compose('rm', '-f', ...NODES);
        await engine.compose('up', '-d', '--no-recreate', 'backend-2', 'backend-1');
        await engine.healthy();
        assert.equal((await ana.get(`/api/tasks/${first}`)).status, 200);
    });

    await step('each container killed once: nothing that was acknowledged is lost', async (t) => {
        const given = [];
        let over = false, refused = 0;
        const bytes = readFileSync(short);
        const giving = (async () => {
            for (let n = 0; !over; n++) {
                const answer = await ana.upload(bytes, { headers: { 'Idempotency-Key': `clip-${n}` } }).catch(() => null);
                if (answer?.status === 201) given.push(answer.json.task_id);
                else refused++;
                await new Promise((done) => setTimeout(done, 100));
            }
        })();
        for (const name of ['worker-1', 'backend-1', 'queue', 'gateway', 'worker-2', 'database', 'backend-2']) {
            await engine.killAndReturn(name);
            await engine.healthy();
            assert.equal((await ana.get(`/api/tasks/${first}`)).status, 200, `served as soon as all are healthy, after ${name}`);
        }
        over = true;
        await giving;
        t.diagnostic(`${given.length} clips acknowledged, ${refused} requests refused meanwhile`);
        assert.ok(given.length > 20);
        for (const id of new Set(given)) await ana.processed(id, 120_000);
    });

    const kept = async () => {
        ana = await new Client(server).login('ana');
        const task = await ana.task(first);
        assert.deepEqual((await ana.get(task.download, { token: null })).bytes, reel, 'the reel of before');
        await ana.processed(await ana.give(short));
    };
    await step('restart', async () => {
        await engine.compose('restart');
        await engine.healthy();
        await kept();
    });
    await step('down, and up -d: the data is there', async () => {
        await engine.compose('down');
        assert.deepEqual(await engine.containers(), []);
        await engine.compose('up', '-d');
        await engine.healthy();
        await kept();
    });
    await step('down --rmi all, and up -d: images are built by compose itself', async (t) => {
        await engine.compose('down', '--rmi', 'all');
        assert.equal(engine.has('docker.io/library/reelgate'), false);
        engine.forgetBuilds();
        engine.fetchStandIns();
        const from = Date.now();
        await engine.compose('up', '-d');
        await engine.healthy();
        t.diagnostic(`seconds with both builds: ${((Date.now() - from) / 1000).toFixed(0)}`);
        await kept();
    });
    await step('saved, and restored into new volumes, by the commands of doc/deploy.md', async () => {
        const { blocks } = read('doc/deploy.md');
        const [save, restore] = ['pg_dump', 'pg_restore'].map((word) => blocks.find((b) => b.text.includes(word)).text);
        await engine.shell(save);
        await engine.compose('down', '-v');
        await engine.shell(restore);
        await engine.healthy();
        const token = ana;
        const told = await token.get(`/api/tasks/${first}`);
        assert.equal(told.status, 200, `tokens are good still: ${told.text}`);
        await kept();
    });
    await step('probes leave no line in the logs', async () => {
        assert.doesNotMatch(await engine.log('queue'), /127\.0\.0\.1:\d+ -> 127\.0\.0\.1:5672/);
        for (const name of [...NODES, 'gateway'])
            assert.doesNotMatch(await engine.log(name), /\/(ping|api\/ready|api\/health)\b.*(status=200|" 200 )/, name);
    });
});
