import { type ChatCompletionChunk, type ChunkChoice, reasoningOf, textOf } from '@deltawire/core'
import type { UIMessageChunk } from 'ai'
import { choiceOf } from '../chat/parts-of.ts'

/** Says in AI SDK's words what chunks say. */
export interface UiChunks {
  /** A chunk that is whole adds what it says beyond what was said. */
  push(chunk: ChatCompletionChunk, isWhole: boolean): void
  /** Whether the answer has said why it ended. */
  readonly isFinished: boolean
  end(): void
}

interface Call {
  id: string
  name: string
  args: string
  isStarted: boolean
}

const reasons: Readonly<Record<string, 'content-filter' | 'length' | 'stop' | 'tool-calls'>> = {
  stop: 'stop',
  length: 'length',
  content_filter: 'content-filter',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
}

export function createUiChunks(emit: (chunk: UIMessageChunk) => void): UiChunks {
  const said = { reasoning: 0, text: 0 }
  const calls = new Map<number, Call>()
  let open: 'reasoning' | 'text' | undefined
  let finishReason: string | undefined
  let count = 0

  function close(): void {
    if (open !== undefined) emit({ type: `${open}-end`, id: `${open}-${count}` })
    open = undefined
  }

  function say(type: 'reasoning' | 'text', all: string, isWhole: boolean): void {
    const text = isWhole ? all.slice(said[type]) : all
    if (text === '') return
    if (open !== type) {
      close()
      count++
      open = type
      emit({ type: `${type}-start`, id: `${type}-${count}` })
    }
    said[type] += text.length
    emit({ type: `${type}-delta`, id: `${type}-${count}`, delta: text })
  }

  function call(
    { index, id, function: fn }: NonNullable<ChunkChoice['delta']['tool_calls']>[number],
    isWhole: boolean,
  ) {
    let known = calls.get(index)
    if (known === undefined) calls.set(index, (known = { id: '', name: '', args: '', isStarted: false }))
    known.id ||= id ?? ''
    known.name = fn?.name || known.name
    const all = fn?.arguments ?? ''
    const inputTextDelta = isWhole ? all.slice(known.args.length) : all
    known.args += inputTextDelta
    if (!known.isStarted && known.name !== '' && known.id !== '') {
      close()
      known.isStarted = true
      emit({ type: 'tool-input-start', toolCallId: known.id, toolName: known.name })
      // Also what came before the name.
      if (known.args !== '') emit({ type: 'tool-input-delta', toolCallId: known.id, inputTextDelta: known.args })
    } else if (known.isStarted && inputTextDelta !== '')
      emit({ type: 'tool-input-delta', toolCallId: known.id, inputTextDelta })
  }

  return {
    get isFinished() {
      return finishReason !== undefined
    },
    push(chunk, isWhole) {
      const choice = choiceOf(chunk)
      if (choice === undefined) return
      say('reasoning', reasoningOf(choice), isWhole)
      say('text', textOf(choice), isWhole)
      for (const delta of choice.delta.tool_calls ?? []) call(delta, isWhole)
      finishReason = choice.finish_reason ?? finishReason
    },
    end() {
      close()
      for (const { id, name, args, isStarted } of calls.values()) if (isStarted) emit(inputOf(id, name, args))
      emit({ type: 'finish-step' })
      emit({ type: 'finish', finishReason: reasons[finishReason ?? ''] ?? 'other' })
    },
  }
}

function inputOf(toolCallId: string, toolName: string, args: string): UIMessageChunk {
  try {
    return { type: 'tool-input-available', toolCallId, toolName, input: JSON.parse(args.trim() || '{}') as unknown }
  } catch (error) {
    return { type: 'tool-input-error', toolCallId, toolName, input: args, errorText: String(error) }
  }
}
