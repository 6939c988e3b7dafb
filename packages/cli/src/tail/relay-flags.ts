import { flagGroup, type FlagValues } from '../arguments/command.ts'
import { text } from '../arguments/value.ts'

/** The flags of every command that connects to a relay. */
export const relayFlags = flagGroup({
  'token-cmd': { value: text('COMMAND'), about: 'prints the token; $DELTAWIRE_RELAY_TOKEN when not given' },
})

export type RelayFlags = FlagValues<typeof relayFlags>

export const aboutToken =
  'The token comes from $DELTAWIRE_RELAY_TOKEN or from what --token-cmd prints, and never stands in the URL: addresses are logged.'
