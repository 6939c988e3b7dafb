import type { StreamState } from '../normalize/state.ts'

/**
 * All that later events are read by, in one text: while it stays the same, equal events become equal chunks.
 *
 * So events that only repeat what a decoder has seen need not be pushed, if the state is told how the answer has grown.
 */
export function readBy({ id, created, model, hasUsage, turns, choices }: StreamState): string {
  let told = `${id} ${created} ${model} ${hasUsage} ${turns}`
  for (const [index, { begun, finished, calls, audioTail }] of choices)
    told += ` ${index} ${begun} ${finished} ${calls?.opened()} ${audioTail}`
  return told
}
