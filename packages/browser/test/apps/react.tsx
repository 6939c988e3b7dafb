import { fetchTransport, sessionChatStorage } from '@deltawire/browser'
import { useChat, useChatSelector } from '@deltawire/browser/react'
import { memo, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import type { Chat, Message } from '@deltawire/browser'

const renders: Record<string, number> = {}
Object.assign(window, { renders })

const Row = memo(({ message }: { message: Message }) => {
  renders[message.id] = (renders[message.id] ?? 0) + 1
  return <li>{message.parts.map((part) => ('text' in part ? part.text : ''))}</li>
})

/** One of many that look at the same chat. */
function Watcher({ chat }: { chat: Chat }) {
  const status = useChatSelector(chat, (snapshot) => snapshot.status)
  const { messages } = useChat(chat)
  return <i data-status={status} data-count={messages.length} />
}

function App() {
  const { chat, messages, status } = useChat({
    transport: fetchTransport({ url: '/chat' }),
    storage: sessionChatStorage('react'),
  })
  return (
    <main>
      <ol>
        {messages.map((message) => (
          <Row key={message.id} message={message} />
        ))}
      </ol>
      <output>{status}</output>
      <button onClick={() => void chat.sendMessage('Hello!')}>ask</button>
      {Array.from({ length: 20 }, (_, at) => (
        <Watcher key={at} chat={chat} />
      ))}
    </main>
  )
}

const root = document.querySelector('#app')
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
