// What operators watch: metrics and readiness of a server and of a worker of its own, one id through all
// logs, the dashboard and the alerts, on a real Prometheus and a real PostgreSQL.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './lib/client.mjs';
import { clip } from './lib/clips.mjs';
import { Cluster } from './lib/cluster.mjs';
import { postgres, prometheus } from './lib/engines.mjs';
import { folder, root, run, until } from './lib/reelgate.mjs';

const deploy = (name) => readFileSync(join(root, 'deploy', name), 'utf8');
const JSON_LOGS = ['--log-format', 'json', '--metrics-listen', '127.0.0.1:0'];
const metricsOf = (program) => /^metrics on (http:\/\/127\.0\.0\.1:\d+)\/metrics$/m.exec(program.log())[1];
const lines = (program, id) => program.out.stderr.split('\n').filter((line) => line.includes(id)).map((line) => JSON.parse(line));
const read = async (url) => (await fetch(url)).text();

test('figures, readiness and logs of a server and a worker', async (t) => {
    const [database, still, moving, broken] = await Promise.all([postgres(t), clip(1, { size: '320x240' }), clip(1), clip(1, { extension: '.mkv' })]);
    const all = new Cluster(t, { database: database.url });
    const [server, worker] = [await all.serve(...JSON_LOGS), await all.work(JSON_LOGS)];
    const [ana, eva] = [await new Client(server).user('ana'), await new Client(server).user('eva')];
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
        const every = worker.out.stderr.trim().split('\n').map((line) => JSON.parse(line));
        assert.deepEqual(every.filter((line) => 'task' in line && !line.request), [], 'no line about a task is without its request');
    });

    await t.test('prometheus scrapes both, and counts what was done', async () => {
        await becomes('sum(up{job="reelgate"})', 2);
        await becomes('up{job="reelgate-api"}', 1);
        await becomes('sum(reelgate_attempts_total{outcome="processed",path="copy"})', 1);
        await becomes('sum(reelgate_attempts_total{outcome="processed",path="encode"})', 1);
        await becomes('sum(reelgate_attempts_total{outcome="failed",path="none"})', 1);
        await becomes('sum(reelgate_attempt_failures_total)', 1);
        await becomes('sum(reelgate_render_seconds_per_clip_second_count)', 2);
        await becomes('sum(reelgate_task_wait_seconds_count)', 3);
        await becomes('reelgate_bumper_cache_total{result="miss"} and on(instance) reelgate_worker_jobs == 1', 1);
        await becomes('sum(reelgate_http_requests_total{job="reelgate",route="/api/tasks",method="POST",status="2xx"})', 3);
        await becomes('sum(reelgate_http_request_duration_seconds_count{job="reelgate",route="/api/tasks",method="POST"})', 3);
        await becomes('max(reelgate_tasks{state="processed"})', 2);
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
        const rings = (alertname, at, input, instance = 'instance: a, job: reelgate,') => `
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
            rings('ReelgateStorageLow', '15m', [['reelgate_storage_free_bytes', '9x30'], ['reelgate_storage_total_bytes', '100x30']]),
            rings('ReelgateErrors', '15m', [['reelgate_http_requests_total{status="5xx"}', '0+1x30'], ['reelgate_http_requests_total{status="2xx"}', '0+20x30']]),
            rings('ReelgateSlow', '25m', [['reelgate_http_request_duration_seconds_bucket{route="/api/tasks",method="GET",le="0.5"}', '0x40'], ['reelgate_http_request_duration_seconds_bucket{route="/api/tasks",method="GET",le="1"}', '0+9x40'], ['reelgate_http_request_duration_seconds_bucket{route="/api/tasks",method="GET",le="+Inf"}', '0+9x40']]),
            rings('ReelgateHooksDead', '10m', [['reelgate_hook_deliveries_total{outcome="dead"}', '0 0 1x30']]),
            rings('ReelgateDescriptors', '10m', [['process_open_fds{job="reelgate"}', '90x30'], ['process_max_fds{job="reelgate"}', '100x30']]),
        ].join('')}\n`);
        const said = execFileSync('promtool', ['check', 'config', 'prometheus.yml'], { cwd: dir, stdio: 'pipe' }).toString();
        assert.match(said, /14 rules found/);
        execFileSync('promtool', ['test', 'rules', 'test.yml'], { cwd: dir, stdio: 'pipe' });
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
        await becomes('count(ALERTS{alertname="ReelgateNotReady"})', (n) => n >= 2);
        await database.start();
        for (const url of [server.url, metricsOf(worker)]) await until(`${url} is ready again`, async () => (await fetch(`${url}/api/ready`)).status === 200);
    });
});
