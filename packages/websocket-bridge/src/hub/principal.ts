import type { ChatCompletionRequest } from '@deltawire/core'

/** Somebody who asks: a user, a service. */
export interface Principal {
  /** Whose streams and keys these are. */
  readonly id: string
  /** Unix milliseconds: from then on this principal needs a new token. */
  readonly expiresAt?: number | undefined
  /** Whatever else `authorize` and `open` want to know. Tickets carry it, so it must be JSON. */
  readonly data?: unknown
}

/** What somebody has shown to be let in. At most one of `token` and `cookie`. */
export interface Credentials {
  /** As it came: in `Authorization`, or in a frame. */
  readonly token?: string | undefined
  /** The `Cookie` header. Only given where the request's origin is allowed, and only if `cookies` is set. */
  readonly cookie?: string | undefined
}

/** What somebody wants to do. */
export type Action =
  | { readonly kind: 'start'; readonly request: ChatCompletionRequest; readonly topic: string | undefined }
  | { readonly kind: 'cancel' | 'read' | 'tool'; readonly stream: AboutStream }
  | { readonly kind: 'follow'; readonly topic: string }

/** What decides who may do something to a stream. */
export interface AboutStream {
  readonly id: string
  /** The `id` of the principal who started it. */
  readonly owner: string
  /** Under which it was announced, if at all. */
  readonly topic?: string | undefined
}

/** Says who shows these credentials; `undefined` for nobody that is known. */
export type Authenticate = (credentials: Credentials) => Principal | undefined | Promise<Principal | undefined>

/** Whether somebody may do something. */
export type Authorize = (principal: Principal, action: Action) => boolean | Promise<boolean>

/** Everybody, where nobody is asked who they are. */
export const ANYBODY: Principal = { id: 'anybody' }

/**
 * The usual rule: a stream is its owner's, and whoever is known may start one.
 *
 * A topic may be followed by anybody who is known: of its streams they are told those that they may read.
 */
export const ownersOnly: Authorize = (principal, action) =>
  !('stream' in action) || action.stream.owner === principal.id
