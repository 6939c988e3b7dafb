/**
 * Whether a JSON object or list that arrives in pieces is complete.
 *
 * Only brackets outside strings count: a JSON object is prefix-free, so the text is complete exactly when its first
 * bracket closes. Text is kept until somebody asks, then read once.
 */
export class JsonProgress {
  #unread = ''
  #depth = 0
  #inString = false
  #escaped = false
  #complete = false
  #begun = false

  push(text: string): void {
    this.#unread += text
  }

  restart(): void {
    this.#unread = ''
    this.#depth = 0
    this.#inString = this.#escaped = this.#complete = this.#begun = false
  }

  /** Whether nothing but white space has come. */
  get blank(): boolean {
    this.#read()
    return !this.#begun
  }

  get complete(): boolean {
    this.#read()
    return this.#complete
  }

  #read(): void {
    const text = this.#unread
    this.#unread = ''
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (code === 0x5c) this.#escaped = true
        else if (code === 0x22) this.#inString = false
        continue
      }
      if (code > 0x20) this.#begun = true
      if (code === 0x22) this.#inString = true
      else if (code === 0x7b || code === 0x5b) this.#depth++
      else if ((code === 0x7d || code === 0x5d) && this.#depth > 0 && --this.#depth === 0) this.#complete = true
    }
  }
}
