// Databases as earlier versions left them, brought to the newest schema by the program: each is made by
// the earlier steps alone, and filled with what a service of today had in those tables.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres } from './lib/engines.mjs';
import { folder, root, run, serve } from './lib/reelgate.mjs';

const steps = (engine) => {
    const dir = join(root, 'src/store/migrations', engine);
    return readdirSync(dir).filter((name) => name.endsWith('.sql')).sort().map((name) => ({ name: name.replace('.sql', ''), version: Number(name.slice(0, 3)), sql: readFileSync(join(dir, name), 'utf8') }));
};
const NEWEST = steps('sqlite').at(-1).version;
const sqlite = (file, sql) => execFileSync('sqlite3', ['-bail', file], { input: sql }).toString().trim();

// file: a database of the first `count` steps with what `full` has in their tables and columns.
function earlier(file, full, count) {
    for (const { sql } of steps('sqlite').slice(0, count)) sqlite(file, `BEGIN; ${sql} COMMIT;`);
    const attach = `ATTACH '${full}' AS full;`;
    const columns = sqlite(file, `SELECT m.name || ' ' || group_concat('"' || c.name || '"') FROM sqlite_schema m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' GROUP BY m.name ORDER BY m.name = 'tasks' DESC;`);
    // Tasks first: their triggers fill tables that are then replaced.
    for (const [table, names] of columns.split('\n').map((line) => line.split(' ')))
        sqlite(file, `${attach} DELETE FROM "${table}"; INSERT INTO "${table}" (${names}) SELECT ${names} FROM full."${table}";`);
    sqlite(file, 'PRAGMA journal_mode = WAL;');
    assert.equal(sqlite(file, 'PRAGMA user_version; SELECT count(*) > 0 FROM users;'), `${steps('sqlite')[count - 1].version}\n1`);
}

// A user with a reel, a task that failed and one that waits.
async function people(server) {
    const ana = await new Client(server).user('ana');
    const done = await ana.give(await clip(1)), bad = await ana.give(await clip(1));
    await ana.processed(done);
    return { ana, done, bad };
}

test('SQLite: a service of the first schema goes on with the newest one', async (t) => {
    const server = await serve(t), dir = folder(t);
    const { ana, done, bad } = await people(server);
    await ana.processed(bad);
    await server.stop();
    const db = join(server.dir, 'reelgate.db'), full = join(dir, 'full.db');
    renameSync(db, full);
    for (const name of sqlite(full, `SELECT reel_blob, poster_blob FROM tasks WHERE id = ${bad}`).split('|')) rmSync(join(server.dir, 'blobs', name));
    sqlite(full, `UPDATE tasks SET state = 3, error_slug = 'memory_limit', reel_blob = '', poster_blob = '', reel_bytes = 0, poster_bytes = 0 WHERE id = ${bad}`);
    const waits = sqlite(full, `INSERT INTO tasks (user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes, fit, start_us, created_ms, changed_ms)
        SELECT user_id, 0, file_name, title, clip_blob || 'x', clip_hash, clip_bytes, fit, start_us, created_ms, changed_ms FROM tasks WHERE id = ${done};
        INSERT OR IGNORE INTO turns SELECT user_id, 0 FROM tasks; UPDATE users SET bytes_used = (SELECT sum(clip_bytes + reel_bytes + poster_bytes) FROM tasks); SELECT max(id) FROM tasks;`);
    const [, blob] = sqlite(full, `SELECT clip_blob FROM tasks WHERE id = ${done}`).split(/^clips\//);
    cpSync(join(server.dir, 'blobs/clips', blob), join(server.dir, 'blobs/clips', `${blob}x`));

    for (let count = 1; count < steps('sqlite').length; count++) {
        for (const end of ['', '-wal', '-shm']) rmSync(db + end, { force: true });
        earlier(db, full, count);
        const refused = await run(['backup', '--data', server.dir, join(dir, 'copy')]);
        assert.deepEqual([refused.code, /use the program that serves it/.test(refused.stderr)], [1, true], refused.stderr);
        if (count === 1) continue;
        const { code, stdout, stderr } = await run(['migrate', '--data', server.dir]);
        assert.deepEqual([code, stdout], [0, `the schema went from version ${steps('sqlite')[count - 1].version} to ${NEWEST}\n`], stderr);
    }
    for (const end of ['', '-wal', '-shm']) rmSync(db + end, { force: true });
    earlier(db, full, 1);
    await server.start();
    for (const { name } of steps('sqlite').slice(1)) assert.equal(server.logLines(new RegExp(`schema migrated.*${name}`)).length, 1, name);
    const back = new Client(server, ana.token);
    assert.equal((await back.get((await back.task(done)).download)).status, 200);
    assert.equal((await back.task(bad)).error.code, 'memory_limit');
    await back.processed(Number(waits));
    assert.equal((await back.post(`/api/tasks/${bad}/retry`)).status, 202);
    await back.processed(bad);
    await (await new Client(server).login('ana')).give(await clip(1));
    await server.stop();
    const checked = await server.doctor();
    assert.equal(checked.code, 0, checked.stdout);

    // Back again: an older program says what it is.
    sqlite(db, `PRAGMA user_version = ${NEWEST + 1};`);
    for (const command of [['serve', '--listen', '127.0.0.1:0'], ['task', 'list'], ['doctor', '--listen', '127.0.0.1:0']]) {
        const { code, stdout, stderr } = await run([...command, '--data', server.dir]);
        assert.equal(code, 1);
        assert.match(stdout + stderr, new RegExp(`its schema is version ${NEWEST + 1}, this program knows up to ${NEWEST}: use the newer program`));
    }
});

test('PostgreSQL: a service of the first schema goes on with the newest one, whichever node begins', async (t) => {
    const db = await postgres(t);
    const cluster = new Cluster(t, { database: db.url });
    const [old, worker] = [await cluster.serve(), await cluster.work()];
    const { ana, done, bad } = await people(old);
    await ana.processed(bad);
    for (const p of [old, worker]) await p.stop();
    db.query('ALTER SCHEMA public RENAME TO full_; CREATE SCHEMA public');
    const [{ name, sql }] = steps('postgres');
    db.query(`BEGIN; ${sql}; COMMIT`);
    db.query(`CREATE TABLE reelgate_schema (version bigint PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now()); INSERT INTO reelgate_schema VALUES (1, '${name}')`);
    for (const table of ['users', 'tasks']) {
        const names = db.query(`SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute WHERE attrelid = 'public.${table}'::regclass AND attnum > 0`);
        db.query(`INSERT INTO public.${table} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM full_.${table};
            SELECT setval(pg_get_serial_sequence('public.${table}', 'id'), max(id)) FROM public.${table}`);
    }
    db.query('DROP SCHEMA full_ CASCADE');

    const nodes = await Promise.all([cluster.serve(), cluster.serve(), cluster.work()]);
    const migrated = nodes.flatMap((n) => n.logLines(/schema migrated/));
    assert.equal(migrated.length, steps('postgres').length - 1, 'each step once, whoever came first');
    const back = new Client(nodes[1], ana.token);
    assert.equal((await back.get((await back.task(done)).download)).status, 200);
    await (await new Client(nodes[0]).login('ana')).processed(await back.give(await clip(1)));

    // What runs goes on when a newer program has moved the schema on; what starts says so.
    db.query(`INSERT INTO reelgate_schema VALUES (${NEWEST + 1}, 'newer')`);
    await back.processed(await back.give(await clip(1)));
    const { code, stderr } = await run(['worker', '--data', folder(t), '--database', db.url, '--storage', `file://${cluster.dir}/blobs`]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /use the newer program/);
});
