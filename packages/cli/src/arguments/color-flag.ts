import { flagGroup } from './command.ts'
import { oneOf } from './value.ts'

/** The flag of every command that can print in colours. It stands for the variables, which all that prints looks at. */
export const colorFlag = flagGroup({
  color: { value: oneOf('auto', 'always', 'never'), about: 'colours; $NO_COLOR and $FORCE_COLOR when not given' },
})
