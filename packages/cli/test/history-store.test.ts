import {
  linkSync,
  mkdtempSync,
  renameSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  existsSync,
  readdirSync,
  chmodSync,
  mkdirSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compactLog } from '../src/store/compact-log.ts'
import { createId } from '../src/store/create-id.ts'
import { createDraft } from '../src/store/draft.ts'
import { createFilter, folded, mayHold, queryGrams } from '../src/store/grams.ts'
import { openHistory } from '../src/store/history.ts'
import { withLockFile } from '../src/store/lock-file.ts'
import type { HistoryRecord, MessageRecord } from '../src/store/record.ts'

let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'deltawire-history-'))))
afterEach(() => rmSync(folder, { recursive: true }))

let time = 0
const moment = () => new Date(1_785_542_400_000 + 1000 * time++).toISOString()

function newThread(title: string | null = null): HistoryRecord & { id: string } {
  return { type: 'thread', id: createId(), title, at: moment() }
}

function message(
  thread: string,
  role: 'assistant' | 'user',
  content: string,
  parent: string | null = null,
): MessageRecord {
  const answer = { model: 'm', status: 'complete', finish_reason: 'stop' } as const
  return {
    type: 'message',
    id: createId(),
    thread,
    parent,
    at: moment(),
    message: { role, content },
    ...(role === 'assistant' && { answer }),
  }
}

/** A conversation of one question and one answer, as lines of the history. */
function turn(question: string, answer: string, title: string | null = null): HistoryRecord[] {
  const begun = newThread(title)
  const asked = message(begun.id, 'user', question)
  return [begun, asked, message(begun.id, 'assistant', answer, asked.id)]
}

const titles = (history = openHistory(folder)) => history.threads().map(({ title }) => title)
const texts = (query: string, history = openHistory(folder)) =>
  history.search(query, 10).map(({ record }) => record.message.content)

describe('the history', () => {
  test('is empty before anybody has asked', () => {
    const history = openHistory(join(folder, 'none'))
    expect(history.threads()).toEqual([])
    expect(history.search('a', 10)).toEqual([])
    expect(history.messages('x')).toEqual([])
  })

  test('lists conversations by their last word, with a title or what was first asked', () => {
    const history = openHistory(folder)
    const [begun, ...rest] = turn('What is\n a chunk?', 'A piece.') as [
      HistoryRecord & { id: string },
      ...MessageRecord[],
    ]
    history.append(begun, ...rest, ...turn('b', 'c', 'Named'), ...turn('d', 'e'))
    expect(titles()).toEqual(['d', 'Named', 'What is a chunk?'])
    const last = message(begun.id, 'assistant', 'More.', rest[0]?.id)
    history.append(last)
    expect(titles()).toEqual(['What is a chunk?', 'd', 'Named'])
    const [newest] = history.threads()
    expect(newest).toMatchObject({ messages: 3, tip: last.id })
    history.append({ type: 'thread', id: newest?.id ?? '', title: 'Renamed', at: moment() })
    expect(titles(history)[0]).toBe('Renamed')
  })

  test('finds a conversation by the beginning of its id and by its title', () => {
    const history = openHistory(folder)
    history.append(...turn('a', 'b', 'Rückschau'), ...turn('c', 'd', 'Plan'))
    const [plan] = history.threads()
    expect(history.findThreads(plan?.id.slice(0, 6) ?? '').map(({ title }) => title)).toEqual(['Plan'])
    expect(history.findThreads('ruck').map(({ title }) => title)).toEqual(['Rückschau'])
    expect(history.findThreads('nothing')).toEqual([])
  })

  test('goes on where it was left, or at its newest answer', () => {
    const history = openHistory(folder)
    const [begun, asked, answered] = turn('a', 'b') as [HistoryRecord & { id: string }, MessageRecord, MessageRecord]
    const unanswered = message(begun.id, 'user', 'nobody answers', answered.id)
    history.append(begun, asked, answered, unanswered)
    expect(history.threads()[0]?.tip).toBe(answered.id)
    const other = message(begun.id, 'assistant', 'c', asked.id)
    history.append(other)
    expect(history.threads()[0]?.tip).toBe(other.id)
    history.append({ type: 'tip', thread: begun.id, message: answered.id, at: moment() })
    expect(history.threads()[0]?.tip).toBe(answered.id)
    expect(history.messages(begun.id).map(({ id }) => id)).toEqual([asked.id, answered.id, unanswered.id, other.id])
  })

  test('is readable wherever a killed run has left it, and goes on with whole lines', { timeout: 60_000 }, () => {
    const history = openHistory(folder)
    history.append(...turn('first 世界', 'one'))
    const whole = statSync(history.logPath).size
    history.append(...turn('second', 'two'))
    const all = readFileSync(history.logPath)
    for (let size = all.length - 1; size > whole; size--) {
      truncateSync(history.logPath, size)
      expect(titles()).toContain('first 世界')
    }
    openHistory(folder).append(...turn('third', 'three'))
    expect(titles()).toEqual(expect.arrayContaining(['third', 'first 世界']))
    writeFileSync(history.logPath, Buffer.concat([all, Buffer.from('{"type":"thread","id":3}\n[]\nnonsense\n\0\0\n')]))
    expect(titles()).toEqual(['second', 'first 世界'])
  })

  test('shows messages whose conversation was lost', () => {
    openHistory(folder).append(message('lost', 'user', 'still here'))
    expect(titles()).toEqual(['still here'])
  })

  test('is only for its owner', () => {
    if (process.platform === 'win32') return
    const history = openHistory(join(folder, 'data'))
    mkdirSync(join(folder, 'data'), { mode: 0o755 })
    chmodSync(join(folder, 'data'), 0o755)
    history.append(...turn('a', 'b'))
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
    expect(statSync(history.logPath).mode & 0o777).toBe(0o600)
  })

  test('forgets a conversation for good', () => {
    const history = openHistory(folder)
    history.append(...turn('keep this', 'yes'), ...turn('my secret', 'the answer'))
    const [secret] = history.threads()
    history.remove([secret?.id ?? ''])
    expect(titles(history)).toEqual(['keep this'])
    expect(texts('secret')).toEqual([])
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name), 'utf8')).not.toContain('secret')
    // What was added at the same time stays where it was.
    expect(texts('keep')).toEqual(['keep this'])
  })
})

