import { JsonBrackets } from '../decode/json-brackets.ts'

/** Whether a JSON object or list that arrives in pieces is whole. Text is kept until somebody asks, then read once. */
export class JsonProgress {
  #unread = ''
  #brackets = new JsonBrackets()
  #complete = false
  #blank = true

  push(text: string): void {
    this.#unread += text
  }

  /** Whether nothing but white space has come. */
  get blank(): boolean {
    this.#read()
    return this.#blank
  }

  get complete(): boolean {
    this.#read()
    return this.#complete
  }

  #read(): void {
    const text = this.#unread
    if (text === '') return
    this.#unread = ''
    this.#blank &&= text.trim() === ''
    if (this.#complete) return
    const end = this.#brackets.read(text)
    this.#complete = this.#brackets.depth === 0 && '}]'.includes(text.charAt(end - 1))
  }
}
