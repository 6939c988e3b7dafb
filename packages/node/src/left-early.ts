/** What is told of a stream that somebody left before its end, without a reason of his own. */
export const leftEarly = (): DOMException => new DOMException('The stream was left before its end', 'AbortError')
