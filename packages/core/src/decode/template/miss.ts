/**
 * What does not match: its bytes are for the slow way to judge. Also what ends too early, which the slow way awaits. In a
 * file of its own, so that bundlers put the number where the name stands.
 */
export const MISS = -1
