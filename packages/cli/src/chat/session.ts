import type { RequestMessage } from '@deltawire/core'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, type Io } from '../io.ts'
import { note, reportError, type Loudness } from '../report.ts'
import type { MessageRecord } from '../store/record.ts'
import { buildPrompt, templateOf } from './build-prompt.ts'
import { buildRequest } from './build-request.ts'
import { toMessages } from './conversation.ts'
import type { ConversationFlags } from './conversation-flags.ts'
import { createAsker, type Asker, type AskerFlags } from './create-asker.ts'
import { createPrinter, type Answered } from './create-printer.ts'
import { openConversation, type OpenedConversation } from './open-conversation.ts'
import type { PromptFlags } from './prompt-flags.ts'
import { withoutSecrets } from './redacted.ts'
import { runToolSteps } from './run-tool-steps.ts'
import { readTools, type Tool } from './tools.ts'
import { usageLine } from './usage-line.ts'

/** What a session began with; some of it changes while it lasts. */
export type SessionFlags = AskerFlags &
  ConversationFlags &
  Loudness &
  PromptFlags & { readonly usage: boolean; readonly format?: 'md' | 'text' | undefined }

/** A conversation at a prompt: who is asked, and what has been said. */
export interface Session {
  readonly flags: SessionFlags
  readonly opened: OpenedConversation
  readonly asker: Asker
  readonly tools: readonly Tool[]
  /** Files and attachments that go with the next prompt. */
  readonly pending: { file: string[]; attach: string[] }
  /** The last answer of this session. */
  readonly last: Answered | undefined
  /** Changes flags; asks somebody else from now on where they say so. */
  change(flags: Partial<SessionFlags>): Promise<void>
  /** Begins another conversation. */
  restart(flags: Partial<ConversationFlags>): void
  /** Asks and prints the answer. Resolves to its exit code. */
  send(text: string, signal: AbortSignal): Promise<number>
  /** Asks the last prompt again, in a branch. */
  retry(signal: AbortSignal): Promise<number>
}

export async function createSession(
  given: SessionFlags,
  io: Io,
  question: ((question: string) => Promise<string>) | undefined,
): Promise<Session> {
  let flags = given
  const recorded = { count: 0 }
  let asker = await createAsker(flags, io, recorded)
  let opened = openConversation(flags, asker.settings, io)
  let last: Answered | undefined
  const begun = opened.conversation.path().findLast((record) => record.answer !== undefined)?.answer
  if (begun !== undefined && flags.model === undefined) {
    flags = { ...flags, model: begun.profile === undefined ? begun.model : `${begun.profile}/${begun.model}` }
    asker = await createAsker(flags, io, recorded)
  }
  const tools = await readTools(flags.tool, io)
  const pending = { file: [...flags.file], attach: [...flags.attach] }

  async function send(text: string, signal: AbortSignal): Promise<number> {
    const template = await templateOf(asker.settings)
    // A terminal is no input of a prompt, and neither is the script that a session reads.
    const source = { ...io, stdin: { ...io.stdin, isTTY: true } }
    // What cannot be read any more is not in the way of the prompts behind this one.
    const files = { ...pending }
    pending.file = []
    pending.attach = []
    const prompt = await buildPrompt([text], template, asker.settings, { ...flags, ...files }, source)
    const path = opened.conversation.path()
    const system: RequestMessage[] = prompt.system === undefined ? [] : [{ role: 'system', content: prompt.system }]
    const isFirst = path.length === 0
    const before = opened.conversation.tip
    opened.conversation.add(
      ...(isFirst ? [...system, prompt.message] : [prompt.message]).map((message) => [message] as const),
    )
    return answer(before, signal, prompt.options, flags.system === undefined ? undefined : prompt.system)
  }

  /** Asks with the path as it is. */
  async function answer(
    before: string | null,
    signal: AbortSignal,
    options: Readonly<Record<string, unknown>>,
    system?: string,
  ): Promise<number> {
    const safe = withoutSecrets(io, asker.secrets)
    const path = toMessages(opened.conversation.path())
    const others = system === undefined ? path : path.filter(({ role }) => role !== 'system')
    const messages: RequestMessage[] = system === undefined ? path : [{ role: 'system', content: system }, ...others]
    const request = buildRequest(asker, flags, { messages, options, tools })
    const printer = createPrinter(
      {
        format: formatOf(),
        reasoning: flags.reasoning,
        choices: 1,
        endsLine: true,
        isRaw: false,
        secrets: asker.secrets,
      },
      safe,
    )
    const answered = await runToolSteps({
      ...opened,
      asker,
      request,
      printer,
      tools,
      signal,
      io: safe,
      maxSteps: flags['max-steps'],
      isApproved: flags.yes,
      question,
      loudness: flags,
    })
    last = answered
    await printer.end(answered)
    // Nobody answered: the next prompt begins where this one did.
    if (answered.completion === null) opened.conversation.goTo(before)
    if (flags.usage && answered.usage !== undefined)
      await io.stderr.write(`${usageLine(answered.usage, answered.figures, answered.cost)}\n`)
    return report(answered, flags, safe)
  }

  function formatOf(): 'md' | 'text' {
    return flags.format ?? (io.stdout.isTTY && asker.settings.get('render').value !== 'text' ? 'md' : 'text')
  }

  return {
    get flags() {
      return flags
    },
    get opened() {
      return opened
    },
    get asker() {
      return asker
    },
    tools,
    pending,
    get last() {
      return last
    },
    async change(changed) {
      const next = { ...flags, ...changed }
      // Fails without having changed anything.
      asker = await createAsker(next, io, recorded)
      flags = next
    },
    restart(changed) {
      opened = openConversation(
        { ...flags, continue: undefined, fork: undefined, 'at-message': undefined, title: undefined, ...changed },
        asker.settings,
        io,
      )
      last = undefined
    },
    send,
    async retry(signal) {
      const asked = lastPrompt(opened.conversation.path())
      if (asked === undefined) throw usageError('there is no prompt to ask again')
      const before = asked.parent
      opened.conversation.goTo(before)
      opened.conversation.add([asked.message])
      return answer(before, signal, {}, undefined)
    },
  }
}

export function lastPrompt(path: readonly MessageRecord[]): MessageRecord | undefined {
  return path.findLast(({ message }) => message.role === 'user')
}

/** How an answer ended, as far as a person has to know. */
async function report({ completion, error }: Answered, flags: Loudness, io: Io): Promise<number> {
  if (error instanceof Interrupted)
    await note(io, flags, completion === null ? 'stopped' : 'stopped; what had arrived is kept')
  else if (error !== null) await reportError(io, flags, error)
  if (error !== null || completion === null) return exitCodeOf(error)
  const code = exitCodeOfAnswer(completion)
  if (code === exitCode.truncated)
    await note(io, flags, `the answer was cut short (finish_reason=${completion.choices[0]?.finish_reason})`)
  if (code === exitCode.unacceptable) await note(io, flags, 'the answer is empty or a refusal')
  return code
}

export function unknownCommand(word: string, meant: string | undefined) {
  return usageError(
    `there is no command ${quote(word)}`,
    meant === undefined ? '/help lists them; a prompt that begins with / is written //' : `did you mean ${meant}?`,
  )
}
