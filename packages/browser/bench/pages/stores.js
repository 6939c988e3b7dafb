// What a store costs per delta, without a network and without a view: the events come from memory.
import { Chat as AiSdkChat } from '@ai-sdk/react'
import { createChat } from '@deltawire/browser'
import { createToolbox, defineTool } from '@deltawire/browser/tools'
import { StreamProcessor } from '@tanstack/ai-client'
import { eventsOf } from '../wires.mjs'

const parameters = { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value }) } }
const tools = createToolbox({ save: defineTool({ parameters, jsonSchema: {} }) })

/** A page lets others have their turn; here only what the store does is of interest. */
const opened = (events) => ({
  events: (async function* () {
    for (const chunk of events) yield { chunk }
  })(),
})

const ours = (flush) => async (events) => {
  const chat = createChat({ transport: { send: async () => opened(events) }, tools, flush })
  let changes = 0
  chat.subscribe(() => changes++)
  const { error } = await chat.sendMessage('Hello!')
  if (error !== null) throw new Error(error.message)
  return changes
}

const stores = {
  deltawire: ours('auto'),
  'deltawire, every delta shown': ours('sync'),
  async 'ai-sdk'(events) {
    const stream = new ReadableStream({
      start(controller) {
        for (const event of events) controller.enqueue(event)
        controller.close()
      },
    })
    const chat = new AiSdkChat({ transport: { sendMessages: async () => stream, reconnectToStream: async () => null } })
    await chat.sendMessage({ text: 'Hello!' })
    if (chat.status === 'error') throw new Error(String(chat.error))
    return chat.messages.length
  },
  async tanstack(events) {
    const processor = new StreamProcessor({ events: {} })
    processor.prepareAssistantMessage?.()
    for (const event of events) processor.processChunk(event)
    return processor.getMessages().length
  },
}

let events = []

window.prepare = (what) => {
  const { open, deltas, close } = eventsOf(what)
  events = [...open, ...deltas, ...close]
}

window.measure = (name) => stores[name](events)
