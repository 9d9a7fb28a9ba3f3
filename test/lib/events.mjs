// A reader of Server-Sent Events, by the letter of the standard as far as it is used here.
import http from 'node:http';
import { check, checkEvent } from './contract.mjs';
import { until } from './reelgate.mjs';

export class Stream {
    constructor(client, path = '/api/tasks/events', { after, headers = {} } = {}) {
        this.events = [];
        this.comments = 0;
        this.ended = false;
        const all = { Authorization: `Bearer ${client.token}`, Accept: 'text/event-stream', ...headers };
        if (after !== undefined) all['Last-Event-ID'] = String(after);
        let text = '';
        this.opened = new Promise((done, failed) => {
            this.request = http.get(new URL(path, client.url), { headers: all, agent: false }, (answer) => {
                this.status = answer.statusCode;
                this.headers = answer.headers;
                if (answer.statusCode === 200) check({ method: 'GET', url: path, headers: all }, { status: 200, headers: Object.entries(answer.headers) });
                answer.setEncoding('utf8');
                answer.on('data', (part) => {
                    text += part;
                    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) this.block(text.slice(0, end));
                });
                answer.on('close', () => (this.ended = true));
                answer.on('error', () => (this.ended = true));
                done(this);
            }).on('error', (error) => {
                this.ended = true;
                failed(error);
            });
        });
    }
    block(text) {
        const event = {};
        for (const line of text.split('\n')) {
            if (line.startsWith(':')) this.comments++;
            const m = /^(id|event|data|retry): (.*)$/.exec(line);
            if (m) event[m[1]] = m[2];
        }
        if (!event.data) return;
        checkEvent(JSON.parse(event.data));
        this.events.push({ ...event, id: Number(event.id), ...JSON.parse(event.data) });
    }
    get last() { return this.events.at(-1)?.id; }
    // What is told of one task: its types, progress left out.
    types(task) { return this.events.filter((ev) => ev.task_id === task && ev.type !== 'task.progress').map((ev) => ev.type.slice(5)); }
    sees(type, task) {
        return until(`${type} of ${task ?? 'no task'} is told`, () => {
            if (this.ended) throw new Error(`the stream has ended before ${type}`);
            return this.events.find((ev) => ev.type === type && (task === undefined || ev.task_id === task));
        });
    }
    close() { this.request.destroy(); }
}
export async function listen(t, client, path, options) {
    const stream = new Stream(client, path, options);
    t.after(() => stream.close());
    return stream.opened;
}
