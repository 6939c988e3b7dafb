import { createDecoder, type DecodeOptions, type Decoder } from './decoder.ts'

/** A decoder that need not be given every event: for the fast way, which knows what an event says before it is parsed. */
export interface RepeatDecoder extends Decoder {
  readonly repeated: RepeatedEvents
}

/** Events that only repeat what the decoder has seen need not be pushed, if it is told of them before the next one is. */
export interface RepeatedEvents {
  /** All that later events are read by, in one text: while it stays the same, equal events become equal chunks. */
  readonly state: string
  /** How many characters the answer may still grow by. */
  readonly room: number
  /** Counts events, one chunk each, and the characters that they add to the answer. */
  count(events: number, length: number): void
  /** Argument text of an open tool call. */
  append(choice: number, call: number, text: string): void
}

export function createRepeatDecoder(options?: DecodeOptions): RepeatDecoder {
  const decoder = createDecoder(options)
  const { stream } = decoder
  return Object.assign(decoder, {
    repeated: {
      get state() {
        let told = `${stream.id} ${stream.created} ${stream.model} ${stream.hasUsage} ${stream.turns}`
        for (const [index, { begun, finished, calls }] of stream.choices)
          told += ` ${index} ${begun} ${finished} ${calls.opened()}`
        return told
      },
      get room() {
        return stream.room
      },
      count(events: number, length: number) {
        stream.events += events
        stream.chunks += events
        stream.room -= length
      },
      append: (choice: number, call: number, text: string) => stream.choices.get(choice)?.calls.append(call, text),
    },
  })
}
