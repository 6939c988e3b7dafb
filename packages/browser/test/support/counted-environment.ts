import { createManualEnvironment, type ManualEnvironment } from '../../src/testing.ts'

/** A page for tests that also tells how much is left running in it. */
export function countedEnvironment(): {
  environment: ManualEnvironment
  left: () => { timers: number; listeners: number; frames: number }
} {
  const environment = createManualEnvironment()
  const { onWake, frame } = environment
  let listeners = 0
  let frames = 0
  environment.onWake = (callback) => {
    const end = onWake(callback)
    let isOver = false
    listeners++
    return () => {
      if (!isOver) listeners--
      isOver = true
      end()
    }
  }
  environment.frame = (callback) => {
    frames++
    let isOver = false
    const over = (): void => {
      if (!isOver) frames--
      isOver = true
    }
    const cancel = frame(() => {
      over()
      callback()
    })
    return () => {
      over()
      cancel()
    }
  }
  return { environment, left: () => ({ timers: environment.timers, listeners, frames }) }
}
