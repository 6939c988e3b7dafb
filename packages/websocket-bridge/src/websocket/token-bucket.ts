/**
 * How often somebody may do something: so many at once, and so many a second for long.
 *
 * A class, because each socket has one.
 */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #level: number
  #filledAt: number

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#level = burst
    this.#filledAt = nowMs
  }

  /** Whether all of it is there: nothing was taken for some time. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#level === this.#burst
  }

  #fill(nowMs: number): void {
    // A clock that was set back fills nothing.
    const filled = (Math.max(0, nowMs - this.#filledAt) * this.#perSecond) / 1000
    this.#level = Math.min(this.#burst, this.#level + filled)
    this.#filledAt = nowMs
  }

  /** @returns whether there was enough */
  take(cost: number, nowMs: number): boolean {
    this.#fill(nowMs)
    if (this.#level < cost) return false
    this.#level -= cost
    return true
  }
}
