// Reelgate on several processes and real engines, for trying: script/run --topology NAME.
//     full    nginx before two API nodes, two workers, PostgreSQL, RabbitMQ
//     redis   the same with Redis in the place of RabbitMQ
//     database   PostgreSQL alone: it also wakes the workers
//     s3      as database, with the files in object storage: OpenStack Swift
//     --listen ADDRESS:PORT   of the gateway; 127.0.0.1:8000, or a free port when that is taken
//     --data FOLDER           where everything lies, and stays for the next time; without it in
//                             folders that go with the end
// Ctrl-C ends all, by process id. A part that dies before is named, and started anew.
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Cluster } from '../test/lib/cluster.mjs';
import { freePort, postgres, rabbit, redis, swift } from '../test/lib/engines.mjs';
import { BEHIND, Gateway, storage } from '../test/lib/gateway.mjs';
import { sleep } from '../test/lib/reelgate.mjs';

const FIRST_WAIT_MS = 500,
    LAST_WAIT_MS = 30_000,
    LONG_LIFE_MS = 60_000,
    LAST_WORDS = 600;
const brokers = {
    full: ['RabbitMQ', (t, keep) => rabbit(t, false, keep)],
    redis: ['Redis', redis],
    database: null,
    s3: null,
};

function wrong(text) {
    console.error(`script/run: ${text}`);
    process.exit(2);
}
function wishes() {
    try {
        const { values, positionals } = parseArgs({
            allowPositionals: true,
            options: { listen: { type: 'string' }, data: { type: 'string' } },
        });
        const [name = 'full', ...more] = positionals;
        if (!(name in brokers))
            wrong(`no such topology: ${name}; known are ${Object.keys(brokers).join(', ')}`);
        if (more.length) wrong(`too much: ${more.join(' ')}`);
        const at = /^([\d.]+):(\d+)$/.exec(values.listen ?? '127.0.0.1:8000');
        if (!at)
            wrong(
                `--listen is an IPv4 address and a port, such as 127.0.0.1:8000, ` +
                    `not ${values.listen}`,
            );
        return {
            name,
            host: at[1],
            port: Number(at[2]),
            fixed: Boolean(values.listen),
            data: values.data && resolve(values.data),
        };
    } catch (error) {
        return wrong(error.message);
    }
}

const wish = wishes();
const began = Date.now();
const say = (text) =>
    console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const ends = [];
const t = { after: (run) => ends.unshift(run) };
let ending = false;
async function end(code) {
    if (ending) return;
    ending = true;
    say('ending ...');
    for (const stop of ends) await stop();
    process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end(0));

// Whenever a part ends that was not asked to: says how, and starts it anew; ever later when it ends
// again at once.
async function watch(name, part, start, lastWords) {
    for (let wait = FIRST_WAIT_MS, since = Date.now(); ; since = Date.now()) {
        const { code, signal } = await (part.ended ?? part.child.ended);
        if (ending) return;
        if (Date.now() - since > LONG_LIFE_MS) wait = FIRST_WAIT_MS;
        const said = lastWords().trim().slice(-LAST_WORDS).replace(/^/gm, '            | ');
        say(
            `${name} ended (${signal ?? `status ${code}`}); it is started anew in ` +
                `${wait / 1000} s\n${said}`,
        );
        for (;;) {
            await sleep(wait);
            wait = Math.min(wait * 2, LAST_WAIT_MS);
            if (ending) return;
            try {
                await start();
                say(`${name} is back`);
                break;
            } catch (error) {
                if (ending) return;
                const why = error.message.slice(0, LAST_WORDS);
                say(`${name} does not start: ${why}; next try in ${wait / 1000} s`);
            }
        }
    }
}
// As root each engine runs as a user of its own, who has to get there.
function makeFolder(dir) {
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o755); // each engine closes its own folder
    if (process.getuid() !== 0) return;
    for (let up = dirname(dir); up !== '/'; up = dirname(up))
        if (!(statSync(up).mode & 0o001))
            throw new Error(
                `--data ${dir}: the users postgres, rabbitmq and www-data cannot pass ${up} ` +
                    `(chmod o+x)`,
            );
}
const file = (path) => () => {
    try {
        return readFileSync(path, 'utf8');
    } catch {
        return '(it said nothing)';
    }
};
const watchEngine = (name, engine) => watch(name, engine, () => engine.start(), file(engine.log));
// A node keeps its port, which nginx knows.
async function node(name, all, behind) {
    say(`starting ${name} ...`);
    const server = await all.serve(...behind);
    const args = server.args.map((arg) => (arg === '127.0.0.1:0' ? new URL(server.url).host : arg));
    watch(
        name,
        server,
        () => {
            server.args = args;
            return server.launch(/^listening on /m);
        },
        () => server.out.stderr,
    );
    return server;
}
async function worker(name, all) {
    say(`starting ${name} ...`);
    const one = await all.work();
    watch(
        name,
        one,
        () => one.start(),
        () => one.out.stderr,
    );
}

async function engines() {
    const keep = wish.data;
    say('starting PostgreSQL ...');
    const database = await postgres(t, undefined, keep);
    watchEngine('PostgreSQL', database);
    const found = { database: database.url, queue: 'database:', env: undefined, behind: BEHIND };
    if (brokers[wish.name]) {
        const [name, start] = brokers[wish.name];
        say(`starting ${name} ...`);
        const broker = await start(t, keep);
        watchEngine(name, broker);
        found.queue = broker.url;
    }
    const place = storage(t, keep);
    found.storage = `file://${place.blobs}`;
    if (wish.name === 's3') {
        say('starting Swift ...');
        const s3 = await swift(t, keep);
        watchEngine('Swift', s3);
        [found.storage, found.env] = [s3.url, s3.env];
        found.behind = [
            ...BEHIND.slice(0, BEHIND.indexOf('--accel-redirect')),
            '--presigned-downloads',
        ];
    }
    return { ...found, place };
}

try {
    if (wish.data) makeFolder(wish.data);
    const port = await freePort(wish.port);
    if (wish.fixed && wish.port && port !== wish.port)
        throw new Error(`port ${wish.port} is taken`);
    const parts = await engines();
    const all = new Cluster(t, parts, [], wish.data ?? null);
    const nodes = [
        await node('API node 1', all, parts.behind),
        await node('API node 2', all, parts.behind),
    ];
    await worker('worker 1', all);
    await worker('worker 2', all);
    say('starting nginx ...');
    const gateway = await new Gateway().start(t, nodes, parts.place, port, wish.host);
    watch(
        'nginx',
        gateway,
        () => {
            gateway.clear();
            return gateway.run();
        },
        file(join(gateway.dir, 'error.log')),
    );
    say('all of it runs');
    console.log(`
gateway    ${gateway.url}   https://${wish.host}:${gateway.tlsPort} (a certificate made just now)
database   ${parts.database}
queue      ${parts.queue === 'database:' ? 'in the database' : parts.queue}
storage    ${parts.storage}
workers    2
API nodes  ${nodes.map((one) => one.url).join('  ')}
data       ${wish.data ?? 'in folders that go with the end; --data keeps it'}

They are one service: open the gateway, or sign up at one node and upload at the other. \
Ctrl-C ends all.`);
} catch (error) {
    console.error(`script/run: ${error.message}`);
    await end(1);
}
