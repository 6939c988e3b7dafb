// What a byte is inside a JSON string. In a file of their own, so that bundlers put the numbers where the names stand.

export const PLAIN = 0
/** A byte of a character beyond ASCII. */
export const UNICODE = 1
/** A backslash. */
export const ESCAPE = 2
export const CLOSING_QUOTE = 3
export const CONTROL = 4

/** What does not match: its bytes are for the slow way to judge. Also what ends too early, which the slow way awaits. */
export const MISS = -1
