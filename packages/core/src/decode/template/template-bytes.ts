/** Bytes of an event that a template keeps: a part of a slab. */
export interface TemplateBytes {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly from: number
}

/** Room for some fifty templates. */
const SLAB = 16 * 1024

let slab = /* @__PURE__ */ new Uint8Array(0)
let view = /* @__PURE__ */ new DataView(slab.buffer)
let used = 0

/** Copies an event, which a template outlives. Into memory that templates share: each its own cost 0.9 µs instead of 0.1. */
export function keepBytes(event: Uint8Array): TemplateBytes {
  if (used + event.length > slab.length) {
    slab = new Uint8Array(Math.max(SLAB, event.length))
    view = new DataView(slab.buffer)
    used = 0
  }
  const from = used
  slab.set(event, from)
  used += event.length
  return { bytes: slab, view, from }
}
