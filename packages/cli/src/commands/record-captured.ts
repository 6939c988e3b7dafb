import { StreamError } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import type { FlagValues } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { fetchThrough } from '../network/fetch-through.ts'
import { bodyIn } from '../recording/body-in.ts'
import { recordingOf, type CapturedCall } from '../recording/captured-call.ts'
import { recordCall } from '../recording/create-recorder.ts'
import { NotCurl, readCurl, type CurlRequest } from '../recording/curl.ts'
import { callsInHar } from '../recording/har.ts'
import { createRecordingFolder, openRecordingFile, type RecordingFile } from '../recording/recording-file.ts'
import { createRedaction, secretsIn } from '../recording/redaction.ts'
import { note } from '../report.ts'
import { readText } from '../source/read-text.ts'
import { openSource } from '../source/open-source.ts'
import { showRecorded } from './show-recorded.ts'
import type { flags } from './record.command.ts'

type Flags = FlagValues<typeof flags>

/** More is no capture of a few calls, and would not fit into a text. */
const maxHarBytes = 256 * 1024 * 1024

/** `--from-har`: the chat completions of a capture as recordings. */
export async function recordHar(name: string, flags: Flags, io: Io): Promise<number> {
  const found = callsInHar(await textOf(name, flags, io, maxHarBytes))
  if (found === undefined)
    throw usageError(`${quote(name)} is no HAR file`, 'browsers export one as "HAR with content"')
  const { calls, withoutBody } = found
  if (withoutBody > 0) await note(io, flags, `${withoutBody} without an answer in the file: export it with content`)
  const [first, second] = calls
  if (first === undefined) throw usageError(`there is no chat completion with its answer in ${quote(name)}`)
  if (second !== undefined && flags.dir === undefined) {
    throw usageError(
      `there are ${calls.length} chat completions in ${quote(name)}`,
      'give a folder for them: --dir FOLDER',
    )
  }
  const create = flags.dir === undefined ? undefined : await createRecordingFolder(flags.dir)
  for (const call of calls) {
    const text = recordingOf(call, flags.redact ?? [])
    if (flags.output === undefined && create === undefined) await io.stdout.write(text)
    else await writeTo(await fileFor(call, flags, create), text, flags, io)
  }
  return exitCode.complete
}

type CreateFile = Awaited<ReturnType<typeof createRecordingFolder>>

async function fileFor({ started, request }: CapturedCall, flags: Flags, create: CreateFile | undefined) {
  const { body } = request
  const model = typeof body === 'object' && body !== null && 'model' in body ? String(body.model) : ''
  return create === undefined ? openRecordingFile(flags.output ?? '') : create(started.getTime(), model)
}

async function writeTo(file: RecordingFile, text: string, flags: Flags, io: Io): Promise<void> {
  try {
    await file.write(text)
  } finally {
    await file.close()
  }
  await note(io, flags, `recorded in ${file.path}`)
}

/** `--from-curl`: makes the call that the command describes, and records it. */
export async function recordCurl(name: string, flags: Flags, io: Io): Promise<number> {
  const variables: string[] = []
  const asked = curlIn(await textOf(name, flags, io), (variable) => {
    const value = io.env[variable] ?? ''
    if (value === '') throw usageError(`the variable $${variable} of the curl command is not set`)
    variables.push(value)
    return value
  })
  const file = await fileOf(asked, flags, io)
  try {
    return await sendAndRecord(asked, variables, file, flags, io)
  } finally {
    await file?.close()
  }
}

function curlIn(text: string, valueOf: (variable: string) => string): CurlRequest {
  try {
    return readCurl(text, valueOf)
  } catch (error) {
    if (!(error instanceof NotCurl)) throw error
    throw usageError(`the curl command cannot be carried out: ${error.message}`, 'in a browser: Copy as cURL (bash)')
  }
}

async function fileOf({ body = '' }: CurlRequest, flags: Flags, io: Io): Promise<RecordingFile | undefined> {
  if (flags.output !== undefined) return openRecordingFile(flags.output)
  if (flags.dir === undefined) return undefined
  const create = await createRecordingFolder(flags.dir)
  const request = bodyIn(body)
  const model = typeof request === 'object' && request !== null && 'model' in request ? String(request.model) : ''
  return create(io.clock.date(), model)
}

/** What belongs to one connection, and what has to be as the recording needs it. */
const notSent = new Set(['accept-encoding', 'connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding'])

async function sendAndRecord(
  { method, url, headers, body, insecure }: CurlRequest,
  variables: readonly string[],
  file: RecordingFile | undefined,
  flags: Flags,
  io: Io,
): Promise<number> {
  const sent = Object.fromEntries(Object.entries(headers).filter(([header]) => !notSent.has(header)))
  sent['accept-encoding'] = 'identity'
  const send = await fetchThrough(
    { proxy: flags['http-proxy'], ca: flags.ca, insecure: flags.insecure || insecure },
    io,
  )
  const { response, written } = await recordCall(
    { method, url, headers: sent, ...(body !== undefined && { body: bodyIn(body) }) },
    (signal) => send(url, { method, headers: sent, redirect: 'manual', signal, ...(body !== undefined && { body }) }),
    io.signal,
    {
      clock: io.clock,
      redaction: createRedaction({ secrets: [...secretsIn(headers), ...variables], names: flags.redact ?? [] }),
      write: file?.write ?? io.stdout.write,
    },
  ).catch((cause: unknown) => {
    if (io.signal.aborted) throw io.signal.reason
    // The recording cannot be written.
    if (cause instanceof CliError) throw cause
    const { origin, pathname } = new URL(url)
    throw new StreamError(
      'connect_failed',
      `no answer from ${origin}${pathname}`,
      { url: origin + pathname },
      { cause },
    )
  })
  return showRecorded(readChunks(response), { file, written: () => written }, flags, io)
}

async function textOf(name: string, flags: Flags, io: Io, maxBytes?: number): Promise<string> {
  const { open } = await openSource(name, flags, io)
  const { reads } = await open()
  async function* bytes() {
    for await (const read of reads) yield read.bytes
  }
  return readText(bytes(), quote(name), maxBytes)
}
