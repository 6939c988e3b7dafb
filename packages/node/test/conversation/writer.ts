// One of several processes that write into one store: node writer.cjs PLACE PARENT QUESTIONS
import { createConversation } from '../../src/index.ts'
import { createModel, options, says } from './model.ts'
import { openStore } from './open-store.ts'

const [place = '', parentMessageId = '', questions = '0'] = process.argv.slice(2)

async function main(): Promise<void> {
  const store = openStore(place)
  const model = createModel(() => says(`Answer of ${process.pid}.`))
  const conversation = createConversation({ model: 'demo' }, { ...options(model), store, parentMessageId })
  // All begin at once, when the last of them is up.
  process.send?.('ready')
  await new Promise((resolve) => process.once('message', resolve))
  for (let question = 0; question < Number(questions); question += 1)
    await conversation.send(`Question ${question} of ${process.pid}.`).message()
  process.send?.(conversation.parentMessageId)
  await store.disconnect()
  process.disconnect()
}

void main()
