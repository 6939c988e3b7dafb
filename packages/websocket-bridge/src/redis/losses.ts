/** Notices when the store has lost everything: it was emptied, or is started again without its data. */
export interface Losses {
  /** Looks whether it is the store that it was. */
  look(): Promise<void>
  /** Whether it lost everything so short a time ago that producers may yet bring back what they have. */
  readonly isRecent: boolean
}

export interface LossesOptions {
  /** Reads the mark of the store, which a store without one is given: two lives of it have two marks. */
  readonly readMark: () => Promise<string>
  readonly now: () => number
  /** How long producers have. */
  readonly recentMs: number
}

export function createLosses({ readMark, now, recentMs }: LossesOptions): Losses {
  let known: string | undefined
  let lostAt = -Infinity
  return {
    async look() {
      const mark = await readMark()
      if (known !== undefined && known !== mark) lostAt = now()
      known = mark
    },
    get isRecent() {
      return now() - lostAt < recentMs
    },
  }
}
