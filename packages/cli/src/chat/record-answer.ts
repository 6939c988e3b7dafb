import { CliError } from '../cli-error.ts'
import type { Io } from '../io.ts'
import { recordCall } from '../recording/create-recorder.ts'
import { createRecordingFolder, openRecordingFile, type RecordingFile } from '../recording/recording-file.ts'
import { createRedaction } from '../recording/redaction.ts'

export interface RecordAnswerOptions {
  /** `''`: a new one in the folder. */
  readonly file: string
  readonly folder: string | undefined
  readonly model: string
  readonly secrets: readonly string[]
  readonly io: Io
  readonly signal: AbortSignal
  readonly onPath: (path: string) => void
  /** The recording cannot be written any more. */
  readonly onFailure: (error: CliError) => void
}

/** Sends requests, and keeps what comes back as recordings. */
export function recordingFetch(send: typeof fetch, options: RecordAnswerOptions): typeof fetch {
  const { secrets, io, signal, onPath, onFailure } = options
  return async (input, init) => {
    const report = (error: unknown) => {
      if (error instanceof CliError) onFailure(error)
    }
    const file = await openFile(options).catch((error: unknown) => {
      report(error)
      throw error
    })
    onPath(file.path)
    // What is compressed would have to be kept as it came, and nobody could read it.
    const headers = new Headers(init?.headers)
    headers.set('accept-encoding', 'identity')
    const request = {
      method: init?.method ?? 'GET',
      url: input instanceof Request ? input.url : String(input),
      headers: Object.fromEntries(headers),
      body: typeof init?.body === 'string' ? (JSON.parse(init.body) as unknown) : null,
    }
    const redaction = createRedaction({ secrets, names: [] })
    try {
      const { response, written } = await recordCall(
        request,
        (recorded) => send(input, { ...init, headers, signal: recorded }),
        init?.signal ?? signal,
        {
          clock: io.clock,
          redaction,
          async write(text) {
            try {
              await file.write(text)
            } catch (error) {
              report(error)
              throw error
            }
          },
        },
      )
      const close = () => file.close().catch(report)
      void written.then(close, close)
      return response
    } catch (error) {
      await file.close().catch(report)
      throw error
    }
  }
}

async function openFile({ file, folder, model, io }: RecordAnswerOptions): Promise<RecordingFile> {
  if (file !== '') return openRecordingFile(file)
  if (folder === undefined) return openRecordingFile('deltawire-recording.jsonl')
  const create = await createRecordingFolder(folder)
  return create(io.clock.date(), model)
}
