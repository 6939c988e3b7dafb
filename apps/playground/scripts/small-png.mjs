import { crc32, deflateSync, inflateSync } from 'node:zlib'

/**
 * The same picture with at most 256 colours, a third of the size: a page has few, and the rest are the rims of letters.
 *
 * @param {Buffer} png as a browser takes it: eight bits for each of red, green, blue, and perhaps opacity
 */
export function smallPng(png) {
  const chunks = [...chunksOf(png)]
  const header = chunks.find(({ type }) => type === 'IHDR').data
  const [width, height, channels] = [header.readUInt32BE(0), header.readUInt32BE(4), header[9] === 6 ? 4 : 3]
  const data = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map((part) => part.data))
  const pixels = unfilter(inflateSync(data), width, height, channels)

  const counts = new Map()
  for (let at = 0; at < pixels.length; at += channels) {
    const color = pixels.readUIntBE(at, 3)
    counts.set(color, (counts.get(color) ?? 0) + 1)
  }
  // The grounds, then the most frequent of each family: a small green dot counts as much as the rims of black letters.
  const frequent = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a))
  const families = new Map(frequent.map((color) => [color & 0xf0f0f0, color]).reverse())
  const palette = [...new Set([...frequent.slice(0, 64), ...families.values()])].slice(0, 256)
  const indexOf = new Map([...counts.keys()].map((color) => [color, nearest(palette, color)]))

  const rows = Buffer.alloc(height * (width + 1))
  for (let y = 0, at = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1, at += channels)
      rows[y * (width + 1) + 1 + x] = indexOf.get(pixels.readUIntBE(at, 3))

  const colors = Buffer.alloc(palette.length * 3)
  for (const [at, color] of palette.entries()) colors.writeUIntBE(color, at * 3, 3)
  const indexed = Buffer.from(header)
  // A palette of eight bits.
  indexed[8] = 8
  indexed[9] = 3
  const parts = [chunk('IHDR', indexed), chunk('PLTE', colors), chunk('IDAT', deflateSync(rows, { level: 9 }))]
  return Buffer.concat([png.subarray(0, 8), ...parts, chunk('IEND', Buffer.alloc(0))])
}

function* chunksOf(png) {
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at))
    yield { type: png.toString('latin1', at + 4, at + 8), data }
  }
}

function chunk(type, data) {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}

/** What a pixel is told relative to: filters 0 to 4 of https://www.w3.org/TR/png-3/#9Filters */
const predictions = [() => 0, (a) => a, (_, b) => b, (a, b) => (a + b) >> 1, paeth]

function unfilter(data, width, height, channels) {
  const stride = width * channels
  const out = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y += 1) {
    const predict = predictions[data[y * (stride + 1)]]
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x
      const a = x < channels ? 0 : out[at - channels]
      const b = y === 0 ? 0 : out[at - stride]
      const c = x < channels || y === 0 ? 0 : out[at - stride - channels]
      out[at] = data[y * (stride + 1) + 1 + x] + predict(a, b, c)
    }
  }
  return out
}

function paeth(a, b, c) {
  const [toA, toB, toC] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)]
  if (toA <= toB && toA <= toC) return a
  return toB <= toC ? b : c
}

function nearest(palette, color) {
  const distance = (other) =>
    [16, 8, 0].reduce((sum, at) => sum + (((color >> at) & 255) - ((other >> at) & 255)) ** 2, 0)
  let best = 0
  for (const [at, other] of palette.entries()) if (distance(other) < distance(palette[best])) best = at
  return best
}
