import type { Chat } from '@deltawire/browser'

/** What a person can do to the lanes. */
export interface Trouble {
  readonly label: string
  /** What happens, in one sentence. */
  readonly about: string
  /** Needs the server of the playground. */
  readonly isServers?: true
  readonly run: (chats: readonly Chat[]) => Promise<unknown> | void
  /** Whether it is on: for what is either on or off. */
  readonly isOn?: boolean
}

/** Whether the lanes are drawn as many pages do it: with every chunk, all of the text anew. */
export const isNaive = location.search === '?naive'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const call = (path: string) => async (): Promise<void> => {
  await fetch(path, { method: 'POST' })
}

/** The page does nothing else for most of the next three seconds, as a weak phone would. */
async function workHard(): Promise<void> {
  const end = performance.now() + 3_000
  while (performance.now() < end) {
    const pause = performance.now() + 35
    while (performance.now() < pause);
    await sleep(10)
  }
}

export const troubles: readonly Trouble[] = [
  {
    label: 'Cut network',
    about: 'Every connection is cut. The direct lane keeps what it had; the others go on where they were.',
    isServers: true,
    run: call('playground/cut'),
  },
  {
    label: 'Sleep tab',
    about: 'The page leaves for two seconds, as a phone in a pocket does. The model writes on.',
    async run(chats) {
      for (const chat of chats) chat.disconnect()
      await sleep(2_000)
      await Promise.all(chats.map((chat) => chat.resume()))
    },
  },
  {
    label: 'Reload',
    about: 'The page is loaded again, and takes up what was on its way.',
    isServers: true,
    run: () => location.reload(),
  },
  {
    label: 'Second tab',
    about: 'Another tab shows the same answer over the same connection.',
    isServers: true,
    run: () => void window.open(location.href, '_blank', 'noopener'),
  },
  {
    label: 'Kill relay',
    about: 'The node of the relay dies. Another takes its streams over; the reader notices a pause.',
    isServers: true,
    run: call('playground/kill'),
  },
  {
    label: 'Slow client',
    about: 'The page is busy for three seconds. What it cannot show is one pending sum.',
    run: () => workHard(),
  },
  {
    label: '429',
    about: 'The next question is refused once. It is asked again after the second that the server wants.',
    isServers: true,
    run: call('playground/refuse'),
  },
  {
    label: 'Naive render',
    about:
      'Every chunk is drawn, all of the text anew. Ask at 1,000 chunks a second, and compare drawings and long tasks.',
    isOn: isNaive,
    run: () => location.replace(isNaive ? location.pathname : '?naive'),
  },
  {
    label: 'Stop',
    about: 'The model stops in every lane. What arrived stays.',
    run: (chats) => Promise.all(chats.map((chat) => chat.stop())),
  },
]
