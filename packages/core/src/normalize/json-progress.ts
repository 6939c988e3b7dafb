import { JsonBrackets } from '../decode/json-brackets.ts'

/** Whether a JSON object or list that arrives in pieces is whole. Text is kept until somebody asks, then read once. */
export class JsonProgress {
  #unread = ''
  #brackets = new JsonBrackets()
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
    return this.#brackets.closed
  }

  #read(): void {
    const text = this.#unread
    if (text === '') return
    this.#unread = ''
    this.#blank &&= text.trim() === ''
    if (!this.#brackets.closed) this.#brackets.read(text)
  }
}
