// Reelgate on several processes and real engines, for trying: script/run --topology NAME. Everything
// lies in a folder of its own and is ended, by process id, with Ctrl-C; the folder goes with it.
//     full    nginx before two API nodes, two workers, PostgreSQL, RabbitMQ
//     redis   the same with Redis in the place of RabbitMQ
//     database   PostgreSQL alone: it also wakes the workers
//     s3      as database, with the files in object storage: OpenStack Swift
import { Cluster } from '../test/lib/cluster.mjs';
import { freePort, postgres, rabbit, redis, swift } from '../test/lib/engines.mjs';
import { BEHIND, Gateway, storage } from '../test/lib/gateway.mjs';

const brokers = { full: rabbit, redis, database: null, s3: null };
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
    const place = storage(t);
    let files = `file://${place.blobs}`, env, behind = BEHIND;
    if (name === 's3') {
        console.log('starting Swift ...');
        const s3 = await swift(t);
        [files, env] = [s3.url, s3.env];
        behind = [...BEHIND.slice(0, BEHIND.indexOf('--accel-redirect')), '--presigned-downloads'];
    }
    const all = new Cluster(t, { database: database.url, queue: queue ?? 'database:', storage: files, env }, []);
    const nodes = [await all.serve(...behind), await all.serve(...behind)];
    await all.work();
    await all.work();
    const gateway = await new Gateway().start(t, nodes, place, await freePort(8000));
    console.log(`
gateway    ${gateway.url}   https://127.0.0.1:${gateway.tlsPort} (a certificate made just now)
database   ${database.url}
queue      ${queue ?? 'in the database'}
storage    ${files}
workers    2
API nodes  ${nodes.map((node) => node.url).join('  ')}

They are one service: open the gateway, or sign up at one node and upload at the other. Ctrl-C ends all.`);
} catch (error) {
    console.error(`script/run: ${error.message}`);
    await end(1);
}
setInterval(() => {}, 1 << 30);
