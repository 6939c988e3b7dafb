import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { holdTerminal } from '../src/hold-terminal.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A terminal and a process that write down what happens to them. */
function held(platform = 'linux') {
  const log: string[] = []
  const process = Object.assign(new EventEmitter(), {
    pid: 7,
    platform,
    kill: (pid: number, signal: string) => void log.push(`${signal} to ${pid}`),
  })
  const hold = holdTerminal({ take: () => log.push('taken'), giveBack: () => log.push('given back') }, process)
  const listeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  return { log, process, hold, listeners }
}

describe('a terminal that is held', () => {
  test('is given back once, and nobody listens any more', () => {
    const { log, process, hold, listeners } = held()
    hold.release()
    hold.release()
    process.emit('exit')
    expect(log).toEqual(['taken', 'given back'])
    expect(listeners()).toBe(0)
  })

  test('is given back by Ctrl-Z before the process stops, and taken again when it goes on', () => {
    const { log, process, hold } = held()
    const stopAndGoOn = ['given back', 'SIGTSTP to 7', 'taken']
    for (let times = 0; times < 2; times++) {
      log.length = 0
      process.emit('SIGTSTP')
      process.emit('SIGCONT')
      // The time in which it would have stopped is over, too.
      vi.runAllTimers()
      expect(log).toEqual(stopAndGoOn)
    }
    hold.release()
  })

  test('stops the group when Ctrl-Z is a key; not on Windows, which knows no such thing', () => {
    const { log, hold } = held()
    hold.suspend()
    expect(log).toEqual(['taken', 'SIGTSTP to 0'])
    hold.release()
    const windows = held('win32')
    windows.hold.suspend()
    expect(windows.log).toEqual(['taken'])
    windows.hold.release()
  })

  test('is taken again when nobody stops the process: without a shell nobody could let it go on', () => {
    const { log, process, hold } = held()
    process.emit('SIGTSTP')
    vi.runAllTimers()
    expect(log).toEqual(['taken', 'given back', 'SIGTSTP to 7', 'taken'])
    hold.release()
  })

  test.each(['uncaughtExceptionMonitor', 'exit'])('is given back by %s', (event) => {
    const { log, process } = held()
    process.emit(event)
    process.emit('exit')
    expect(log).toEqual(['taken', 'given back'])
  })

  test('is given back by Ctrl-\\, which then ends the process', () => {
    const { log, process, listeners } = held()
    process.emit('SIGQUIT')
    expect(log).toEqual(['taken', 'given back', 'SIGQUIT to 7'])
    expect(listeners()).toBe(0)
  })

  test('stays given back when it is released while the process is stopped', () => {
    const { log, process, hold, listeners } = held()
    process.emit('SIGTSTP')
    hold.release()
    process.emit('SIGCONT')
    vi.runAllTimers()
    expect(log).toEqual(['taken', 'given back', 'SIGTSTP to 7'])
    expect(listeners()).toBe(0)
  })
})
