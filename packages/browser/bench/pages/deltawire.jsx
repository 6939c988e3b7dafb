import { createChat, fetchTransport } from '@deltawire/browser'
import { createToolbox, defineTool } from '@deltawire/browser/tools'
import { useChat } from '@deltawire/browser/react'
import { show } from './view.jsx'

// Arguments are read while they arrive; the schema says yes to everything.
const parameters = { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value }) } }
const tools = createToolbox({ save: defineTool({ parameters, jsonSchema: {} }) })

let url = ''
const chat = createChat({ transport: fetchTransport({ url: () => url }), tools })

show(
  () => useChat(chat).messages,
  ({ parts }) => ({
    text: parts.map((part) => part.text ?? '').join(''),
    args: parts.find(({ type }) => type === 'tool-call')?.args,
  }),
)

window.ask = async (next) => {
  url = next
  const { message, error } = await chat.sendMessage('Hello!')
  if (error !== null) throw new Error(error.message)
  return message.parts.reduce((sum, part) => sum + (part.text ?? part.argsText).length, 0)
}

window.clear = () => chat.setMessages([])
