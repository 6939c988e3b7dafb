// From chunks to the text of an event stream.

/**
 * How a server writes its events, where it is not the usual way.
 *
 * @typedef {object} Framing
 * @property {string} [field] `data: `
 * @property {string} [end] two line feeds
 * @property {boolean} [spaced] JSON with a space after each colon and comma, as Python writes it
 * @property {string} [comment] a comment line before the stream
 * @property {boolean} [done] whether `[DONE]` ends it
 */

/** One text for each event of `chunks`. */
export function framesOf(chunks, { field = 'data: ', end = '\n\n', spaced = false } = {}) {
  const write = spaced ? spacedJson : JSON.stringify
  return Array.from(chunks, (chunk) => `${field}${write(chunk)}${end}`)
}

/** The events of a whole stream of a shape. */
export function eventsOf({ framing = {} }, chunks) {
  const { field = 'data: ', end = '\n\n', comment, done = true } = framing
  return [
    ...(comment === undefined ? [] : [`: ${comment}${end}`]),
    ...framesOf(chunks, framing),
    ...(done ? [`${field}[DONE]${end}`] : []),
  ]
}

function spacedJson(value) {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${JSON.stringify(key)}: ${spacedJson(member)}`)
    .join(', ')}}`
}
