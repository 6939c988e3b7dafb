import { jsonIn } from '../json-in.ts'
import { flagGroup, type FlagValues } from './command.ts'
import { text, type Value } from './value.ts'

/** `temperature=0.2`: JSON where it is some, otherwise a text. */
const option: Value<readonly [name: string, value: unknown]> = {
  placeholder: 'NAME=VALUE',
  expected: 'a field of the request as in temperature=0.2',
  read(given) {
    const [, name = '', value = ''] = /^([\w.]+)=(.*)$/s.exec(given) ?? []
    const json = jsonIn(value)
    return name === '' ? undefined : [name, json === undefined ? value : json]
  },
}

/** What the instruments ask an endpoint. */
export const requestFlags = flagGroup({
  model: { short: 'm', value: text('MODEL'), about: 'the model; $DELTAWIRE_MODEL when not given' },
  system: { short: 's', value: text('TEXT|@FILE'), about: 'the system message' },
  option: { short: 'O', value: option, repeats: true, about: 'a field of the request, its value as JSON' },
  request: { value: text('FILE'), about: 'the whole request as JSON, from a file or - for standard input' },
})

export type RequestFlags = FlagValues<typeof requestFlags>
