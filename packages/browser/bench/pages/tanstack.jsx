// Its package for React keeps the messages of this client in a state; so does this.
import { ChatClient, fetchServerSentEvents } from '@tanstack/ai-client'
import { show, useStore } from './view.jsx'

let url = ''
let messages = []
const listeners = new Set()
const client = new ChatClient({
  connection: fetchServerSentEvents(() => url),
  onMessagesChange(next) {
    messages = next
    for (const listener of listeners) listener()
  },
})
const store = {
  get: () => messages,
  subscribe(listener) {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

show(
  () => useStore(store),
  ({ parts }) => ({
    text: parts.map((part) => part.content ?? '').join(''),
    args: parts.find(({ type }) => type === 'tool-call')?.input,
  }),
)

window.ask = async (next) => {
  url = next
  await client.sendMessage('Hello!')
  return messages.at(-1).parts.reduce((sum, part) => sum + (part.content ?? part.arguments).length, 0)
}

window.clear = () => client.clear()
