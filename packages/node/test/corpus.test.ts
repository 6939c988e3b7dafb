import {
  accumulate,
  type Accumulated,
  type ChatCompletionChoice,
  type Extras,
  isStreamError,
  reasoningOf,
  type StreamErrorCode,
  textOf,
} from '@deltawire/core'
import {
  cutRandomly,
  iterableOf,
  type PlainChoice,
  type PlainReading,
  randomNumbers,
  readPlainly,
  type Recording,
} from '@deltawire/testkit'
import { describeRecordings } from '@deltawire/testkit/describe'
import { describe, expect, it } from 'vitest'
import { readChunks } from '../src/index.ts'

describeRecordings('every stream that a provider really sent', (recordings) => {
  it.for(named(recordings))('%s folds into what a plain reading finds in it', async ([, { bytes }]) => {
    const plain = readPlainly(bytes)
    const { completion, complete, error } = await fold(bytes)
    expect(completion === null).toBe(plain.chunks === 0)
    expect((completion?.choices ?? []).map((choice) => readingOf(choice))).toEqual(
      plain.choices.map((choice) => comparable(choice)),
    )
    expect(completion?.usage).toEqual(completion === null ? undefined : plain.usage)
    expect(completion?.id ?? '').toBe(plain.ids[0] ?? '')
    expect(completion?.model ?? '').toBe(plain.models[0] ?? '')
    expect(codeOf(error)).toBe(whatBreaks(plain))
    expect(complete).toBe(error === null)
  })

  it.for(named(recordings))('%s gives the same answer however the network cuts it', async ([, { bytes }]) => {
    const pieces = cutRandomly(bytes, bytes.length)
    expect(await accumulate(readChunks(iterableOf(pieces)))).toEqual(await fold(bytes))
  })

  it.for(named(recordings))('%s gives the beginning of its answer where it breaks off', async ([, { bytes }]) => {
    const whole = beginningsIn(await fold(bytes))
    const random = randomNumbers(bytes.length)
    for (let times = 0; times < 4; times += 1) {
      const at = Math.floor(random() * bytes.length)
      const part = await fold(bytes.subarray(0, at))
      for (const [place, text] of beginningsIn(part))
        expect(whole.get(place), `${place}, cut at byte ${at}`).toSatisfy((all: string) => all.startsWith(text))
      expect(part.complete).toBe(part.error === null)
      expect(breaks, `cut at byte ${at}`).toContain(codeOf(part.error))
    }
  })
})