describe('a log that is mostly blank', () => {
  const long = 'x'.repeat(2000)
  const everything = (history = openHistory(folder)) =>
    history.threads().map((thread) => ({ ...thread, all: history.messages(thread.id) }))

  /** Fifty conversations that go, and two that stay, one with another title and a tip of its own. */
  function filled() {
    const history = openHistory(folder)
    const [begun, asked, answered] = turn('a', 'b') as [HistoryRecord & { id: string }, MessageRecord, MessageRecord]
    history.append(begun, asked, answered, ...turn('kept apple', 'yes', 'Stays'))
    for (let at = 0; at < 50; at++) history.append(...turn(`gone ${at}`, long, `Gone ${at}`))
    const branch = message(begun.id, 'assistant', 'c', asked.id)
    history.append(branch, { type: 'thread', id: begun.id, title: 'Renamed', at: moment() })
    for (const tip of [answered, branch, answered])
      history.append({ type: 'tip', thread: begun.id, message: tip.id, at: moment() })
    return history
  }
  const goneIds = (history = openHistory(folder)) =>
    history.threads().flatMap(({ id, title }) => (title.startsWith('Gone') ? [id] : []))

  test('is written anew, and holds every conversation as it was', () => {
    const history = filled()
    const before = everything().filter(({ title }) => !title.startsWith('Gone'))
    history.remove(goneIds())
    expect(statSync(history.logPath).size).toBeLessThan(20_000)
    expect(statSync(history.logPath).mode & 0o077).toBe(0)
    expect(everything(history)).toEqual(before)
    expect(everything()).toEqual(before)
    expect(texts('kept apple')).toEqual(['kept apple'])
    expect(texts('gone')).toEqual([])
    history.append(...turn('later', 'on'))
    expect(titles()).toEqual(['later', 'Renamed', 'Stays'])
    expect(readdirSync(folder).filter((name) => /\.(?:old|new|lock)$/.test(name))).toEqual([])
  })

  test('is left as it is while little is blank', () => {
    const history = filled()
    const { size } = statSync(history.logPath)
    history.remove(goneIds().slice(0, 5))
    expect(statSync(history.logPath).size).toBeGreaterThanOrEqual(size)
  })

  test('loses nothing that others add meanwhile, and is read by those who had read it before', () => {
    const history = filled()
    const other = openHistory(folder)
    other.threads()
    const log = readFileSync(history.logPath)
    const lines = log.toString('utf8').split('\n').slice(1, 7)
    let offset = log.indexOf('\n') + 1
    function* whileOthersAdd() {
      for (const line of lines) {
        other.append(...turn(`meanwhile ${offset}`, 'ok'))
        yield { offset, length: Buffer.byteLength(line) }
        offset += Buffer.byteLength(line) + 1
      }
    }
    const reader = openHistory(folder)
    reader.threads()
    compactLog(history.logPath, log.length, { type: 'history', v: 1, id: createId() }, whileOthersAdd())
    expect(texts('meanwhile').length).toBe(6)
    expect(texts('meanwhile', reader).length).toBe(6)
    expect(texts('kept apple', reader)).toEqual(['kept apple'])
    other.append(...turn('afterwards', 'ok'))
    reader.reload()
    expect(titles(reader)[0]).toBe('afterwards')
  })

  test('is whole wherever who writes it anew is killed', () => {
    const history = filled()
    const before = everything()
    // While the new one is written.
    writeFileSync(`${history.logPath}.new`, '{"type":"history"')
    expect(everything()).toEqual(before)
    // When the old one has got its second name.
    linkSync(history.logPath, `${history.logPath}.old`)
    expect(everything()).toEqual(before)
    expect(existsSync(`${history.logPath}.old`)).toBe(false)
    // When the new one has taken its place, before what was added meanwhile has come over.
    const whole = readFileSync(history.logPath)
    history.append(...turn('meanwhile', 'ok'))
    const added = everything()
    renameSync(history.logPath, `${history.logPath}.old`)
    const head = JSON.stringify({ type: 'history', v: 1, id: createId(), replaces: whole.length })
    writeFileSync(history.logPath, `${head}\n${whole.toString('utf8').split('\n').slice(1).join('\n')}`)
    expect(everything()).toEqual(added)
    expect(existsSync(`${history.logPath}.old`)).toBe(false)
    // When it had come over, and the old one was still there.
    writeFileSync(`${history.logPath}.old`, whole)
    expect(everything()).toEqual(added)
  })
})

