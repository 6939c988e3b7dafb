// What every candidate with a store is shown by: rows that render again only when their message is another.
import { memo, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'

window.renders = 0

const Row = memo(({ message, partsOf }) => {
  const { text, args } = partsOf(message)
  return (
    <li>
      <p>{text}</p>
      {args !== undefined && <output>{args?.rows?.length ?? 0}</output>}
    </li>
  )
})

/** Shows the messages of a hook. */
export function show(useMessages, partsOf) {
  function App() {
    window.renders += 1
    return (
      <ol>
        {useMessages().map((message) => (
          <Row key={message.id} message={message} partsOf={partsOf} />
        ))}
      </ol>
    )
  }
  createRoot(document.querySelector('#app')).render(<App />)
}

/** A hook from a value that calls back when it changes. */
export const useStore = ({ subscribe, get }) => useSyncExternalStore(subscribe, get)
