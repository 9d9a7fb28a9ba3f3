// What lies in deploy/ fits the program: settings are known, the units can be loaded.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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
