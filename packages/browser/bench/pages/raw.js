// What an answer costs at least: fetch, the lines of its events, and the new text once a frame.
window.renders = 0

window.ask = async (url) => {
  const node = document.querySelector('#app').appendChild(document.createTextNode(''))
  let pending = ''
  let frame = 0
  let length = 0
  const show = () => {
    frame = 0
    window.renders += 1
    node.appendData(pending)
    pending = ''
  }
  const { body } = await fetch(url)
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const lines = (rest + value).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      if (!line.startsWith('data: {')) continue
      const { delta } = JSON.parse(line.slice(6)).choices[0]
      const text = delta.content ?? delta.tool_calls?.[0].function.arguments
      if (!text) continue
      pending += text
      length += text.length
      if (frame === 0) frame = requestAnimationFrame(show)
    }
  }
  if (frame !== 0) {
    cancelAnimationFrame(frame)
    show()
  }
  return length
}

window.clear = () => document.querySelector('#app').replaceChildren()