describe('the search', () => {
  test('takes upper and lower case and accents for the same, in any alphabet', () => {
    openHistory(folder).append(...turn('Größe der WELT', 'Das Café'), ...turn('你好世界', 'नमस्ते 👩‍👧'))
    expect(texts('grosse')).toEqual([])
    expect(texts('große welt')).toEqual(['Größe der WELT'])
    expect(texts('CAFE')).toEqual(['Das Café'])
    expect(texts('世界')).toEqual(['你好世界'])
    expect(texts('界')).toEqual(['你好世界'])
    expect(texts('👩‍👧')).toEqual(['नमस्ते 👩‍👧'])
    expect(texts('öß')).toEqual(['Größe der WELT'])
    expect(texts(' ')).toEqual([])
  })

  test('finds every part of every text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.nat(),
        fc.nat({ max: 20 }),
        (text, from, length) => {
          const searched = folded(text)
          const start = searched.length === 0 ? 0 : from % searched.length
          const part = searched.slice(start, start + length)
          const filter = createFilter(text)
          expect(mayHold(filter, 0, filter.length, queryGrams([part]))).toBe(true)
        },
      ),
    )
  })

  test('finds the same through an index that was written, extended or made anew', () => {
    const words = ['apple', 'birne', 'りんご', 'дом', 'zwölf']
    const long = 'x'.repeat(3000)
    const history = openHistory(folder)
    const model: string[] = []
    for (let round = 0; round < 12; round++) {
      for (let at = 0; at < 10; at++) {
        const text = `${round} ${words[(round * at) % words.length]} ${long}`
        model.unshift(text)
        history.append(...turn(text, 'ok'))
      }
      for (const word of words) {
        const expected = model.filter((text) => text.includes(word)).slice(0, 10)
        expect(texts(word)).toEqual(expected)
        expect(texts(word, history)).toEqual(expected)
      }
    }
    expect(existsSync(join(folder, 'history.index'))).toBe(true)
    const expected = texts('apple')
    writeFileSync(join(folder, 'history.index'), 'damaged')
    expect(texts('apple')).toEqual(expected)
    rmSync(join(folder, 'history.index'))
    expect(texts('apple')).toEqual(expected)
  })

  test('reads a few lines among many', () => {
    const history = openHistory(folder)
    const records: HistoryRecord[] = []
    for (let at = 0; at < 3000; at++)
      records.push(...turn(`question number ${at} about trees`, `the answer ${at * 7919} is long enough`))
    history.append(...records)
    expect(texts('about needles', history)).toEqual([])
    expect(history.linesRead).toBeLessThan(300)
    expect(texts('2998 trees', history)).toEqual(['question number 2998 about trees'])
    expect(history.linesRead).toBeLessThan(300)
    expect(texts('trees', history).length).toBe(10)
    expect(history.linesRead).toBeLessThan(40)
  })

  test('is not disturbed by the index of another history', () => {
    const long = 'x'.repeat(5000)
    const other = openHistory(join(folder, 'other'))
    for (let at = 0; at < 100; at++) other.append(...turn(`one ${long}`, 'ok'))
    other.threads()
    const history = openHistory(folder)
    history.append(...turn('two', long), ...turn('three', 'x'))
    writeFileSync(join(folder, 'history.index'), readFileSync(join(folder, 'other', 'history.index')))
    expect(titles()).toEqual(['three', 'two'])
  })
})

