// What lies in deploy/ fits the program: settings are known, the units can be loaded. test/compose.test.mjs
// runs the containers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { folder, root, run } from './lib/reelgate.mjs';

const read = (name) => readFileSync(join(root, 'deploy', name), 'utf8');

test('every setting of the example is one of the program, and its value is allowed', async (t) => {
    const dir = folder(t), file = join(dir, 'reelgate.conf');
    const logo = join(dir, 'logo.png');
    writeFileSync(logo, 'it is only looked for here');
    const text = read('reelgate.conf.example').replace(/^#(\S)/gm, '$1').replace('/etc/reelgate/logo.png', logo);
    const names = [...text.matchAll(/^([a-z-]+) = /gm)].map((m) => m[1]);
    assert.ok(names.length > 25 && new Set(names).size === names.length, names.join(' '));
    writeFileSync(file, text);
    // The settings are read before the clip is looked for.
    const good = await run(['probe', '--config', file, join(dir, 'none.mp4')]);
    assert.ok(good.code === 1 || good.code === 3, `${good.code}: ${good.stderr}`);
    writeFileSync(file, `${text}\nno-such-setting = 1\n`);
    const bad = await run(['probe', '--config', file, join(dir, 'none.mp4')]);
    assert.deepEqual([bad.code, /no-such-setting/.test(bad.stderr)], [2, true]);
    const plain = read('reelgate.conf.example').split('\n').filter((line) => line && !line.startsWith('#'));
    assert.deepEqual(plain, ['data = /var/lib/reelgate'], 'nothing else is set');
});

test('systemd can load the units, and they shut out what the service does not need', (t) => {
    const dir = folder(t);
    for (const name of ['reelgate', 'reelgate-worker']) {
        const unit = join(dir, `${name}.service`);
        mkdirSync(join(dir, 'bin'), { recursive: true });
        writeFileSync(unit, read(`systemd/${name}.service`).replaceAll('@bindir@/reelgate', '/bin/true').replaceAll('@sysconfdir@', '/etc'));
        const said = execFileSync('sh', ['-c', 'systemd-analyze verify --man=no "$1" 2>&1', 'sh', unit]).toString();
        assert.equal(said, '', 'no complaints');
        const score = execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=25', '--no-pager', unit]).toString();
        assert.match(score, /Overall exposure level/);
    }
});

// What one engine takes and another refuses, or loses, was found by running it (test/compose.test.mjs); this keeps it out.
test('the compose file is for every engine: no address, no owner of a tmpfs, one build an image, health in the file', () => {
    const text = readFileSync(join(root, 'docker-compose.yaml'), 'utf8'), { version, services, networks } = parse(text, { merge: true });
    assert.equal(version, undefined, 'Compose calls it obsolete');
    assert.doesNotMatch(text, /ipv4_address|subnet|(uid|gid)=/);
    assert.deepEqual(networks, { outside: {}, inside: { internal: true } });
    assert.ok(services.gateway.ports.includes('${REELGATE_HTTP_PORT:-8000}:8080'), 'the port of the service that it replaces');
    const builds = Object.entries(services).filter(([, s]) => s.build).map(([name, s]) => [name, s.image]);
    assert.deepEqual(builds, [['gateway', 'reelgate-gateway'], ['secrets', 'reelgate']]);
    for (const [name, s] of Object.entries(services)) {
        assert.ok(s.healthcheck?.test || (name === 'secrets' && s.healthcheck.disable), `${name} says how it is`);
        if (s.healthcheck.test?.[0] === 'CMD') assert.ok(s.healthcheck.test.every((word) => !/\s/.test(word)), `${name}: podman splits words with blanks`);
        if (!s.image.startsWith('reelgate')) continue;
        assert.deepEqual([s.read_only, s.cap_drop, s.security_opt], [true, ['ALL'], ['no-new-privileges:true']], name);
        if (s.image === 'reelgate' && !s.build) assert.deepEqual([s.pull_policy, s.depends_on.secrets], ['never', { condition: 'service_completed_successfully' }], name);
    }
    for (const name of ['backend-1', 'backend-2', 'worker-1', 'worker-2']) assert.ok(services[name].environment.REELGATE_CONFIG, `commands inside ${name} know the settings`);
});
