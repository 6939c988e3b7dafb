import { flagGroup, type FlagValues } from '../arguments/command.ts'
import { on, text } from '../arguments/value.ts'

/** The flags that say which configuration counts. */
export const configFlags = flagGroup({
  profile: {
    short: 'p',
    value: text('NAME'),
    about: 'the profile of the configuration; $DELTAWIRE_PROFILE when not given',
  },
  config: { value: text('FILE'), about: 'another file than the usual one; $DELTAWIRE_CONFIG when not given' },
  'no-config': { value: on, about: 'no configuration file at all' },
})

export type ConfigFlags = FlagValues<typeof configFlags>
