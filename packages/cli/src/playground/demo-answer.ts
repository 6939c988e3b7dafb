import { splitCompletion, type ChatCompletion, type ChatCompletionChunk } from '@deltawire/core'

const reasoning = `They want to see a stream. A good one has everything that can go wrong in it: letters of several bytes, a face of \
several code points, a call whose arguments come in pieces, and enough of all that to cut it in the middle. First some words, then \
the call.`

const paragraphs = [
  'An answer comes as chunks. Each holds a few letters; the sum of chunks is again a chunk, and that is the whole idea. Whoever \
comes late gets the sum. Whoever is slow gets the sum of what was missed. Whoever loses the network says how far they were, and \
gets the sum of the rest.',
  'Grüße aus Zürich, 你好，世界, Привет, שלום, 👩🏽‍🚀👨‍👩‍👧‍👦. A letter may be cut between its bytes, a face between its parts, and a \
number between its digits; no letter is ever lost, and none comes twice.',
  'Cut the network now. The first lane asked the model itself, and what it had is what it keeps: an endpoint does not remember. \
The second lane asked a backend that does, over server-sent events. The third follows the same stream over a WebSocket. Both go \
on where they were, and the model has not been asked again: see the meter above.',
  'Press stop. The model stops in every lane, and what arrived stays. Reload the page: two lanes are back before you have read \
this sentence to its end. Open a second tab: it shows the same answer, over the same one connection. Kill the relay: another node \
takes the stream, and the reader notices a pause.',
  'Make it fast: five thousand chunks a second, and the page still answers, because it is drawn when it can be seen and not \
whenever something arrives. Make the page slow: what it cannot show yet is one pending sum, and not a queue.',
]

const trip = {
  city: 'Zürich',
  nights: 3,
  guests: [
    { name: 'Ada', diet: 'none' },
    { name: 'Chioma', diet: 'vegetarian' },
  ],
  sights: ['Grossmünster', 'Uetliberg at dawn', 'the lake, by boat'],
  budget: { currency: 'CHF', most: 1250.5, isFixed: false },
  note: 'A quiet room, please: “as high as possible” 🙂',
}

/**
 * What the playground's own model says: every kind of delta, the same in every lane. A function, so that the page that does
 * not call it does not hold it.
 */
const completion = (): ChatCompletion => ({
  id: 'chatcmpl-playground',
  object: 'chat.completion',
  created: 1_767_225_600,
  model: 'playground',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        reasoning_content: reasoning,
        content: paragraphs.join('\n\n'),
        refusal: null,
        tool_calls: [
          { id: 'call_trip', type: 'function', function: { name: 'book_trip', arguments: JSON.stringify(trip) } },
        ],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    },
  ],
  usage: { prompt_tokens: 12, completion_tokens: 702, total_tokens: 714 },
})

/** Chunks of a few letters each, as a model writes. */
export function demoAnswer(): ChatCompletionChunk[] {
  return [...splitCompletion(completion(), { by: 4 })]
}
