import { describe, expect, it } from 'vitest'
import { program, programMissing, type ProgramName, programRequired } from './program.ts'

/**
 * A group of tests that drive a program: Chromium, a Redis server, tmux. Where it is not installed the group is one skipped
 * test and one line says how to get it; where `DELTAWIRE_REQUIRE` lists it, its absence is a failure.
 */
export function describeWithProgram(name: ProgramName, title: string, tests: (path: string) => void): void {
  const path = program(name)
  if (path === undefined && !programRequired(name)) console.warn(`${title}: skipped. ${programMissing(name)}`)
  describe(`with ${name}: ${title}`, () => {
    it('is installed', ({ skip }) => {
      skip(path === undefined && !programRequired(name), programMissing(name))
      expect(path ?? programMissing(name)).toBe(path)
    })
    if (path !== undefined) tests(path)
  })
}