describe('an answer that is still arriving', () => {
  const partial = (id: string): MessageRecord => ({
    ...message(id, 'assistant', ''),
    answer: { model: 'm', status: 'partial', finish_reason: null, reason: 'the program was killed' },
  })

  test('is kept when its program is killed', () => {
    const history = openHistory(folder)
    const begun = newThread()
    history.append(begun, message(begun.id, 'user', 'tell me'))
    const drafts = join(folder, 'drafts')
    const record = partial(begun.id)
    createDraft(drafts, record).add('Once upon ')
    const [name = ''] = readdirSync(drafts)
    // The program lives: its draft is its own.
    expect(openHistory(folder).messages(begun.id).length).toBe(1)
    const text = readFileSync(join(drafts, name), 'utf8')
    rmSync(join(drafts, name))
    // No process has this number.
    writeFileSync(join(drafts, `${record.id}.4194305.jsonl`), `${text}"a time"\n"hal`)
    expect(openHistory(folder).messages(begun.id).at(-1)).toMatchObject({
      message: { role: 'assistant', content: 'Once upon a time' },
      answer: { status: 'partial', reason: 'the program was killed' },
    })
    expect(readdirSync(drafts)).toEqual([])
    expect(openHistory(folder).messages(begun.id).length).toBe(2)
  })

  test('leaves nothing behind when it has arrived', () => {
    const draft = createDraft(join(folder, 'drafts'), partial('a'))
    draft.add('x')
    draft.discard()
    expect(readdirSync(join(folder, 'drafts'))).toEqual([])
    createDraft(join(folder, 'none'), partial('a')).discard()
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })
})

describe('a lock', () => {
  test('lets one in, and does not wait for who was killed', () => {
    const path = join(folder, 'lock')
    const now = Date.now()
    expect(
      withLockFile(path, now, () => {
        expect(withLockFile(path, now, () => expect.unreachable())).toBe(false)
      }),
    ).toBe(true)
    writeFileSync(path, '')
    expect(withLockFile(path, now, () => {})).toBe(false)
    expect(withLockFile(path, now + 60_000, () => {})).toBe(true)
    expect(existsSync(path)).toBe(false)
  })

  test("is nobody's when it comes from the future: the clock was set back", () => {
    const path = join(folder, 'lock')
    writeFileSync(path, '')
    const now = Date.now()
    expect(withLockFile(path, now - 10_000, () => {})).toBe(false)
    expect(withLockFile(path, now - 86_400_000, () => {})).toBe(true)
    expect(existsSync(path)).toBe(false)
  })
})
