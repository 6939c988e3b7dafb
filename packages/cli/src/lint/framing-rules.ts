import type { Rule } from './rule.ts'

const standard = 'https://html.spec.whatwg.org/multipage/server-sent-events.html'
const official = 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml'

/** How the chunks are packed: lines, events, the end, and the response around them. */
export const framingRules = {
  'not-event-stream': {
    severity: 'warning',
    about: 'the body is no event stream: one JSON document, lines of JSON or a text',
    effect: 'clients that read events find none, and give an empty answer',
    breaks: ['openai-node', 'openai-python', 'Vercel AI SDK', 'LangChain.js'],
    source: official,
  },
  'no-chunk': {
    severity: 'error',
    about: 'there is no chunk in the body',
    effect: 'clients fail, or give an empty answer that looks like a good one',
    source: official,
  },
  'not-json': {
    severity: 'error',
    about: 'the data of an event is not JSON',
    effect: 'clients fail there, or lose its text without a word',
    source: official,
  },
  'error-in-stream': {
    severity: 'error',
    about: 'the server reports an error inside the stream',
    effect: 'the answer ends here',
    source: official,
  },
  incomplete: {
    severity: 'error',
    about: 'the stream breaks off: neither [DONE] nor a finish reason',
    effect: 'clients that do not look take the beginning for the whole answer',
    source: official,
  },
  'limit-exceeded': {
    severity: 'error',
    about: 'the stream passes one of the limits of the reader',
    effect: 'clients with limits end here, clients without them run out of memory',
  },
  'done-missing': {
    severity: 'warning',
    about: 'the stream ends without [DONE]',
    effect: 'clients that wait for it never end, or call the answer incomplete',
    source: official,
  },
  'done-spelling': {
    severity: 'warning',
    about: '[DONE] is written in another way',
    effect: 'clients that compare exactly take it for a chunk, and fail',
    breaks: ['openai-node', 'openai-python', 'Vercel AI SDK', 'LangChain.js'],
    source: official,
  },
  'after-done': {
    severity: 'warning',
    about: 'something comes after [DONE]',
    effect: 'clients that stop there lose it, others take it for a part of the answer',
    breaks: ['Vercel AI SDK'],
    source: official,
  },
  'open-end': {
    severity: 'warning',
    about: 'the last event is not ended by a blank line',
    effect: 'by the standard a reader drops it',
    source: standard,
  },
  crlf: {
    severity: 'warning',
    about: 'lines end with CR LF',
    effect: 'legal, but readers that look for two line feeds find no event',
    source: standard,
  },
  'carriage-return': {
    severity: 'warning',
    about: 'lines end with CR alone',
    effect: 'legal, but readers that look for line feeds find no line',
    source: standard,
  },
  'mixed-line-ends': {
    severity: 'warning',
    about: 'lines end in different ways within one stream',
    effect: 'legal, but readers that look for one of them join events',
    source: standard,
  },
  'byte-order-mark': {
    severity: 'warning',
    about: 'the body begins with a byte order mark',
    effect: 'readers that do not strip it lose the first event',
    source: standard,
  },
  'invalid-utf8': {
    severity: 'error',
    about: 'the body holds bytes that are not UTF-8',
    effect: 'clients show � in their place; strict ones fail',
    breaks: ['openai-python'],
    source: standard,
  },
  'line-separator': {
    severity: 'warning',
    about: 'the JSON holds a character that some take for a line end (U+2028, U+2029, U+0085, VT, FF)',
    effect: 'readers that split lines as Python does cut the event there',
    source: standard,
  },
  'no-space': {
    severity: 'warning',
    about: 'no space follows "data:"',
    effect: 'legal, but readers that look for "data: " find no event',
    source: standard,
  },
  comment: {
    severity: 'info',
    about: 'a comment keeps the connection alive',
    effect: 'legal; readers that take every line for data fail',
    source: standard,
  },
  'event-fields': {
    severity: 'info',
    about: 'events have a name, an id or a retry time',
    effect: 'legal; clients that only handle unnamed events drop the named ones',
    source: standard,
  },
  'no-data': {
    severity: 'warning',
    about: 'an event has no data',
    effect: 'clients that parse the data of every event fail',
    breaks: ['openai-node', 'openai-python', 'LangChain.js'],
    source: 'https://github.com/openai/openai-python/issues/3833',
  },
  'unknown-line': {
    severity: 'warning',
    about: 'a line begins with a field that event streams do not have',
    effect: 'by the standard a reader drops it: if it told of an error, the stream just ends',
    source: 'https://github.com/ggml-org/llama.cpp/pull/16109',
  },
  'empty-data': {
    severity: 'warning',
    about: 'the data of an event is empty',
    effect: 'clients that parse the data of every event fail',
    breaks: ['openai-node', 'openai-python', 'Vercel AI SDK', 'LangChain.js'],
    source: standard,
  },
  'data-in-lines': {
    severity: 'info',
    about: 'one chunk is spread over several lines of data',
    effect: 'legal; readers that take every line for a chunk fail',
    source: standard,
  },
  'blank-line-missing': {
    severity: 'error',
    about: 'no blank line stands between two events',
    effect: 'by the standard they are one event, whose data is no JSON',
    breaks: ['openai-node', 'openai-python', 'Vercel AI SDK', 'LangChain.js'],
    source: standard,
  },
  'events-glued': {
    severity: 'error',
    about: 'one line of data holds more than one chunk',
    effect: 'clients fail to parse it, and lose both',
    breaks: ['openai-node', 'openai-python', 'Vercel AI SDK', 'LangChain.js'],
    source: official,
  },
  'long-event': {
    severity: 'info',
    about: 'one event is longer than 64 KiB',
    effect: 'readers with a buffer for lines refuse it',
  },
  'content-type': {
    severity: 'warning',
    about: 'the response is not declared as text/event-stream',
    effect: 'clients and proxies that look at the content type treat it as a document: it is collected, or refused',
    source: standard,
  },
  'status-not-ok': {
    severity: 'error',
    about: 'the server refused the request',
    effect: 'there is no answer',
  },
  'connection-broke': {
    severity: 'error',
    about: 'the connection broke',
    effect: 'what had not arrived is lost',
  },
  buffered: {
    severity: 'warning',
    about: 'everything came at once, long after the request: something on the way collects the stream',
    effect: 'a person waits for the whole answer',
    source: 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering',
  },
  silence: {
    severity: 'warning',
    about: 'nothing came for more than 30 seconds, not even a comment',
    effect: 'proxies and load balancers close a silent connection, many after 30 or 60 seconds',
    source: standard,
  },
} as const satisfies Record<string, Rule>

export type FramingRule = keyof typeof framingRules
