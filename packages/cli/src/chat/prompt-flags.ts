import { colorFlag } from '../arguments/color-flag.ts'
import { flagGroup, type FlagValues } from '../arguments/command.ts'
import { number, on, oneOf, text, whole, type Value } from '../arguments/value.ts'
import type { Attachment } from './file-input.ts'

/** `NAME=VALUE`; the value as JSON where it is some, otherwise as the text it is. */
const option: Value<readonly [name: string, value: unknown]> = {
  placeholder: 'NAME=VALUE',
  expected: 'a field of the request as in top_p=0.9',
  read(given) {
    const [, name, value = ''] = /^(\w+)=([\s\S]*)$/.exec(given) ?? []
    return name === undefined ? undefined : [name, jsonOr(value)]
  },
}

const param: Value<readonly [name: string, value: string]> = {
  placeholder: 'NAME=VALUE',
  expected: 'a parameter as in tone=friendly',
  read(given) {
    const [, name, value = ''] = /^(\w+)=([\s\S]*)$/.exec(given) ?? []
    return name === undefined ? undefined : [name, value]
  },
}

/** `image/png:PATH` */
const typedAttachment: Value<Attachment> = {
  placeholder: 'TYPE:PATH',
  expected: 'a type and a path, as in image/png:-',
  read(given) {
    const [, type, name] = /^([a-z]+\/[\w.+-]+):(.+)$/.exec(given) ?? []
    return type === undefined || name === undefined ? undefined : { type, name }
  },
}

export function jsonOr(value: string): unknown {
  try {
    return JSON.parse(value) as unknown
  } catch {
    return value
  }
}

/** What a model is asked, and how. */
export const promptFlags = flagGroup({
  system: { short: 's', value: text('TEXT|@FILE'), about: 'the system message' },
  template: { short: 't', value: text('NAME'), about: 'a template of deltawire template' },
  param: { short: 'P', value: param, repeats: true, about: 'fills a gap of the template' },
  file: {
    short: 'f',
    value: text('PATH|URL'),
    repeats: true,
    about: 'a text behind the prompt, between marks with its name; also a folder, a pattern, or - for standard input',
  },
  attach: {
    short: 'a',
    value: text('PATH|URL'),
    repeats: true,
    about: 'a picture, a sound or a PDF; - for standard input',
  },
  at: { value: typedAttachment, repeats: true, about: 'the same, where its type cannot be told' },
  option: { short: 'O', value: option, repeats: true, about: 'a field of the request, its value as JSON' },
  temperature: { value: number('N', { min: 0 }), about: 'how much is left to chance' },
  'max-tokens': { value: whole('N', { min: 1 }), about: 'the longest answer' },
  tool: {
    value: text('COMMAND'),
    repeats: true,
    about:
      'a program that the model may call: prints its JSON schema with --schema, reads arguments from standard input',
  },
  yes: { value: on, about: 'run tools without asking' },
  'max-steps': { value: whole('N', { min: 1 }), default: 8, about: 'how often the model is asked when it calls tools' },
  reasoning: {
    value: oneOf('hide', 'show', 'only'),
    about: 'the thoughts of the model: on stderr (show), or instead of the answer (only); shown on a terminal',
  },
  ...colorFlag,
  record: {
    value: text('FILE'),
    implied: '',
    about: 'keep the stream as a recording beside the history, or in FILE; those after the first in FILE-2 and so on',
  },
})

export type PromptFlags = FlagValues<typeof promptFlags>
