import { text } from './elements.ts'

interface Meter {
  readonly generating: number
  readonly requests: number
  readonly chunks: number
}

/** Shows four times a second whether the model is still writing, and for whom. */
export function showMeter(into: HTMLElement): void {
  let isAsking = false

  async function draw(): Promise<void> {
    if (isAsking || document.hidden) return
    isAsking = true
    try {
      const meters = (await (await fetch('playground/meter')).json()) as Record<string, Meter>
      // What was said while there was nothing to show.
      if (into.children.length === 0) text(into, '')
      for (const [lane, { generating, requests, chunks }] of Object.entries(meters)) {
        const shown = into.querySelector(`[data-lane="${lane}"]`) ?? into.appendChild(span(lane))
        const writes = generating > 0
        shown.className = writes ? 'writing' : ''
        text(shown, `${lane}: ${writes ? 'writes' : 'silent'}, asked ${requests} ×, ${chunks} chunks`)
      }
    } catch {
      text(into, 'the model cannot be seen')
    } finally {
      isAsking = false
    }
  }

  setInterval(() => void draw(), 250)
  void draw()
}

function span(lane: string): HTMLElement {
  const element = document.createElement('span')
  element.dataset['lane'] = lane
  return element
}
