// What api.ts, which is made of the description, says of a route: where it is, what it takes, what it gives.
import type { components, paths } from './api.js';

export type Schemas = components['schemas'];
export type Me = Schemas['Me'];
export type Task = Schemas['Task'];
export type TaskBrief = Schemas['TaskBrief'];
export type TaskListed = Schemas['TaskListed'];
export type TaskOwned = Schemas['TaskOwned'];
export type TaskState = Schemas['TaskState'];
export type Fit = Schemas['Fit'];

export type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'options';
type Of<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
/** The paths that know a method. */
export type Path<M extends Method> = { [P in keyof paths]: [Of<P, M>] extends [never] ? never : P }[keyof paths];

type Given<O, K extends string> = O extends { parameters: infer P } ? (P extends { [k in K]: infer V } ? V : P extends { [k in K]?: infer V } ? Exclude<V, undefined> : never) : never;
type Slot<Name extends string, V> = [V] extends [never] ? { [k in Name]?: undefined } : Record<never, never> extends V ? { [k in Name]?: V } : { [k in Name]: V };
type Sent<O> = O extends { requestBody?: infer B } ? (NonNullable<B> extends { content: infer C } ? C : never) : never;
// JSON is checked; of a form or of bytes only fetch knows.
type Body<C> = C extends { 'application/json': infer T } ? T : FormData | Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | string;
type BodySlot<O> = [Sent<O>] extends [never] ? { body?: undefined } : O extends { requestBody: object } ? { body: Body<Sent<O>> } : { body?: Body<Sent<O>> };

/** What a call takes: what is in the path, the query, headers, the body. */
export type Arguments<P extends keyof paths, M extends Method> = Slot<'path', Given<Of<P, M>, 'path'> | PathOf<P>> &
    Slot<'query', Given<Of<P, M>, 'query'>> & BodySlot<Of<P, M>> & { headers?: Record<string, string>; signal?: AbortSignal };
// Parameters of the path stand beside its methods.
type PathOf<P extends keyof paths> = paths[P] extends { parameters: { path: infer V } } ? V : never;

type Good = 200 | 201 | 202 | 204 | 206;
type Value<R> = R extends { content: { 'application/json': infer T } } ? T : R extends { content: object } ? Response : undefined;
/** What it gives: JSON as it is described, nothing, or the Response itself where that is a file, a text or a stream. */
export type Result<P extends keyof paths, M extends Method> = Of<P, M> extends { responses: infer R } ? Value<R[keyof R & Good]> : never;

/** The query of a list. */
export type TaskQuery = Arguments<'/api/tasks', 'get'>['query'];
export type AdminTaskQuery = Arguments<'/api/admin/tasks', 'get'>['query'];
/** An event of a stream, and its number, after which another stream can go on. */
export type TaskEvent = Each<Schemas['Event']>;
// A type of its own for each, so that `event.type` tells them apart one by one.
type Each<E> = E extends { type: infer T } ? (T extends string ? Omit<E, 'type'> & { type: T; id: number } : never) : never;
