/** @jsxImportSource solid-js */
import { createChat, fetchTransport } from '@deltawire/browser'
import { fromChat } from '@deltawire/browser/solid'
import { For } from 'solid-js'
import { render } from 'solid-js/web'

const chat = createChat({ transport: fetchTransport({ url: '/chat' }) })

function App() {
  const messages = fromChat(chat, (snapshot) => snapshot.messages)
  const status = fromChat(chat, (snapshot) => snapshot.status)
  return (
    <main>
      <ol>
        <For each={messages()}>
          {(message) => <li>{message.parts.map((part) => ('text' in part ? part.text : '')).join('')}</li>}
        </For>
      </ol>
      <output>{status()}</output>
      <button onClick={() => void chat.sendMessage('Hello!')}>ask</button>
    </main>
  )
}

const root = document.querySelector('#app')
if (root !== null) render(() => <App />, root)
