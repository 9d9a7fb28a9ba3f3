// The tables and files of the service that Reelgate replaces, taken over: `reelgate migrate`.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres } from './lib/engines.mjs';
import { Program, folder, run, until } from './lib/reelgate.mjs';

const TABLES = `
CREATE TABLE users (id serial PRIMARY KEY, username varchar(50), password1 varchar(50) NOT NULL, email varchar(50));
CREATE TABLE tasks (id serial PRIMARY KEY, user_id integer REFERENCES users (id), file_path varchar(255), timestamp timestamp DEFAULT now(), status varchar(20));`;

// An old service: its database, its files, and what runs on them.
async function old(t, rows) {
    const database = await postgres(t);
    const files = folder(t);
    database.query(TABLES + rows);
    const all = new Cluster(t, { database: database.url });
    const flags = [...all.shared, '--data', join(all.dir, 'operator'), '--secret-file', join(all.dir, 'secret'), '--legacy-files', files];
    return { database, files, all, migrate: (...more) => run(['migrate', '--json', ...flags, ...more]), flags };
}

test('users log in with their old password, tasks keep their ids and become reels', async (t) => {
    const { database, files, all, migrate } = await old(t, `
        INSERT INTO users (username, password1, email) VALUES ('ana', 'clave123', 'ana@example.org'), ('José', 'corta', 'jose@example.org');
        INSERT INTO tasks (id, user_id, file_path, timestamp, status) VALUES
            (7, 1, '/usr/src/app/videos/2026/11/23/gol de ana.mp4', '2026-11-23 16:52:29', 'processed'),
            (9, 2, '2026/11/24/jose.mp4', '2026-11-24 01:02:03', 'uploaded');`);
    mkdirSync(join(files, '2026/11/23'), { recursive: true });
    mkdirSync(join(files, '2026/11/24'), { recursive: true });
    copyFileSync(await clip(1), join(files, '2026/11/23/gol de ana.mp4'));
    copyFileSync(await clip(0.4), join(files, '2026/11/24/jose.mp4'));
    const done = await migrate();
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(JSON.parse(done.stdout).legacy, { users: 2, tasks: 2, failed: 0, left: 0 });
    assert.equal(database.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'reelgate_legacy'"), '0', 'nothing is left of the old tables');

    const server = await all.serve();
    await all.work();
    const ana = await new Client(server).login('ana', 'clave123');
    const task = await ana.processed(7);
    assert.deepEqual([task.timestamp, task.file_name], ['Mon, 23 Nov 2026 16:52:29 GMT', 'gol de ana.mp4']);
    assert.equal((await ana.reel(task)).length, task.reel.bytes);
    assert.deepEqual(readFileSync(join(all.dir, 'blobs/clips', task.file_path)), readFileSync(await clip(1)));
    const jose = await new Client(server).login('José', 'corta');
    await jose.processed(9);
    assert.equal((await jose.get('/api/tasks/7')).status, 404);
    const eva = await new Client(server).user('eva');
    assert.equal(await eva.give(readFileSync(await clip(0.4))), 10, 'new ids go on after the old ones');
    assert.equal((await migrate()).code, 0, 'again: nothing to do');
    const doctor = await run(['doctor', ...all.shared, '--data', join(all.dir, 'operator')]);
    assert.equal(doctor.code, 0, doctor.stdout + doctor.stderr);
});

test('a server does not start on old tables, and says what to do', async (t) => {
    const { all, database, flags } = await old(t, '');
    const refused = await run(['serve', ...all.shared, '--data', join(all.dir, 'x'), '--listen', '127.0.0.1:0']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /reelgate migrate --legacy-files/);
    const nowhere = await run(['migrate', ...flags.slice(0, -2)]);
    assert.match(nowhere.stderr, /--legacy-files DIR has to say where/);
    assert.equal(nowhere.code, 3);
    assert.equal(database.query("SELECT count(*) FROM users"), '0', 'the old tables are where they were');
});

test('odd rows are told, each by its number, and none is lost', async (t) => {
    const { database, files, all, migrate } = await old(t, `
        INSERT INTO users (username, password1, email) VALUES ('ana', 'clave123', 'ana@example.org'), ('bob', '', 'Ana@Example.org'), ('ana', 'otra clave', NULL), (NULL, 'x', 'n@example.org');
        ALTER TABLE users ALTER password1 TYPE text, ALTER username TYPE text;
        INSERT INTO users (username, password1, email) VALUES (repeat('ñ', 200), repeat('p', 129), 'l@example.org'), (E'tab\\there', 'clave', 'm@example.org');
        ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey;
        INSERT INTO tasks (user_id, file_path, timestamp, status) VALUES
            (1, 'gone.mp4', now(), 'processed'), (1, 'text.mp4', NULL, 'uploaded'), (1, '../secret.mp4', now(), 'uploaded'), (77, 'text.mp4', now(), 'uploaded'),
            (1, NULL, now(), NULL), (1, 'link.mp4', now(), 'procesando'), (1, 'empty.mp4', now(), 'uploaded'),
            (6, 'good.mp4', 'infinity', 'uploaded'), (6, 'good.mp4', '-infinity', 'uploaded'), (6, 'good.mp4', '294276-12-31', 'uploaded');`);
    copyFileSync(await clip(0.4), join(files, 'good.mp4'));

    writeFileSync(join(files, 'text.mp4'), 'only some text\n'.repeat(50));
    writeFileSync(join(files, 'empty.mp4'), '');
    symlinkSync('/etc/passwd', join(files, 'link.mp4'));
    writeFileSync(join(files, '..', 'secret.mp4'), readFileSync(await clip(0.4)));
    const done = await migrate();
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(JSON.parse(done.stdout).legacy, { users: 6, tasks: 9, failed: 6, left: 15 }, done.stderr);
    for (const line of [/^user 2: no password; .*the e-mail address Ana@Example.org belongs/m, /^user 3: no e-mail address; the name ana belongs to another user; it is ana-3 now/m,
        /^user 4: no name; it is user-4 now/m, /^task 1: its file gone.mp4 was not found/m, /^task 2: .*its file text.mp4 is no clip: not_a_video/m,
        /^task 3: its file ..\/secret.mp4 was not found/m, /^task 4: its user 77 does not exist/m, /^task 5: its file \(none\) was not found; its state was ""/m, /^task 6: .*link.mp4 was not found.*"procesando"/m,
        /^task 7: its file empty.mp4 is no clip: empty_file/m,
        /^user 5: a password that is too long; .*a name that nobody can give; it is user-5 now/m, /^user 6: a name that nobody can give; it is user-6 now/m,
        /^task 8: its time was "infinity"/m, /^task 9: its time was "-infinity"/m, /^task 10: its time was "294276-12-31/m])
        assert.match(done.stderr, line);
    assert.equal(database.query("SELECT count(*) FROM information_schema.columns WHERE column_name = 'password1'"), '0', 'no plain password is left');
    assert.equal(database.query("SELECT count(*) FROM reelgate_legacy.tasks"), '10', 'what needs a look is kept');

    const server = await all.serve();
    const ana = await new Client(server).login('ana', 'clave123');
    await new Client(server).login('ana-3', 'otra clave');
    assert.equal((await new Client(server).post('/api/auth/login', { username: 'bob', password: '!' })).status, 401);
    assert.deepEqual((await ana.tasks()).map((x) => x.id), [1, 2, 3, 5, 6, 7]);
    assert.equal((await ana.task(1)).error.code, 'file_lost');
    const anew = await ana.call('PATCH', '/api/tasks/1', { body: { fit: 'stretch', title: 'x' } });
    assert.deepEqual([anew.status, anew.json.code, (await ana.task(1)).title], [409, 'remake_state', '']);
    assert.equal((await ana.task(2)).error.code, 'not_a_video');
    const tab = await new Client(server).login('user-6', 'clave');
    for (const { id } of await tab.tasks()) {
        const { timestamp } = await tab.task(id);
        assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 120_000, timestamp);
    }
});

test('a file that was not found, or gave no bytes, is taken when it is there at a later run', async (t) => {
    const { database, files, all, migrate } = await old(t, `
        INSERT INTO users (username, password1, email) VALUES ('ana', 'clave123', 'ana@example.org');
        INSERT INTO tasks (user_id, file_path, timestamp, status) VALUES (1, '/videos/self/mem', now(), 'processed'), (1, '/videos/b.mp4', now(), 'uploaded');`);
    const wrong = await migrate('--legacy-files', '/proc'); // where a file opens and cannot be read
    assert.deepEqual(JSON.parse(wrong.stdout).legacy, { users: 1, tasks: 2, failed: 2, left: 2 }, wrong.stderr);
    assert.match(wrong.stderr, /^task 1: its file .* could not be read: file_lost/m);
    const server = await all.serve();
    const ana = await new Client(server).login('ana', 'clave123');
    assert.deepEqual((await ana.tasks()).map((x) => x.status), ['failed', 'failed']);
    mkdirSync(join(files, 'self'));
    copyFileSync(await clip(0.4), join(files, 'self/mem'));
    const half = await migrate();
    assert.deepEqual(JSON.parse(half.stdout).legacy, { users: 0, tasks: 1, failed: 0, left: 1 }, half.stderr);
    copyFileSync(await clip(0.4), join(files, 'b.mp4'));
    const right = await migrate();
    assert.deepEqual(JSON.parse(right.stdout).legacy, { users: 0, tasks: 1, failed: 0, left: 0 }, right.stderr);
    await all.work();
    for (const id of [1, 2]) await ana.processed(id);
    assert.equal(database.query('SELECT bytes_used >= sum(clip_bytes) AND sum(clip_bytes) > 0 FROM users, tasks GROUP BY bytes_used'), 't');
    const doctor = await run(['doctor', ...all.shared, '--data', join(all.dir, 'operator')]);
    assert.equal(doctor.code, 0, doctor.stdout + doctor.stderr);
});

test('ended right after the tables were moved: no server gives out the ids of those who wait there', async (t) => {
    const { database, all, migrate } = await old(t, `INSERT INTO users (username, password1, email) VALUES ('ana', 'clave123', 'ana@example.org');`);
    database.query(`CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
        CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION refuse();`);
    const ended = await migrate();
    assert.equal(ended.code, 1, ended.stderr);
    database.query('DROP EVENT TRIGGER refuse');
    assert.equal(database.query("SELECT to_regclass('reelgate_legacy.users') IS NOT NULL"), 't');
    const early = await run(['serve', ...all.shared, '--data', join(all.dir, 'x'), '--listen', '127.0.0.1:0']);
    assert.deepEqual([early.code, /reelgate migrate --legacy-files/.test(early.stderr)], [1, true], early.stderr);
    assert.equal((await migrate()).code, 0);
    await new Client(await all.serve()).login('ana', 'clave123');
});

test('killed again and again, it ends in the same: every user and task once', async (t) => {
    const users = 24;
    const { database, files, all, migrate, flags } = await old(t, `
        INSERT INTO users (username, password1, email) SELECT 'u' || i, 'clave' || i, 'u' || i || '@example.org' FROM generate_series(1, ${users}) i;
        INSERT INTO tasks (user_id, file_path, timestamp, status) SELECT i, 'clip.mp4', now(), 'uploaded' FROM generate_series(1, ${users}) i;`);
    copyFileSync(await clip(0.4), join(files, 'clip.mp4'));
    // slow enough to be met in the middle; the triggers move along with the tables
    database.query(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow(); CREATE TRIGGER slow BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION slow();`);
    const aside = () => database.query("SELECT to_regclass('reelgate_legacy.users') IS NOT NULL") === 't';
    const taken = (table) => Number(database.query(`SELECT count(*) FROM reelgate_legacy.${table} WHERE reelgate_taken`));
    for (const [table, count] of [['users', 1], ['users', 9], ['tasks', 3], ['tasks', 11]]) {
        const program = new Program(['migrate', ...flags]);
        const going = program.launch(/never printed/).catch(() => {});
        await until(`${count} of ${table} are taken`, () => aside() && taken(table) >= count);
        await program.stop('SIGKILL');
        await going;
        assert.ok(taken('tasks') < users, 'it was ended in the middle');
    }
    const done = await migrate();
    assert.equal(done.code, 0, done.stderr);
    assert.equal(database.query('SELECT count(*) FROM users'), String(users));
    assert.equal(database.query('SELECT count(*), count(DISTINCT user_id), sum(clip_bytes) FROM tasks'),
        `${users}|${users}|${users * readFileSync(await clip(0.4)).length}`);
    const server = await all.serve();
    await all.work();
    const last = await new Client(server).login(`u${users}`, `clave${users}`);
    await last.processed((await last.tasks())[0].id);
    // bytes of a copy that was ended before its row was there are swept after a while
    await until('nothing is nobody\'s', async () => (await run(['doctor', ...all.shared, '--data', join(all.dir, 'operator')])).code === 0);
});
