// What operators watch: metrics and readiness of a server and of a worker of its own, one id through all
// logs, the dashboard and the alerts, on a real Prometheus and a real PostgreSQL.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, openSync, readFileSync, statfsSync, writeFileSync, writeSync, closeSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres, prometheus } from './lib/engines.mjs';
import { folder, program, root, run, serve, until } from './lib/reelgate.mjs';

const deploy = (name) => readFileSync(join(root, 'deploy', name), 'utf8');
const JSON_LOGS = ['--log-format', 'json', '--metrics-listen', '127.0.0.1:0'];
const metricsOf = (program) => /^metrics on (http:\/\/127\.0\.0\.1:\d+)\/metrics$/m.exec(program.log())[1];
const lines = (program, id) => program.out.stderr.split('\n').filter((line) => line.includes(id)).map((line) => JSON.parse(line));
const read = async (url) => (await fetch(url)).text();

test('figures, readiness and logs of a server and a worker', async (t) => {
    const [database, still, moving, broken] = await Promise.all([postgres(t), clip(1, { size: '320x240' }), clip(1), clip(1, { extension: '.mkv' })]);
    const all = new Cluster(t, { database: database.url });
    const [server, worker] = [await all.serve(...JSON_LOGS), await all.work(JSON_LOGS)];
    const ana = await new Client(server).user('ana');
    await new Client(server).user('eva');
    const made = await run(['user', 'admin', ...all.shared, '--data', join(all.dir, 'operator'), 'eva']);
    assert.equal(made.code, 0, made.stderr);
    const admin = await new Client(server).login('eva');
    const key = (await admin.post('/api/keys', { name: 'prometheus', scopes: ['admin'] })).json.key;
    const places = [server, worker].map((p) => metricsOf(p).slice('http://'.length));
    const watcher = await prometheus(t, {
        'prometheus.yml': deploy('prometheus/prometheus.yml').replaceAll('15s', '1s').replace(/^ {6}- targets: .*/m, `      - targets: ${JSON.stringify(places)}`)
            .concat(`\n  - job_name: reelgate-api\n    authorization: {credentials: ${key}}\n    static_configs: [{targets: ["${new URL(server.url).host}"]}]\n`),
        'reelgate.rules.yml': deploy('prometheus/reelgate.rules.yml'),
    });
    const becomes = (query, wanted) => until(`${query} is ${wanted}`, async () => {
        const value = await watcher.value(query);
        return typeof wanted === 'function' ? value !== undefined && wanted(value) : value === wanted;
    });

    await t.test('one id leads from a request through the logs of the server and of the worker', async () => {
        const upload = async (file, headers) => {
            const answer = await ana.upload(file, { headers });
            assert.equal(answer.status, 201, answer.text);
            return [answer.json.task_id, answer.headers.get('x-request-id')];
        };
        const [id, request] = await upload(moving, { 'X-Request-Id': 'gol-2026.11.25_7' });
        assert.equal(request, 'gol-2026.11.25_7');
        await ana.processed(id);
        const asked = await until('the server has it', () => lines(server, request).find((line) => line.message === 'request'));
        assert.deepEqual([asked.request, asked.path, asked.status], [request, '/api/tasks', 201]);
        const worked = await until('the worker has it', () => lines(worker, request).find((line) => line.message === 'attempt'));
        assert.deepEqual([worked.request, worked.task, worked.outcome, worked.path], [request, id, 'processed', 'copy']);
        assert.ok(lines(worker, request).some((line) => line.message === 'a bumper was made and is kept'));

        const [other] = await upload(still);
        await ana.processed(other);
        // a clip that is cut short after its head: it can be taken, but no reel can be made of it
        const [bad, own] = await upload(readFileSync(broken).subarray(0, 2000));
        assert.match(own, /^[a-z2-7]{26}$/);
        const { error } = await ana.failed(bad);
        const told = await until('the worker tells why', () => lines(worker, own).filter((line) => line.code === error.code).map((line) => line.message).sort().join() === 'attempt,attempt ended' && lines(worker, own));
        assert.ok(told.every((line) => line.request === own && line.task === bad), JSON.stringify(told));
        // an upload in pieces goes by the request that began it
        const bytes = readFileSync(still), tus = (request, more) => ({ 'Tus-Resumable': '1.0.0', 'X-Request-Id': request, ...more });
        const begun = await ana.post('/api/uploads', undefined, { headers: tus('begun-1', { 'Upload-Length': String(bytes.length) }) });
        assert.deepEqual([begun.status, begun.headers.get('x-request-id')], [201, 'begun-1'], begun.text);
        const sent = await ana.call('PATCH', new URL(begun.headers.get('location'), ana.url).pathname, { body: bytes, headers: tus('sent-2', { 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' }) });
        assert.equal(sent.status, 204, sent.text);
        await ana.processed(Number(sent.headers.get('reelgate-task')));
        await until('the worker tells of it', () => lines(worker, 'begun-1').some((line) => line.message === 'attempt'));

        const every = worker.out.stderr.trim().split('\n').map((line) => JSON.parse(line));
        assert.deepEqual(every.filter((line) => 'task' in line && !line.request), [], 'no line about a task is without its request');
    });

    await t.test('streams of events and uploads are gauges that come back to nothing', async () => {
        const gauge = async (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await read(`${metricsOf(server)}/metrics`))[1]);
        const stop = new AbortController();
        const stream = await fetch(`${server.url}/api/tasks/events`, { headers: { Authorization: `Bearer ${ana.token}` }, signal: stop.signal });
        assert.equal(stream.status, 200);
        assert.equal(await gauge('reelgate_event_streams'), 1);
        stop.abort();
        await until('nobody listens', async () => await gauge('reelgate_event_streams') === 0);
        assert.equal(await gauge('reelgate_uploads_in_progress'), 0);
    });

    await t.test('the ordinary port tells its figures to admins alone', async () => {
        assert.equal((await new Client(server).get('/metrics')).status, 401);
        assert.deepEqual((({ status, json }) => [status, json.code])(await ana.get('/metrics')), [403, 'forbidden']);
        const reads = (await admin.post('/api/keys', { name: 'reads', scopes: ['read'] })).json.key;
        assert.equal((await new Client(server, reads).get('/metrics')).json.code, 'scope_missing');
        const answer = await new Client(server, key).get('/metrics');
        assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'text/plain; version=0.0.4; charset=utf-8']);
        assert.match(answer.text, /^reelgate_ready 1$/m);
    });

    await t.test('what is told is well formed, and all that dashboard and alerts name is told', async () => {
        const texts = await Promise.all([server, worker].map((p) => read(`${metricsOf(p)}/metrics`)));
        for (const text of texts) {
            assert.equal(execFileSync('promtool', ['check', 'metrics'], { input: text, stdio: 'pipe' }).toString(), '');
            assert.ok(text.length < 500_000, 'labels are few');
        }
        const told = new Set(texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+)/gm)].map((m) => m[1])));
        const named = (text) => [...text.matchAll(/\b(?:reelgate|process)_[a-z_]+/g)].map((m) => m[0]).map((name) => (told.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')));
        const dashboard = JSON.parse(deploy('grafana/reelgate.json'));
        const panels = dashboard.panels.filter((p) => p.type !== 'row');
        const queries = panels.flatMap((p) => p.targets.map((target) => target.expr));
        assert.equal(new Set(dashboard.panels.map((p) => p.id)).size, dashboard.panels.length);
        const shown = new Set(queries.flatMap(named));
        assert.deepEqual([...shown].filter((name) => !told.has(name)), [], 'the dashboard names what is not told');
        const rules = [...deploy('prometheus/reelgate.rules.yml').matchAll(/expr: (\|\n(?: {10}.*\n)+|.*)/g)].map((m) => m[1]);
        assert.deepEqual(rules.flatMap(named).filter((name) => !told.has(name)), []);
        for (const query of queries) // Prometheus understands it, and knows every label that it sums by
            await watcher.value(query.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.*'));
        const watched = new Set([...shown, ...rules.flatMap(named)]);
        const unwatched = [...told].filter((name) => name.startsWith('reelgate_') && !watched.has(name));
        assert.deepEqual(unwatched, ['reelgate_build_info', 'reelgate_users'], 'everything else is on the dashboard or rings');
    });

    await t.test('the alerts ring when they should', (t) => {
        const dir = folder(t);
        for (const [name, path] of [['reelgate.rules.yml', 'prometheus/reelgate.rules.yml'], ['prometheus.yml', 'prometheus/prometheus.yml']]) writeFileSync(join(dir, name), deploy(path));
        const rings = (alertname, at, input) => `
  - interval: 1m
    input_series: ${JSON.stringify(input.map(([series, values]) => ({ series, values })))}
    promql_expr_test: [{expr: 'count(ALERTS{alertname="${alertname}",alertstate="firing"})', eval_time: ${at}, exp_samples: [{labels: '{}', value: 1}]}]`;
        writeFileSync(join(dir, 'test.yml'), `rule_files: [reelgate.rules.yml]\ntests:${[
            rings('ReelgateDown', '3m', [['up{job="reelgate",instance="a"}', '0x10']]),
            rings('ReelgateNotReady', '3m', [['reelgate_ready{instance="a"}', '0x10']]),
            rings('ReelgatePartDown', '3m', [['reelgate_part_up{part="database"}', '0x10']]),
            rings('ReelgateNoWorker', '4m', [['up{job="reelgate"}', '1x10']]),
            rings('ReelgateWaitsLong', '9m', [['reelgate_oldest_waiting_seconds', '301x20']]),
            rings('ReelgateAttemptsFail', '20m', [['reelgate_attempts_total{outcome="uploaded",path="none"}', '0+3x30'], ['reelgate_attempts_total{outcome="processed",path="copy"}', '0+7x30']]),
            rings('ReelgateLeasesLost', '10m', [['reelgate_tasks_recovered_total', '0+1x30']]),
            rings('ReelgateHostileClip', '10m', [['reelgate_attempt_failures_total{code="clip_hostile"}', '0 0 1x30']]),
            rings('ReelgateReelsRemade', '10m', [['reelgate_reels_remade_total', '0+1x30']]),
            rings('ReelgateReelRefused', '10m', [['reelgate_encoded_reels_refused_total', '0 0 1x30']]),
            rings('ReelgateStorageLow', '15m', [['reelgate_storage_free_bytes', '9x30'], ['reelgate_storage_total_bytes', '100x30']]),
            rings('ReelgateErrors', '15m', [['reelgate_http_requests_total{status="5xx"}', '0+1x30'], ['reelgate_http_requests_total{status="2xx"}', '0+20x30']]),
            rings('ReelgateSlow', '25m', [['reelgate_http_request_duration_seconds_bucket{route="/api/tasks",method="GET",le="0.5"}', '0x40'], ['reelgate_http_request_duration_seconds_bucket{route="/api/tasks",method="GET",le="1"}', '0+9x40'], ['reelgate_http_request_duration_seconds_bucket{route="/api/tasks",method="GET",le="+Inf"}', '0+9x40']]),
            rings('ReelgateHooksDead', '10m', [['reelgate_hook_deliveries_total{outcome="dead"}', '0 0 1x30']]),
            rings('ReelgateDescriptors', '10m', [['process_open_fds{job="reelgate"}', '90x30'], ['process_max_fds{job="reelgate"}', '100x30']]),
        ].join('')}\n`);
        const said = execFileSync('promtool', ['check', 'config', 'prometheus.yml'], { cwd: dir, stdio: 'pipe' }).toString();
        assert.match(said, /15 rules found/);
        execFileSync('promtool', ['test', 'rules', 'test.yml'], { cwd: dir, stdio: 'pipe' });
    });

    // last, since Prometheus takes five seconds to begin
    await t.test('prometheus scrapes both, and counts what was done', async () => {
        await becomes('sum(up{job="reelgate"})', 2);
        await becomes('up{job="reelgate-api"}', 1);
        await becomes('sum(reelgate_attempts_total{outcome="processed",path="copy"})', 1);
        await becomes('sum(reelgate_attempts_total{outcome="processed",path="encode"})', 2);
        await becomes('sum(reelgate_attempts_total{outcome="failed",path="none"})', 1);
        await becomes('sum(reelgate_attempt_failures_total)', 1);
        await becomes('sum(reelgate_render_seconds_per_clip_second_count)', 3);
        await becomes('sum(reelgate_task_wait_seconds_count)', 4);
        await becomes('reelgate_bumper_cache_total{result="miss"} and on(instance) reelgate_worker_jobs == 1', 1);
        await becomes('sum(reelgate_http_requests_total{job="reelgate",route="/api/tasks",method="POST",status="2xx"})', 3);
        await becomes('sum(reelgate_http_request_duration_seconds_count{job="reelgate",route="/api/tasks",method="POST"})', 3);
        await becomes('max(reelgate_tasks{state="processed"})', 3);
        await becomes('max(reelgate_tasks{state="failed"})', 1);
        await becomes('max(reelgate_oldest_waiting_seconds)', 0);
        await becomes('max(reelgate_users)', 2);
        await becomes('max(reelgate_storage_used_bytes)', (n) => n > 10_000);
        await becomes('min(reelgate_storage_free_bytes)', (n) => n > 0);
        await becomes('reelgate_build_info{role="worker"}', 1);
        await becomes('sum(reelgate_http_received_bytes_total{job="reelgate"})', (n) => n > 1000);
        await becomes('min(process_resident_memory_bytes{job="reelgate"})', (n) => n > 1e6);
        await becomes('max(process_start_time_seconds{job="reelgate"}) - time()', (n) => n > -600 && n < 5);
        await becomes('count(ALERTS{alertstate="firing"}) or vector(0)', 0);
        const { data } = await watcher.ask('rules', {});
        assert.ok(data.groups[0].rules.length > 10);
    });

    await t.test('doctor sees a clock that is not the database\'s', async () => {
        const library = execFileSync('dpkg', ['-L', 'libfaketime'], { encoding: 'utf8' }).split('\n').find((name) => name.endsWith('/libfaketime.so.1'));
        const look = async (FAKETIME, flags = all.shared) => (await doctor(t, flags, { env: { LD_PRELOAD: library, FAKETIME, DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1', ASAN_OPTIONS: 'verify_asan_link_order=0' } })).checks.find((c) => c.check === 'clock');
        const [ahead, right, past] = await Promise.all([look('+3600s'), look('+0s'), look('-400d', [])]);
        assert.deepEqual([ahead.state, ahead.code], ['warn', 'doctor_clock']);
        assert.match(ahead.detail, /it is 3\d{3}\.\d s ahead of the database's/);
        assert.equal(right.state, 'ok');
        assert.deepEqual([past.state, past.code], ['warn', 'doctor_clock_past']);
    });

    await t.test('without the database both are not ready, and still tell their figures', async () => {
        const ready = async (url) => {
            const answer = await fetch(`${url}/api/ready`);
            return { status: answer.status, wait: answer.headers.get('retry-after'), ...(await answer.json()) };
        };
        const up = { status: 200, wait: null, database: 'ok', storage: 'ok', queue: 'ok', stopping: false };
        for (const url of [server.url, metricsOf(server), metricsOf(worker)]) assert.deepEqual(await ready(url), { ...up, status: 'ready' });
        assert.equal((await fetch(`${server.url}/api/ready`)).status, 200);
        await database.kill();
        for (const url of [server.url, metricsOf(server), metricsOf(worker)]) {
            await until(`${url} is not ready`, async () => (await fetch(`${url}/api/ready`)).status === 503);
            const { wait, status, database: of, storage, queue } = await ready(url);
            assert.deepEqual([wait, status, of, storage, queue], ['2', 'not_ready', 'down', 'ok', 'ok']);
        }
        const text = await read(`${metricsOf(worker)}/metrics`);
        assert.match(text, /^reelgate_part_up\{part="database"\} 0$/m);
        assert.match(text, /^reelgate_ready 0$/m);
        assert.match(text, /^reelgate_attempts_total\{outcome="processed",path="copy"\} 1$/m);
        await database.start();
        for (const url of [server.url, metricsOf(worker)]) await until(`${url} is ready again`, async () => (await fetch(`${url}/api/ready`)).status === 200);
    });
});

// -- doctor ------------------------------------------------------------------------------------

// What doctor says, of a data folder of its own unless the flags name one.
async function doctor(t, flags = [], { env = {}, limits = '', command = program } = {}) {
    const given = flags.includes('--data') ? [] : ['--data', folder(t)];
    const all = ['doctor', '--json', ...(flags.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']), ...(flags.includes('--free-space-floor') ? [] : ['--free-space-floor', '0']), ...given, ...flags];
    const { code, stdout, stderr } = await run(['-c', `${limits} ${limits.startsWith('exec strace') ? '' : 'exec'} "$0" "$@"`, command, ...all], { command: 'bash', env: { LC_ALL: 'C.UTF-8', ...env } });
    let said;
    try { said = JSON.parse(stdout); } catch { assert.fail(`${all.join(' ')}: ${stdout}${stderr}`); }
    assert.equal(code, said.ok ? 0 : 1, stdout);
    for (const c of said.checks) {
        assert.deepEqual(Object.keys(c), ['check', 'state', 'code', 'message', 'detail', 'hint']);
        if (c.state !== 'ok') assert.ok(c.code && c.message && c.detail && c.hint, JSON.stringify(c));
    }
    return said;
}
const patch = (path, at, ...octets) => {
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.from(octets), 0, octets.length, at);
    closeSync(fd);
};

test('doctor explains what is wrong, and what to do', async (t) => {
    const server = await serve(t);
    const data = server.dir, here = ['--data', data];
    const port = new URL(server.url).port;
    const copy = (change) => { // of a whole data folder, with one thing wrong
        const dir = folder(t);
        for (const name of ['blobs', 'cache']) mkdirSync(join(dir, name), { mode: 0o700 });
        for (const name of ['reelgate.db', 'secret']) copyFileSync(join(data, name), join(dir, name));
        for (const name of ['reelgate.db', 'secret']) chmodSync(join(dir, name), 0o600);
        chmodSync(dir, 0o700);
        change(dir);
        return ['--data', dir];
    };
    const finds = async (check, state, code, flags, { hint, ...options } = {}) => {
        const { checks } = await doctor(t, flags, options);
        const found = checks.find((c) => c.check === check && c.state === state && c.code === code);
        if (hint) assert.match(found?.hint ?? 'not found', hint);
        assert.ok(found, `${check} is not ${state} for ${code}: ${JSON.stringify(checks.filter((c) => c.state !== 'ok' || c.check === check), null, 1)}`);
    };
    const free = statfsSync(data).bavail * statfsSync(data).bsize;
    const file = join(folder(t), 'file');
    writeFileSync(file, 'no folder');

    await t.test('while a server runs', async () => {
        await Promise.all([
            finds('database', 'warn', 'doctor_database_used', here),
            finds('port', 'warn', 'doctor_port_taken', [...here, '--listen', `127.0.0.1:${port}`]),
            finds('port', 'warn', 'doctor_port_taken', [...here, '--metrics-listen', `127.0.0.1:${port}`]),
        ]);
        await server.stop();
        const well = await doctor(t, here);
        assert.deepEqual(well.checks.filter((c) => c.state !== 'ok' && c.check !== 'jail'), [], 'afterwards all is well');
        assert.deepEqual([...new Set(well.checks.map((c) => c.check))], ['settings', 'limits', 'modules', 'helper', 'jail', 'cache', 'port', 'queue', 'data', 'disk', 'secret', 'storage', 'database', 'files', 'clock']);
    });
    await t.test('settings, data folder, secret, disk and storage', () => Promise.all([
        finds('settings', 'fail', 'doctor_settings', [...here, '--fit', 'none']),
        finds('port', 'fail', 'doctor_port_bad', [...here, '--listen', 'nowhere']),
        finds('port', 'fail', 'doctor_port_bad', [...here, '--listen', '203.0.113.1:8000']),
        finds('data', 'warn', 'doctor_data_new', ['--data', join(data, 'none')]),
        finds('data', 'fail', 'doctor_data_bad', ['--data', file]),
        finds('data', 'warn', 'doctor_data_open', copy((dir) => chmodSync(dir, 0o755))),
        finds('secret', 'warn', 'doctor_secret_new', [...here, '--secret-file', join(data, 'none')]),
        finds('secret', 'fail', 'doctor_secret_open', copy((dir) => chmodSync(join(dir, 'secret'), 0o644))),
        finds('secret', 'fail', 'doctor_secret_short', copy((dir) => writeFileSync(join(dir, 'secret'), 'short'))),
        finds('disk', 'fail', 'doctor_disk_full', [...here, '--free-space-floor', '1000T']),
        finds('disk', 'warn', 'doctor_disk_near', [...here, '--free-space-floor', String(Math.floor(free * 0.7))]),
        finds('storage', 'fail', 'doctor_storage_denied', [...here, '--storage', `file://${file}`]),
        finds('storage', 'warn', 'doctor_storage_new', [...here, '--storage', `file://${data}/none`]),
        finds('storage', 'fail', 'doctor_storage_bad', [...here, '--storage', 's3:bucket']),
        finds('cache', 'warn', 'doctor_cache', [...here, '--cache', file]),
        finds('files', 'fail', 'doctor_files', copy((dir) => writeFileSync(join(dir, 'blobs/stray'), 'nobody knows me'))),
    ]));
    await t.test('database and queue', () => Promise.all([
        finds('database', 'warn', 'doctor_database_new', [...here, '--database', `sqlite://${data}/none.db`]),
        finds('database', 'fail', 'doctor_database_newer', copy((dir) => patch(join(dir, 'reelgate.db'), 60, 0, 0, 3, 0))), /* user_version of the file */
        finds('database', 'warn', 'doctor_database_older', copy((dir) => patch(join(dir, 'reelgate.db'), 60, 0, 0, 0, 5))),
        finds('database', 'fail', 'doctor_database_broken', copy((dir) => patch(join(dir, 'reelgate.db'), 4096, ...Buffer.alloc(8192, 0xa5)))),
        finds('database', 'fail', 'doctor_database_bad', [...here, '--database', 'postgresql:reelgate']),
        finds('database', 'fail', 'doctor_database_down', [...here, '--database', 'postgresql://reelgate@127.0.0.1:1/reelgate']),
        finds('database', 'fail', 'doctor_database_down', ['--data', join(data, 'none'), '--database', 'postgresql://reelgate@127.0.0.1:1/reelgate']),
        finds('queue', 'fail', 'doctor_queue_bad', [...here, '--queue', 'pigeon://post']),
        finds('queue', 'fail', 'doctor_queue_down', [...here, '--queue', 'amqp://guest:guest@127.0.0.1:1/%2f']),
        finds('queue', 'fail', 'doctor_queue_down', [...here, '--queue', 'redis://127.0.0.1:1/0']),
    ]));
    await t.test('the machine', async () => {
        const alone = folder(t); // the program without its modules
        for (const name of ['reelgate', 'reelgate-media']) copyFileSync(join(program, '..', name), join(alone, name));
        const bare = { command: join(alone, 'reelgate') };
        await Promise.all([
            finds('helper', 'fail', 'doctor_helper', [...here, '--media-helper', join(data, 'none')]),
            finds('jail', 'fail', 'doctor_jail', [...here, '--media-helper', '/bin/true']),
            finds('modules', 'fail', 'doctor_module', here, bare),
            finds('queue', 'fail', 'doctor_module', [...here, '--queue', 'amqp://127.0.0.1'], bare),
            finds('database', 'fail', 'doctor_module', [...here, '--database', 'postgresql://127.0.0.1/reelgate'], bare),
            finds('storage', 'fail', 'doctor_module', [...here, '--storage', 's3://reels'], bare),
            finds('jail', 'warn', 'doctor_layer', here, { limits: "exec unshare --user --map-root-user bash -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-sys_admin -- \"$0\" \"$@\"' \"$0\" \"$@\";", hint: /sysctl user.max_user_namespaces/ }),
            // strace refuses the calls as an engine's profile does, and by a filter that the process can see
            finds('jail', 'warn', 'doctor_layer', here, { limits: 'exec strace -f --seccomp-bpf -qq -o /dev/null -e trace=unshare -e inject=unshare:error=EPERM', env: { ASAN_OPTIONS: 'detect_leaks=0' }, hint: /seccomp.* around this service/ }),
            finds('limits', 'warn', 'doctor_limit_files', here, { limits: 'ulimit -n 1000;' }),
            finds('limits', 'fail', 'doctor_limit_files', here, { limits: 'ulimit -n 128;' }),
            finds('limits', 'fail', 'doctor_limit_size', here, { limits: 'ulimit -f 1000000;' }),
            ...(/asan/.test(program) ? [] : [finds('limits', 'warn', 'doctor_limit_memory', [...here, '--child-memory', '64G'], { limits: 'ulimit -v 33554432;' })]),
        ]);
    });
    await t.test('in the language of the terminal', async () => {
        const flags = ['doctor', '--listen', '127.0.0.1:0', '--data', join(data, 'none'), '--queue', 'pigeon://post'];
        const [spanish, english] = await Promise.all(['es_CO.UTF-8', 'en_GB.UTF-8'].map((LC_ALL) => run(flags, { env: { LC_ALL } })));
        assert.match(spanish.stdout, /^FAIL {2}queue {5}La cola no se puede abrir \(.*pigeon.*\)\n +-> Corrija --queue$/m);
        assert.match(english.stdout, /^FAIL {2}queue {5}The queue cannot be opened \(.*pigeon.*\)\n +-> Correct --queue$/m);
        assert.ok(!existsSync(join(data, 'none')), 'doctor makes nothing');
    });
});
