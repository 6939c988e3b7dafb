import { createByteDecoder } from '@deltawire/core/bytes'
import { expect, it } from 'vitest'
import { bytePlatform } from '../src/byte-platform.ts'

it('gives each chunk with the second CR of its event, where lines end with CR alone and bytes come one by one', () => {
  const decoder = createByteDecoder(bytePlatform({}), {}, false)
  const event = 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\r\r'
  const bytes = new TextEncoder().encode(event.repeat(4))
  let chunks = 0
  bytes.forEach((byte, at) => {
    decoder.push(Uint8Array.of(byte))
    chunks += decoder.take().length
    expect(chunks).toBe(Math.floor((at + 1) / event.length))
  })
})

it('reads ranges of bytes as the text that they are', () => {
  const { decodeRange } = bytePlatform({})
  const bytes = new TextEncoder().encode('xaé日😀y')
  expect(decodeRange(bytes, 1, bytes.length - 1, false)).toBe('aé日😀')
  expect(decodeRange(bytes, 0, 2, true)).toBe('xa')
})
