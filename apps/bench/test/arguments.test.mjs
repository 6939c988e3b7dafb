import { expect, test } from 'vitest'
import { HELP, parseArguments } from '../src/arguments.mjs'

const ROWS = ['fold-text-64k', 'fold-text-event', 'json-1m']
const parse = (...args) => parseArguments(args, ROWS)

test('without a row all are measured and kept', () => {
  expect(parse()).toMatchObject({ do: 'measure', names: ROWS, save: true })
})

test('a named row is measured and printed only', () => {
  expect(parse('json-1m')).toMatchObject({ do: 'measure', names: ['json-1m'], save: false })
  expect(parse('json-1m', '--save')).toMatchObject({ save: true })
})

test('a star stands for anything, and a row is measured once', () => {
  expect(parse('fold-*', 'fold-text-64k').names).toEqual(['fold-text-64k', 'fold-text-event'])
})

test('an unknown row is told with those that begin alike', () => {
  expect(parse('fold-txt').error).toBe(
    'No row is called fold-txt. Do you mean fold-text-64k, fold-text-event? pnpm bench --list shows all 3 rows.',
  )
})

test('wrong options are told', () => {
  expect(parse('--rounds', 'many').error).toBe('--rounds takes a whole number above 0.')
  for (const more of ['--save', 'json-1m']) expect(parse('--report', more).error).toContain('--report measures nothing')
  expect(parse('--fast').error).toBe('There is no option --fast. --help shows the options.')
})

test('help names every option', () => {
  expect(parse('--help')).toEqual({ do: 'help' })
  for (const option of ['--list', '--save', '--report', '--rounds', '--help']) expect(HELP).toContain(option)
})
