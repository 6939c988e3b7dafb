// oxlint-disable typescript/no-unnecessary-type-parameters -- a type that is only asked about is used once
/** Whether two types are the same, property by property, `?` and `null` included: neither is merely assignable. */
export type Equal<A, B> = (<T>() => T extends Flat<A> ? 1 : 2) extends <T>() => T extends Flat<B> ? 1 : 2 ? true : false

/** Interfaces and intersections written out, so that `Equal` compares what they say and not how they say it. */
type Flat<T> = T extends readonly unknown[] | object ? { [K in keyof T]: Flat<T[K]> } : T

/** Compiles only for `true`. */
export declare function assert<T extends true>(): T

/** A value of a type, for assignments that are only compiled. */
export declare function some<T>(): T
