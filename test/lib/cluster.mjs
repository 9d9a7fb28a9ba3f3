// Several servers and workers on one database, one queue and one storage: each a process of its
// own, as on machines of their own, but that they share the folder of blobs and the secret.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program, Server } from './reelgate.mjs';

const QUICK = ['--preset', 'ultrafast', '--free-space-floor', '0', '--sweep', '200ms', '--lease', '2s'];

export class Worker extends Program {
    constructor(args, options) {
        super(['worker', ...args], options);
    }
    async start() {
        await this.launch(/^working$/m);
        return this;
    }
}

export class Cluster {
    // flags: of every program, before those of its own. keep: a folder to lie in, which stays.
    constructor(t, engines, flags = QUICK, keep = null) {
        this.flags = flags;
        this.env = engines.env ?? {};
        this.dir = keep ?? mkdtempSync(join(tmpdir(), 'reelgate-cluster-'));
        this.shared = ['--database', engines.database, '--queue', engines.queue ?? 'database:',
            '--storage', engines.storage ?? `file://${this.dir}/blobs`];
        this.programs = [];
        t.after(async () => {
            await Promise.all(this.programs.map((p) => p.stop(keep ? 'SIGTERM' : 'SIGKILL')));
            if (!keep) rmSync(this.dir, { recursive: true, force: true });
        });
    }
    // An API node. flags come last.
    async serve(...flags) {
        const server = new Server(join(this.dir, `node${this.programs.length}`), [...this.shared, ...this.flags,
            '--secret-file', join(this.dir, 'secret'), '--workers', '0', ...flags], this.flags.length ? undefined : []);
        server.env = this.env;
        this.programs.push(server);
        return server.start();
    }
    // A worker process. options: of the process, such as its environment.
    async work(flags = [], options = {}) {
        const worker = new Worker(['--data', join(this.dir, `node${this.programs.length}`), ...this.shared, ...this.flags, '--jobs', '1', ...flags], { ...options, env: { ...this.env, ...options.env } });
        this.programs.push(worker);
        return worker.start();
    }
}
