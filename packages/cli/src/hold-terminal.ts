/** What a command makes of its terminal, and how it gives it back: both at once, since a process that ends waits for nothing. */
export interface TerminalUse {
  readonly take: () => void
  readonly giveBack: () => void
}

/** A terminal that is in use. */
export interface TerminalHold {
  /** Stops us and those whom we were started with: what Ctrl-Z does where it is no key of ours. Nothing on Windows. */
  suspend(): void
  /** Gives the terminal back, once and for all. */
  release(): void
}

/** What is used of `process`. */
export interface HoldingProcess {
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
  kill(pid: number, signal: string): unknown
  readonly pid: number
  readonly platform: string
}

/** A process stops within this time, or not at all: where no shell could let it go on. */
const stopMs = 100

/**
 * Takes the terminal, and sees to it that it is as it was whenever this process leaves it: stopped by Ctrl-Z (`fg` takes it
 * again), or ended by a fault, by Ctrl-\ or in any other way that Node.js hears of.
 */
export function holdTerminal({ take, giveBack }: TerminalUse, process: HoldingProcess): TerminalHold {
  let isTaken = false
  let isReleased = false
  let waking: NodeJS.Timeout | undefined

  function set(isWanted: boolean): void {
    if (isWanted === isTaken) return
    isTaken = isWanted
    if (isWanted) take()
    else giveBack()
  }

  const leave = () => set(false)

  function stop(): void {
    leave()
    // Without a listener the signal does to us what it does to everybody.
    process.off('SIGTSTP', stop)
    process.on('SIGCONT', goOn)
    process.kill(process.pid, 'SIGTSTP')
    waking = setTimeout(goOn, stopMs)
  }

  function goOn(): void {
    clearTimeout(waking)
    process.off('SIGCONT', goOn)
    if (isReleased) return
    process.on('SIGTSTP', stop)
    set(true)
  }

  function quit(): void {
    release()
    process.kill(process.pid, 'SIGQUIT')
  }

  function release(): void {
    isReleased = true
    clearTimeout(waking)
    process.off('SIGCONT', goOn)
    for (const [event, listener] of Object.entries(listeners)) process.off(event, listener)
    leave()
  }

  const listeners = { SIGTSTP: stop, SIGQUIT: quit, uncaughtExceptionMonitor: leave, exit: leave }
  for (const [event, listener] of Object.entries(listeners)) process.on(event, listener)
  set(true)
  return {
    suspend() {
      // 0 is our group: a shell has its prompt again when all of it has stopped.
      if (process.platform !== 'win32') process.kill(0, 'SIGTSTP')
    },
    release,
  }
}

/** The same where there is no process around. */
export function holdAlone({ take, giveBack }: TerminalUse): TerminalHold {
  take()
  let isReleased = false
  return {
    suspend() {},
    release() {
      if (!isReleased) giveBack()
      isReleased = true
    },
  }
}