describeRecordings('the odd ones', (recordings) => {
  const foldNamed = (file: string): Promise<Accumulated> => {
    const recording = recordings.find((one) => one.file === `${file}.sse`)
    if (recording === undefined) throw new Error(`The recordings hold no ${file}.sse`)
    return fold(recording.bytes)
  }
  const onlyChoice = async (file: string) => {
    const { completion } = await foldNamed(file)
    expect(completion?.choices).toHaveLength(1)
    return readingOf(completion?.choices[0])
  }
  const answerOf = async (file: string) => {
    const { completion } = await foldNamed(file)
    if (completion === null) throw new Error(`${file} gave no completion`)
    return completion as Extras<typeof completion>
  }
  const withFeature = (feature: string) => {
    const found = recordings.filter(({ features }) => features.includes(feature))
    if (found.length === 0) throw new Error(`No recording has the feature ${feature}`)
    return named(found)
  }

  describe('errors in a stream that began with 200', () => {
    it.for<[string, { message: string; type?: string; code?: number | string }, ends: string | null]>([
      [
        // In a field "error:", which is no field of the standard.
        'gpustack/qwen3-error-reasoning-0cc39f',
        { message: 'failed to decode, try again, increasing context size or reducing parallel' },
        null,
      ],
      [
        // In an event named error.
        'groq/gpt-oss-120b-error-reasoning-25e988',
        {
          message:
            'Tool call validation failed: tool call validation failed: parameters for tool get_something_by_name did ' +
            "not match schema: errors: [missing properties: 'name', additionalProperties 'invalid_param' not allowed]",
          type: 'invalid_request_error',
          code: 'tool_use_failed',
        },
        null,
      ],
      [
        // In an event named error, after text.
        'groq/gpt-oss-120b-error-reasoning-952e74',
        {
          message: 'Tool choice is required, but model did not call a tool',
          type: 'invalid_request_error',
          code: 'tool_use_failed',
        },
        null,
      ],
      [
        // Beside choices, after the finish reason and before [DONE].
        'openrouter/minimax-m2-free-error-reasoning-baafd4',
        { message: 'Token limit reached', code: 400 },
        'length',
      ],
    ])('%s reports one, and keeps the partial answer', async ([file, error, ends]) => {
      const outcome = await foldNamed(file)
      expect(outcome.complete).toBe(false)
      expect(outcome.error).toMatchObject({ code: 'upstream_error', details: { error } })
      expect(outcome.completion?.choices[0]?.finish_reason).toBe(ends)
    })

    it('openrouter/llama-3.3-70b-instruct-free-error-4ec0a0 has an error and nothing else: no completion', async () => {
      const outcome = await foldNamed('openrouter/llama-3.3-70b-instruct-free-error-4ec0a0')
      expect(outcome).toMatchObject({ completion: null, complete: false })
      expect(outcome.error).toMatchObject({
        code: 'upstream_error',
        details: {
          error: {
            message:
              'Upstream error from Venice: EngineCore encountered an issue. See stack trace (above) for the root cause.',
            code: 502,
          },
        },
      })
    })

    it('keeps the usage that came with the error', async () => {
      const { completion } = await foldNamed('openrouter/minimax-m2-free-error-reasoning-baafd4')
      expect(completion?.usage).toMatchObject({ prompt_tokens: 43, completion_tokens: 10, total_tokens: 53 })
    })

    it('are all of those that the recordings hold', () => {
      const broken = recordings.filter(({ bytes }) => whatBreaks(readPlainly(bytes)) !== undefined)
      expect(broken).toHaveLength(5)
      expect(broken).toEqual(recordings.filter(({ features }) => features.includes('error')))
    })
  })

  describe('ends', () => {
    it.each([
      'huggingface-tgi/qwen3-0.6b-tool-4b4798',
      'openrouter/kimi-k2-tool-2efb30',
      'openrouter/kimi-k2-tool-72d88d',
      'openrouter/minimax-m1-text-10f331',
      'snowflake-cortex/claude-sonnet-4-6-text-c3a805',
    ])('%s ends with [DONE] and no finish reason: complete, and null', async (file) => {
      const { completion, complete } = await foldNamed(file)
      expect(complete).toBe(true)
      expect(completion?.choices[0]?.finish_reason).toBeNull()
    })

    it('openrouter/minimax-m1-text-10f331 says nothing at all, which is an answer', async () => {
      expect(await onlyChoice('openrouter/minimax-m1-text-10f331')).toMatchObject({ text: '', toolCalls: [] })
    })

    it.for(withFeature('no-done'))(
      '%s has no [DONE], and is complete if every choice finished',
      async ([, recording]) => {
        const { complete } = await fold(recording.bytes)
        expect(complete).toBe(!recording.features.includes('error'))
      },
    )

    it.each([
      'anthropic-compat/claude-haiku-4-5-20251001-tool-ecd02b',
      'mistral/mistral-small-latest-tool-18a396',
      'openai/gpt-3.5-turbo-0125-text-340c7b',
    ])('%s ends without the blank line after [DONE], and is complete', async (file) => {
      expect(await foldNamed(file)).toMatchObject({ complete: true, error: null })
    })

    it('opencode-zen/glm-5.1-reasoning-c0a965 sends a cost after [DONE], where nothing counts', async () => {
      expect(await answerOf('opencode-zen/glm-5.1-reasoning-c0a965')).not.toHaveProperty('cost')
    })

    it('openrouter/gemini-2.5-flash-lite-tool-reasoning-d0a9ef finishes with tool_calls, then with stop', async () => {
      const { finishReason, toolCalls } = await onlyChoice('openrouter/gemini-2.5-flash-lite-tool-reasoning-d0a9ef')
      expect(finishReason).toBe('stop')
      expect(toolCalls).toHaveLength(1)
    })

    it('together/qwen2.5-72b-instruct-turbo-text-64af64 finishes with a reason of its own', async () => {
      expect(await onlyChoice('together/qwen2.5-72b-instruct-turbo-text-64af64')).toMatchObject({ finishReason: 'eos' })
    })

    it.for<[string, number, string]>([
      ['openai/gpt-audio-1.5-audio-00029a', 81_600, 'Sure, let me check that for you.'],
      ['openai/gpt-audio-1.5-audio-bf7e92', 26_400, 'Hello'],
    ])('%s has no finish reason, but its audio has an expiry: that is a stop', async ([file, length, transcript]) => {
      const { audio, finishReason } = await onlyChoice(file)
      expect(finishReason).toBe('stop')
      expect(audio?.transcript).toBe(transcript)
      expect(Buffer.from(audio?.data ?? '', 'base64')).toHaveLength(length)
    })
  })

  describe('tool calls', () => {
    it.for<[string, string]>([
      ['deepseek/deepseek-v4-flash-tool-807143', '{"summary": "Log this incident: the'],
      ['mistral/ministral-3b-latest-tool-2a748c', '{"summary": "The cache warmer raced the artifact uploader'],
      ['openai/gpt-4.1-mini-2025-04-14-tool-40b641', '{"summary":"The cache warmer raced'],
      [
        'openai/gpt-4.1-mini-2025-04-14-tool-81f372',
        '{"summary":"The cache warmer raced the artifact uploader, the retry storm saturated the queue, ' +
          'three regions were drained by',
      ],
      ['openai/gpt-4.1-mini-2025-04-14-tool-a8cfe4', '{"x":17,"y":25'],
      ['openrouter/gpt-4o-mini-tool-b04cd4', '{"summary":"The cache warmer raced'],
    ])('%s has arguments that are not JSON, and they stay as they are', async ([file, text]) => {
      expect((await onlyChoice(file)).toolCalls).toMatchObject([{ arguments: text }])
    })

    it('openrouter/gpt-4o-mini-tool-b04cd4 calls arguments that were cut off "tool_calls", not "length"', async () => {
      expect(await onlyChoice('openrouter/gpt-4o-mini-tool-b04cd4')).toMatchObject({ finishReason: 'tool_calls' })
    })

    it.for(withFeature('tool-empty-arguments'))('%s has a call with empty arguments', async ([, { bytes }]) => {
      const { completion } = await fold(bytes)
      const calls = (completion?.choices ?? []).flatMap((choice) => readingOf(choice).toolCalls)
      expect(calls.map((call) => call.arguments)).toContain('')
    })

    it.for(withFeature('tool-index-not-from-0'))(
      '%s counts its calls from 1: one call, no hole',
      async ([, { bytes }]) => {
        const { completion } = await fold(bytes)
        expect(completion?.choices[0]?.message.tool_calls).toHaveLength(1)
      },
    )

    it.for<[string, string[]]>([
      ['mistral/mistral-large-latest-parallel-tools-0ef69c', ['plus', 'minus']],
      ['mistral/mistral-large-latest-parallel-tools-3046c6', ['plus', 'minus']],
      ['google-gemini/gemini-2.0-flash-tool-dd03e3', ['return_list_of_str']],
      ['ollama/llama3.1-tool-bb4a95', ['return_bool']],
    ])('%s has calls without an index', async ([file, names]) => {
      expect((await onlyChoice(file)).toolCalls.map((call) => call.name)).toEqual(names)
    })

    it('google-gemini/gemini-2.0-flash-tool-eb4ddd has a call without an id: none is invented', async () => {
      expect((await onlyChoice('google-gemini/gemini-2.0-flash-tool-eb4ddd')).toolCalls).toMatchObject([{ id: '' }])
    })

    it('openrouter/kimi-k2-tool-2efb30 repeats the name in every delta: once is enough', async () => {
      expect((await onlyChoice('openrouter/kimi-k2-tool-2efb30')).toolCalls).toEqual([
        { id: '0', name: 'llm_version', arguments: '{}' },
      ])
    })

    it('huggingface-router/qwen2.5-vl-7b-instruct-text-85f545 has an empty list of calls: no list', async () => {
      const { choices } = await answerOf('huggingface-router/qwen2.5-vl-7b-instruct-text-85f545')
      expect(choices[0]?.message.tool_calls).toBeUndefined()
    })

    it('openai/gpt-3.5-turbo-0125-text-340c7b calls a function in the old way', async () => {
      expect(await onlyChoice('openai/gpt-3.5-turbo-0125-text-340c7b')).toMatchObject({
        functionCall: { name: 'get_weather', arguments: '{"location":"名古屋"}' },
        finishReason: 'function_call',
      })
    })
  })

  describe('text and reasoning', () => {
    it.for(withFeature('reasoning-in-two-fields'))(
      '%s sends its reasoning twice: it is read once',
      async ([, { bytes }]) => {
        const { reasonings } = readPlainly(bytes).choices[0] ?? {}
        const [first, second] = Object.values(reasonings ?? {}).filter((text) => text !== '')
        expect(second).toBe(first)
        const { completion } = await fold(bytes)
        expect(completion && reasoningOf(completion)).toBe(first)
      },
    )

    it.for<[string, number]>([
      ['mistral/magistral-medium-latest-reasoning-d8102b', 145],
      ['mistral/magistral-small-latest-reasoning-83e143', 6748],
      ['mistral/mistral-small-latest-reasoning-3a2792', 174],
      ['mistral/mistral-small-latest-reasoning-e68287', 12],
    ])('%s thinks in typed parts: one part for the thoughts, one for the text', async ([file, length]) => {
      const { choices } = await answerOf(file)
      expect(choices[0]?.message.content).toMatchObject([{ type: 'thinking' }, { type: 'text' }])
      expect(choices[0] && reasoningOf(choices[0])).toHaveLength(length)
    })

    it.each([
      'perplexity/sonar-citations-011a74',
      'perplexity/sonar-citations-4706c5',
      'perplexity/sonar-citations-aeffad',
    ])('%s repeats the whole message beside every delta: the text comes once', async (file) => {
      const { text } = await onlyChoice(file)
      const answer = await answerOf(file)
      expect(text).not.toBe('')
      expect(text.indexOf(text.slice(0, 20), 1)).toBe(-1)
      expect(answer.choices[0]).not.toHaveProperty('message.message')
      expect(answer['citations']).not.toEqual([])
    })

    it.for(withFeature('refusal'))('%s refuses', async ([, { bytes }]) => {
      const { completion } = await fold(bytes)
      expect(completion?.choices[0]?.message.refusal).toMatch(/^I'm (?:really |very )?sorry, /)
    })

    it.for(withFeature('reasoning-signature'))(
      '%s signs its thoughts: the signature stays with them',
      async ([, { bytes }]) => {
        const { completion } = await fold(bytes)
        const details = completion?.choices[0]?.message.reasoning_details ?? []
        expect(details).toHaveLength(1)
        expect(details[0]?.text).toBe(readPlainly(bytes).choices[0]?.reasoning)
        expect(details[0]?.signature).toMatch(/^\w/)
      },
    )

    it.for(withFeature('no-role'))('%s never says who speaks: the assistant', async ([, { bytes }]) => {
      expect((await fold(bytes)).completion?.choices[0]?.message.role).toBe('assistant')
    })
  })

  describe('the envelope', () => {
    it.for(withFeature('id-changes'))('%s changes its id: the first one stands', async ([, { bytes }]) => {
      const { ids } = readPlainly(bytes)
      expect(ids).toHaveLength(2)
      expect((await fold(bytes)).completion?.id).toBe(ids[0])
    })

    it.each([
      'google-gemini/gemini-2.0-flash-text-97f221',
      'huggingface-tgi/gemma-3-4b-it-text-459b64',
      'snowflake-cortex/claude-sonnet-4-6-text-c3a805',
    ])('%s has no id: none is invented', async (file) => {
      expect(await answerOf(file)).toMatchObject({ id: '' })
    })

    it('ai21/jamba-1.5-mini-text-3e437f names no model', async () => {
      expect(await answerOf('ai21/jamba-1.5-mini-text-3e437f')).toMatchObject({ model: '', object: 'chat.completion' })
    })

    it.for(withFeature('object-empty'))('%s has an object of ""', async ([, { bytes }]) => {
      expect((await fold(bytes)).completion?.object).toBe('chat.completion')
    })

    it.for(withFeature('service-tier-changes'))('%s says which tier it was only once', async ([, { bytes }]) => {
      expect((await fold(bytes)).completion?.service_tier).toBe('default')
    })

    it('azure-openai/gpt-4o-2024-11-20-tool-filter-00fc6d has a fingerprint on some chunks only', async () => {
      const file = 'azure-openai/gpt-4o-2024-11-20-tool-filter-00fc6d'
      expect(await answerOf(file)).toMatchObject({ system_fingerprint: 'fp_af7f7349a4' })
    })

    it('openai/gpt-5-2025-08-07-text-4406c1 moderates in a chunk without choices', async () => {
      const { moderation } = await answerOf('openai/gpt-5-2025-08-07-text-4406c1')
      expect(moderation).toMatchObject({
        input: { type: 'moderation_results' },
        output: { type: 'moderation_results' },
      })
    })

    it.for(withFeature('azure-content-filter'))('%s keeps what the filter said', async ([, { bytes }]) => {
      const { completion } = await fold(bytes)
      expect(JSON.stringify(completion)).toMatch(/content_filter_results|prompt_filter_results/)
    })

    it.for(withFeature('obfuscation'))('%s is padded: the padding goes', async ([, { bytes }]) => {
      expect((await fold(bytes)).completion).not.toHaveProperty('obfuscation')
    })

    it.for(withFeature('x_groq'))('%s keeps the extra field of Groq', async ([, { bytes }]) => {
      expect((await fold(bytes)).completion).toHaveProperty('x_groq.id')
    })
  })

  it.for(withFeature('n>1'))('%s has several answers: each has its own end', async ([, { bytes }]) => {
    const { completion } = await fold(bytes)
    const choices = completion?.choices ?? []
    expect(choices.length).toBeGreaterThan(1)
    expect(choices.map(({ index }) => index)).toEqual([...choices.keys()])
    expect(choices.map(({ finish_reason }) => finish_reason)).not.toContain(null)
  })
})

/** For test names: the reporter shortens the fields of objects. */
function named(recordings: readonly Recording[]): [string, Recording][] {
  return recordings.map((recording) => [recording.file, recording])
}

const folded = new WeakMap<Uint8Array, Promise<Accumulated>>()

/** Once per recording: many tests look at the same answer, and only look. */
function fold(bytes: Uint8Array): Promise<Accumulated> {
  const known = folded.get(bytes) ?? accumulate(readChunks(iterableOf([bytes])))
  folded.set(bytes, known)
  return known
}

/** What a plain reading finds, in a completion of ours. */
function readingOf(choice: ChatCompletionChoice | undefined): ReturnType<typeof comparable> {
  if (choice === undefined) throw new Error('There is no choice')
  const { audio, function_call, refusal, role, tool_calls } = choice.message
  return {
    index: choice.index,
    role,
    text: textOf(choice),
    reasoning: reasoningOf(choice),
    refusal: refusal ?? '',
    toolCalls: (tool_calls ?? []).map((call) =>
      call.type === 'custom'
        ? { id: call.id, name: call.custom.name, arguments: call.custom.input }
        : { id: call.id, name: call.function.name, arguments: call.function.arguments },
    ),
    functionCall: function_call ? { name: function_call.name, arguments: function_call.arguments } : undefined,
    audio: audio ? { id: audio.id, transcript: audio.transcript, data: audio.data } : undefined,
    logprobs: choice.logprobs?.content?.length ?? 0,
    finishReason: choice.finish_reason,
  }
}

function comparable(choice: PlainChoice) {
  const { index, role, text, reasoning, refusal, toolCalls, functionCall, audio, logprobs, finishReason } = choice
  return {
    index,
    role: role ?? 'assistant',
    text,
    reasoning,
    refusal,
    toolCalls,
    functionCall,
    audio: audio && { ...audio, data: Buffer.from(audio.data).toString('base64') },
    logprobs,
    finishReason,
  }
}

/** Everything in an answer that only ever grows at its end, by where it is. */
function beginningsIn({ completion }: Accumulated): Map<string, string> {
  const beginnings = new Map<string, string>()
  for (const choice of completion?.choices ?? []) {
    const { index, text, reasoning, refusal, toolCalls, audio } = readingOf(choice)
    beginnings.set(`text of choice ${index}`, text)
    beginnings.set(`reasoning of choice ${index}`, reasoning)
    beginnings.set(`refusal of choice ${index}`, refusal)
    beginnings.set(`sound of choice ${index}`, audio?.data ?? '')
    beginnings.set(`transcript of choice ${index}`, audio?.transcript ?? '')
    for (const [at, call] of toolCalls.entries()) {
      beginnings.set(`name of call ${at} of choice ${index}`, call.name)
      beginnings.set(`arguments of call ${at} of choice ${index}`, call.arguments)
    }
  }
  return beginnings
}

function codeOf(error: Error | null): StreamErrorCode | undefined {
  if (error === null) return undefined
  if (isStreamError(error)) return error.code
  throw error
}

function whatBreaks({ error, malformed, done, choices, chunks }: PlainReading): StreamErrorCode | undefined {
  if (error !== undefined) return 'upstream_error'
  if (malformed !== undefined) return 'invalid_json'
  if (chunks === 0) return 'no_chunk'
  const finished = done || choices.every(({ finishReason }) => finishReason !== null)
  return finished ? undefined : 'incomplete_stream'
}

/** How a stream that breaks off anywhere can end; it may also have had all it needed. */
const breaks: readonly (StreamErrorCode | undefined)[] = [undefined, 'incomplete_stream', 'no_chunk', 'upstream_error']
