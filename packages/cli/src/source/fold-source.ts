import { accumulate, type Accumulated, type ChatCompletionChunk } from '@deltawire/core'
import { readChunks, type ReadChunksOptions } from '@deltawire/node'
import { CliError } from '../cli-error.ts'
import type { Clock } from '../clock.ts'
import type { Figures } from '../render/figures.ts'

export interface Fold extends Accumulated {
  readonly figures: Figures
}

export interface FoldOptions extends ReadChunksOptions {
  readonly clock: Clock
  /** Called with every chunk before the next one is read. */
  readonly onChunk?: ((chunk: ChatCompletionChunk) => Promise<void> | void) | undefined
}

/** Reads a stream to its end, however it ends: what it became, why it broke, and what was measured on the way. */
export async function foldSource(
  bytes: AsyncIterable<Uint8Array>,
  { clock, onChunk, ...options }: FoldOptions,
): Promise<Fold> {
  let length = 0
  let unreadable: CliError | undefined
  async function* counted() {
    try {
      for await (const piece of bytes) {
        length += piece.length
        yield piece
      }
    } catch (error) {
      // The file is at fault, and no connection.
      if (error instanceof CliError) unreadable = error
      throw error
    }
  }
  const fold = await foldChunks(readChunks(counted(), options), { clock, ...(onChunk && { onChunk }) })
  return { ...fold, error: unreadable ?? fold.error, figures: { ...fold.figures, bytes: length } }
}

/**
 * The same for chunks.
 *
 * @throws what `onChunk` throws: our own writing failed, not the stream
 */
export async function foldChunks(
  chunks: AsyncIterable<ChatCompletionChunk>,
  { clock, onChunk }: Pick<FoldOptions, 'clock' | 'onChunk'>,
): Promise<Fold> {
  const startedAt = clock.now()
  let count = 0
  let firstChunkMs: number | undefined
  let failure: { readonly reason: unknown } | undefined
  async function* watched() {
    for await (const chunk of chunks) {
      firstChunkMs ??= clock.now() - startedAt
      count += 1
      try {
        await onChunk?.(chunk)
      } catch (reason) {
        failure = { reason }
        return
      }
      yield chunk
    }
  }
  const accumulated = await accumulate(watched())
  if (failure !== undefined) throw failure.reason
  return {
    ...accumulated,
    warnings: 'warnings' in chunks ? (chunks as { warnings: Fold['warnings'] }).warnings : [],
    figures: { chunks: count, totalMs: clock.now() - startedAt, ...(firstChunkMs !== undefined && { firstChunkMs }) },
  }
}
