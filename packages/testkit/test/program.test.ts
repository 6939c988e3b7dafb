import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { program, programMissing, programRequired } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-program-'))
writeFileSync(join(folder, 'valkey-server'), '')

it('finds a program under any of its names on the PATH', () => {
  expect(program('redis', { PATH: `/nowhere:${folder}` })).toBe(join(folder, 'valkey-server'))
})

it('knows when a program is not there, and says how to get it', () => {
  expect(program('redis', { PATH: '/nowhere' })).toBeUndefined()
  expect(program('redis', {})).toBeUndefined()
  expect(programMissing('redis')).toContain('apt-get install redis-server')
})

it('takes the program that the environment names, and refuses a name that leads nowhere', () => {
  const path = join(folder, 'valkey-server')
  expect(program('tmux', { PATH: '', TMUX_PROGRAM: path })).toBe(path)
  expect(() => program('tmux', { TMUX_PROGRAM: '/nowhere/tmux' })).toThrow('TMUX_PROGRAM names /nowhere/tmux')
})

it('is required only where the environment lists it', () => {
  expect(programRequired('chromium', { DELTAWIRE_REQUIRE: 'redis,chromium' })).toBe(true)
  expect(programRequired('tmux', { DELTAWIRE_REQUIRE: 'redis,chromium' })).toBe(false)
  expect(programRequired('tmux', {})).toBe(false)
})
