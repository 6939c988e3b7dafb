import { reasoningOf, textOf } from '@deltawire/core'
import { ruleOf } from '../lint/rules.ts'
import { connectionCheck } from './connection-check.ts'
import { fail, pass, skip, warn, type Check } from './check.ts'
import { jsonIn } from '../json-in.ts'
import { errorShape, inSeconds, oneChoice, refused, shapeOf, toolResult } from './judge-answer.ts'

const user = (content: string) => ({ messages: [{ role: 'user', content }] })
const short = user('Say hello in one short sentence.')

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

/** A square of red, 16 × 16. */
const redSquare =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mP4z8BAEmIY1TCqYfhqAACQ+f8B8u7oVwAAAABJRU5ErkJggg=='

/** What is silent for longer is ended by many a proxy: nginx and AWS load balancers by 60 s, some by 30. */
const maxSilenceMs = 20_000

/** What an endpoint does, in the order in which it is asked. */
export const endpointChecks = {
  connection: connectionCheck,

  reach: {
    about: 'the server is there',
    async run({ get }) {
      const probe = await get('/models')
      if (probe.status === 0) return fail(`no answer (${probe.failure})`)
      const server = probe.headers.get('server')
      return pass(
        `answers after ${Math.round(probe.totalMs)} ms${server === null ? '' : `; it is ${server.slice(0, 60)}`}`,
      )
    },
  },

  clock: {
    about: 'the clocks agree',
    needs: ['reach'],
    async run({ get, io }) {
      const date = Date.parse((await get('/models')).headers.get('date') ?? '')
      if (Number.isNaN(date)) return skip('the server tells no time')
      const apart = Math.round(Math.abs(io.clock.date() - date) / 1000)
      return apart > 300
        ? warn(`they are ${apart} s apart: keys that expire may be refused`)
        : pass(`within ${Math.max(1, apart)} s`)
    },
  },

  models: {
    about: 'GET /models',
    needs: ['reach'],
    async run({ get, model }) {
      const { status, json } = await get('/models')
      if (status === 404 || status === 405) return warn('the endpoint has none')
      if (status !== 200) return refused({ status, json })
      const data = (json as { data?: unknown } | undefined)?.data
      if (!Array.isArray(data)) return fail('it is no list under "data"')
      const ids = (data as { id?: unknown }[]).map(({ id }) => id)
      return ids.includes(model)
        ? pass(`${ids.length} models, ${model} among them`)
        : warn(`${ids.length} models, but not ${model}`)
    },
  },

  'auth-error': {
    about: 'a wrong key is refused in the official form',
    needs: ['reach'],
    async run({ ask }) {
      const probe = await ask(short, { apiKey: 'deltawire-doctor-wrong-key' })
      if (probe.status === 200) return skip('the endpoint asks for no key')
      return probe.status === 401 || probe.status === 403
        ? errorShape(probe)
        : warn(`the status is ${probe.status}, not 401`)
    },
  },

  'bad-request': {
    about: 'a request without messages is refused in the official form',
    needs: ['reach'],
    async run({ ask }) {
      const probe = await ask({})
      if (probe.status >= 400 && probe.status < 500) return errorShape(probe)
      return warn(probe.status === 200 ? 'it is answered' : `the status is ${probe.status}, not 400`)
    },
  },

  stream: {
    about: 'a streamed answer is as the format has it',
    needs: ['reach'],
    async run({ ask, timeoutMs }) {
      const probe = await ask(short)
      if (probe.isCut) return fail(`it has not ended within ${inSeconds(timeoutMs)}`)
      if (probe.status !== 200) return refused(probe, 'fail')
      if (probe.completion === null) return fail(probe.error?.message ?? 'there is no answer in it')
      const rules = [...new Set(probe.findings.map(({ rule }) => rule))]
      const errors = rules.filter((rule) => ruleOf(rule).severity === 'error')
      const warnings = rules.filter((rule) => ruleOf(rule).severity === 'warning')
      if (errors.length > 0) return fail(`lint finds ${[...errors, ...warnings].join(', ')}`)
      return warnings.length > 0 ? warn(`lint finds ${warnings.join(', ')}`) : pass('there is nothing to say about it')
    },
  },

  buffering: {
    about: 'the answer comes as it is made',
    needs: ['stream'],
    async run({ ask }) {
      const { readsMs, status, totalMs } = await ask(user('Count from 1 to 40, each number on its own line.'))
      if (status !== 200) return skip(`the status is ${status}`)
      const first = readsMs[0] ?? totalMs
      const last = readsMs.at(-1) ?? totalMs
      if (totalMs < 500) return skip(`the whole took ${Math.round(totalMs)} ms: too short to tell`)
      const part = (last - first) / totalMs
      return part < 0.1
        ? warn(
            `all of it came in the last ${Math.round(last - first)} of ${Math.round(totalMs)} ms: something collects it`,
          )
        : pass(`over ${Math.round(last - first)} of ${Math.round(totalMs)} ms`)
    },
  },

  whole: {
    about: 'the answer in one piece has the same form',
    needs: ['stream'],
    async run({ ask }) {
      const whole = await ask({ ...short, stream: false })
      if (whole.status !== 200) return refused(whole)
      const choices = (whole.json as { choices?: unknown } | undefined)?.choices
      if (!Array.isArray(choices)) return fail('it is no completion')
      const { completion } = await ask(short)
      const [one, other] = [whole.completion?.choices[0], completion?.choices[0]].map(shapeOf)
      return one === other
        ? pass('it has')
        : warn(`streamed it has ${other ?? 'nothing'}, in one piece ${one ?? 'nothing'}`)
    },
  },

  usage: {
    about: 'stream_options.include_usage gives usage',
    needs: ['stream'],
    async run({ ask }) {
      const probe = await ask({ ...short, stream_options: { include_usage: true } })
      if (probe.status !== 200) return refused(probe)
      const { usage } = probe.completion ?? {}
      return usage
        ? pass(`${usage.prompt_tokens} tokens in, ${usage.completion_tokens} out`)
        : warn('none came: tokens have to be guessed')
    },
  },

  'max-tokens': {
    about: 'an answer that is cut says "length"',
    needs: ['stream'],
    run: (prober) =>
      oneChoice(prober, { ...user('Tell a long story about the sea.'), max_tokens: 8 }, ({ finish_reason }) =>
        finish_reason === 'length' ? pass('it does') : warn(`the finish reason is ${finish_reason}`),
      ),
  },

  stop: {
    about: 'stop ends the answer',
    needs: ['stream'],
    run: (prober) =>
      oneChoice(prober, { ...user('Count from 1 to 9, with spaces between.'), stop: ['5'] }, (choice) => {
        const counted = textOf(choice)
        if (counted.includes('5')) return warn('the answer goes on behind it')
        return counted.includes('4') ? pass('it does') : skip('the model did not count')
      }),
  },

  tools: {
    about: 'a tool is called',
    needs: ['stream'],
    run: (prober) =>
      oneChoice(prober, { ...user('What is the weather in Oslo? Use the tool.'), tools: [weather] }, (choice) =>
        toolResult(choice, 1),
      ),
  },

  'parallel-tools': {
    about: 'two tools are called at once',
    needs: ['tools'],
    run: (prober) =>
      oneChoice(
        prober,
        { ...user('What is the weather in Oslo and in Lima? Call the tool for both at once.'), tools: [weather] },
        (choice) => toolResult(choice, 2),
      ),
  },

  n: {
    about: 'n gives several choices',
    needs: ['stream'],
    async run({ ask }) {
      const probe = await ask({ ...short, n: 2 })
      if (probe.status !== 200) return refused(probe)
      const count = probe.completion?.choices.length ?? 0
      return count === 2 ? pass('two came') : warn(`asked for 2, ${count} came`)
    },
  },

  json: {
    about: 'response_format json_schema is obeyed',
    needs: ['stream'],
    run: (prober) => {
      const schema = {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
        additionalProperties: false,
      }
      const format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } }
      return oneChoice(
        prober,
        { ...user('Which city is the capital of Norway?'), response_format: format },
        (choice) => {
          const value = jsonIn(textOf(choice))
          const isObeyed = typeof value === 'object' && value !== null && 'city' in value
          return isObeyed
            ? pass('it is')
            : warn(value === undefined ? 'the answer is no JSON' : 'the JSON is another than asked for')
        },
      )
    },
  },

  reasoning: {
    about: 'thoughts',
    needs: ['stream'],
    run: (prober) =>
      oneChoice(prober, user('Which is larger, 9.8 or 9.11? Think it over.'), (choice) => {
        const length = reasoningOf(choice).length
        return length > 0 ? pass(`they come apart from the answer, ${length} characters`) : skip('none came')
      }),
  },

  images: {
    about: 'a picture is looked at',
    needs: ['stream'],
    run: (prober) => {
      const picture = { type: 'image_url', image_url: { url: redSquare } }
      const content = [{ type: 'text', text: 'Which colour is this picture? Answer with one word.' }, picture]
      return oneChoice(prober, { messages: [{ role: 'user', content }] }, (choice) =>
        /\bred\b/i.test(textOf(choice)) ? pass('it is red') : skip('it is taken; the model did not say that it is red'),
      )
    },
  },

  abort: {
    about: 'a caller may leave in the middle',
    needs: ['stream'],
    async run({ ask }) {
      const before = await ask(short)
      const left = await ask(user('Count from 1 to 200.'), { leavesEarly: true })
      if (left.status !== 200) return refused(left)
      const after = await ask(short)
      if (after.status !== 200) return warn(`the next request gets ${after.status}`)
      const isSlow = after.totalMs > 2 * before.totalMs + 1000
      return isSlow
        ? warn(
            `the next request took ${inSeconds(after.totalMs)}, and ${inSeconds(before.totalMs)} before: the model may have gone on writing`,
          )
        : pass('the next request is answered as fast as before')
    },
  },

  concurrency: {
    about: 'four at a time',
    needs: ['stream'],
    async run({ ask }) {
      const statuses = (await Promise.all([1, 2, 3, 4].map(() => ask(short)))).map(({ status }) => status)
      const bad = statuses.filter((status) => status !== 200)
      return bad.length === 0
        ? pass('all are answered')
        : warn(`${bad.length} of 4 are not: ${[...new Set(bad)].join(', ')}`)
    },
  },

  silence: {
    about: 'no stream is silent for long',
    needs: ['stream'],
    run({ silenceMs }) {
      const longest = `the longest silence was ${inSeconds(silenceMs())}`
      return silenceMs() < maxSilenceMs
        ? pass(longest)
        : warn(`${longest}: a proxy on the way may end it; comments would keep it alive`)
    },
  },
} as const satisfies Record<string, Check>
