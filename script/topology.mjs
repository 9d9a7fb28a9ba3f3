// Reelgate on several processes and real engines, for trying: script/run --topology NAME. Everything
// lies in a folder of its own and is ended, by process id, with Ctrl-C; the folder goes with it.
//     full    PostgreSQL, RabbitMQ, two API nodes, two workers
//     redis   the same with Redis in the place of RabbitMQ
//     database   PostgreSQL alone: it also wakes the workers
import { Cluster } from '../test/lib/cluster.mjs';
import { postgres, rabbit, redis } from '../test/lib/engines.mjs';

const brokers = { full: rabbit, redis, database: null };
const name = process.argv[2] ?? 'full';
if (!(name in brokers)) {
    console.error(`script/run: no such topology: ${name}; known are ${Object.keys(brokers).join(', ')}`);
    process.exit(2);
}

const ends = [];
const t = { after: (end) => ends.unshift(end) };
let ending = false;
async function end(code) {
    if (ending) return;
    ending = true;
    for (const stop of ends) await stop();
    process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end(0));

try {
    console.log('starting PostgreSQL ...');
    const database = await postgres(t);
    let queue = null;
    if (brokers[name]) {
        console.log('starting the broker ...');
        queue = (await brokers[name](t)).url;
    }
    const all = new Cluster(t, { database: database.url, queue: queue ?? 'database:' }, []);
    const nodes = [await all.serve(), await all.serve()];
    await all.work();
    await all.work();
    console.log(`
database   ${database.url}
queue      ${queue ?? 'in the database'}
storage    ${all.dir}/blobs
workers    2
API nodes  ${nodes.map((node) => node.url).join('  ')}

They are one service: sign up at one, upload at the other. Ctrl-C ends all.`);
} catch (error) {
    console.error(`script/run: ${error.message}`);
    await end(1);
}
setInterval(() => {}, 1 << 30);
