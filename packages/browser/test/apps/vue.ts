import { createChat, fetchTransport } from '@deltawire/browser'
import { useChatRef } from '@deltawire/browser/vue'
import { createApp, defineComponent, h } from 'vue'

const chat = createChat({ transport: fetchTransport({ url: '/chat' }) })

const App = defineComponent(() => {
  const state = useChatRef(chat)
  return () =>
    h('main', [
      h(
        'ol',
        state.value.messages.map(({ id, parts }) =>
          h(
            'li',
            { key: id },
            parts.map((part) => ('text' in part ? part.text : '')),
          ),
        ),
      ),
      h('output', state.value.status),
      h('button', { onClick: () => void chat.sendMessage('Hello!') }, 'ask'),
    ])
})

createApp(App).mount('#app')
