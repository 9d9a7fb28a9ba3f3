// Counts what a test run really did: `tally.mjs meson FOLDER` reads the log of `meson test`, whose
// programs speak cmocka's TAP; `tally.mjs node FILE` reads the TAP of Node's test runner.
// Prints one line "passed failed" and, before it, a line for each failure.
import { readFileSync } from 'node:fs';

const [kind, where] = process.argv.slice(2);
let passed = 0;
let failed = 0;
const fail = (text) => {
    failed++;
    console.log(`    not ok: ${text}`);
};

function meson(folder) {
    const lines = readFileSync(`${folder}/meson-logs/testlog.json`, 'utf8').split('\n');
    for (const line of lines.filter((l) => l.trim())) {
        const run = JSON.parse(line);
        const cases = (run.stdout ?? '').split('\n');
        const good = cases.filter((l) => /^ok \d/.test(l) && !/# SKIP/i.test(l)).length;
        const bad = cases.filter((l) => /^not ok \d/.test(l) || /^ok \d.*# SKIP/i.test(l));
        passed += good;
        for (const l of bad) fail(`${run.name}: ${l.replace(/^(not )?ok \d+ - /, '')}`);
        // A program that fails without a failed case was ended by a signal, a sanitizer or its time
        // limit; one that succeeds without any case has tested nothing.
        if (run.result !== 'OK' && bad.length === 0) fail(`${run.name}: ${run.result}`);
        if (run.result === 'OK' && good + bad.length === 0) fail(`${run.name}: no test in it`);
    }
    if (passed + failed === 0) fail(`${folder}: no test ran`);
}

function node(file) {
    const text = readFileSync(file, 'utf8');
    const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
    passed = count('pass');
    const lost = count('fail') + count('cancelled') + count('skipped');
    if (Number.isNaN(passed + lost)) {
        passed = 0;
        fail(`${file}: the run has no summary`);
        return;
    }
    for (const l of text.split('\n')) {
        const m = /^\s*(?:not ok \d+ - (.*)|ok \d+ - (.* # SKIP.*))$/.exec(l);
        if (m) console.log(`    not ok: ${m[1] ?? m[2]}`);
    }
    failed = lost;
    if (passed + failed === 0) fail(`${file}: no test ran`);
}

if (kind === 'meson') meson(where);
else node(where);
console.log(`${passed} ${failed}`);
