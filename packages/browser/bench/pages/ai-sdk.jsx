import { Chat, useChat } from '@ai-sdk/react'
import { DefaultChatTransport } from 'ai'
import { show } from './view.jsx'

// The throttle that its documentation shows, or none.
const throttle = location.search === '' ? {} : { experimental_throttle: 50 }

let url = ''
const chat = new Chat({ transport: new DefaultChatTransport({ fetch: (_, init) => fetch(url, init) }) })

show(
  () => useChat({ chat, ...throttle }).messages,
  ({ parts }) => ({
    text: parts.map((part) => part.text ?? '').join(''),
    args: parts.find(({ type }) => type === 'tool-save')?.input,
  }),
)

window.ask = async (next) => {
  url = next
  await chat.sendMessage({ text: 'Hello!' })
  if (chat.status === 'error') throw new Error(String(chat.error))
  return chat.messages
    .at(-1)
    .parts.reduce((sum, part) => sum + (part.text ?? JSON.stringify(part.input) ?? '').length, 0)
}

window.clear = () => (chat.messages = [])
