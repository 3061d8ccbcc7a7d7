import type { Text } from '~/backend/types'
import { troubleOf, type Trouble } from '~/backend/errors'
import { keep, kept } from '~/ui/kept'
import { idOf, live, partsOf } from './words'

/** How the words get to the server. */
export interface Door {
  save: (language: string, key: string, text: string) => Promise<Text>
  back: (language: string, key: string) => Promise<Text>
  discard: (language: string, key: string) => Promise<Text>
}

const pause = 400
const patience = [1_000, 3_000, 10_000]
const memory = 'unsaved-texts'

/** What the server had before a text was changed: a draft, or none. */
interface Step {
  id: string
  before: string | undefined
  after: string | undefined
}

/**
 * Drafts are the words that are being written. Each is on this computer from the first letter, and a moment after the
 * last one it is on the server; a crash, a reload or a server that is away loses nothing.
 */
export class Drafts {
  /** words that the server does not have yet. */
  unsaved = $state.raw<Record<string, string>>(remembered())
  saving = $state(false)
  /** why the words could not be saved; they are kept and sent again. */
  trouble = $state.raw<Trouble>()
  undoable = $state.raw<Step[]>([])
  redoable = $state.raw<Step[]>([])
  #door: Door
  #saved: (language: string, text: Text) => void
  #bases: Record<string, Text> = {}
  /** words that the server will never take. */
  #refused: Record<string, string> = {}
  // An emptied field stays empty as long as somebody is in it, though the draft then means the words built in.
  #visit = $state.raw<{ id: string; words: string }>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #tries = 0
  #running: Promise<void> | undefined

  constructor(door: Door, saved: (language: string, text: Text) => void) {
    this.#door = door
    this.#saved = saved
    if (Object.keys(this.unsaved).length > 0) this.#later(0)
  }

  /** write takes a keystroke. text is what the server knows about the field. */
  write(language: string, text: Text, words: string) {
    const id = idOf(language, text.key)
    this.#bases[id] = text
    this.#visit = { id, words }
    this.#set(id, words)
    this.#tries = 0
    this.#later(pause)
  }

  /** typed is what somebody has written into a field that they have not left, or that is not on the server yet. */
  typed(language: string, key: string): string | undefined {
    const id = idOf(language, key)
    return this.unsaved[id] ?? (this.#visit?.id === id ? this.#visit.words : undefined)
  }

  waits(language: string, key: string): boolean {
    return idOf(language, key) in this.unsaved
  }

  changes(language: string): { language: string; key: string; text: string }[] {
    return Object.entries(this.unsaved)
      .map(([id, text]) => ({ ...partsOf(id), text }))
      .filter((one) => one.language === language)
  }

  /** back returns a text to the words built in, as a draft too. */
  async back(language: string, text: Text): Promise<boolean> {
    return this.#deed(language, text, () =>
      text.published === undefined
        ? this.#door.discard(language, text.key)
        : this.#door.back(language, text.key),
    )
  }

  /** discard throws a draft away: phones keep what they show. */
  async discard(language: string, text: Text): Promise<boolean> {
    return this.#deed(language, text, () => this.#door.discard(language, text.key))
  }

  /** put makes words a draft at once. */
  async put(language: string, text: Text, words: string): Promise<boolean> {
    return this.#deed(language, text, () => this.#door.save(language, text.key, words))
  }

  /** undo takes the last saved change back, redo does it again; both say which text it was. */
  undo = () => this.#step('undo')
  redo = () => this.#step('redo')

  /** flush saves what is waiting, now. */
  flush = async (): Promise<void> => {
    clearTimeout(this.#timer)
    this.#running ??= this.#send().finally(() => (this.#running = undefined))
    await this.#running
  }

  leave() {
    void this.flush()
  }

  async #send() {
    this.saving = true
    let sending: [string, string] | undefined
    try {
      for (;;) {
        const next = Object.entries(this.unsaved).find(([id, words]) => this.#refused[id] !== words)
        if (!next) break
        sending = next
        const [id, words] = next
        const { language, key } = partsOf(id)
        const base = this.#bases[id]
        // The server makes no draft of words that phones show already, and knows when it is one all the same.
        const unchanged = base !== undefined && base.draft === undefined && words === live(base)
        const text = unchanged ? base : await this.#door.save(language, key, words)
        this.#take(id, text)
        // Words that were typed meanwhile stay and are sent in the next turn.
        if (this.unsaved[id] === words) this.#forget(id)
      }
      if (Object.keys(this.unsaved).length === 0) this.trouble = undefined
      this.#tries = 0
    } catch (error) {
      this.#failed(troubleOf(error), sending)
    } finally {
      this.saving = false
    }
  }

  #failed(trouble: Trouble, sending: [string, string] | undefined) {
    this.trouble = trouble
    if (sending && (trouble.code === 'texts_refused' || trouble.code === 'not_found')) {
      // Words that can never be kept do not keep the others waiting. Those of a text that is gone are gone with it.
      const [id, words] = sending
      if (trouble.fields.some((one) => one.code.startsWith('unknown_')) || trouble.code === 'not_found')
        this.#forget(id)
      else this.#refused[id] = words
      this.#later(0)
      return
    }
    this.#later(patience[Math.min(this.#tries++, patience.length - 1)] ?? pause)
  }

  async #deed(language: string, text: Text, deed: () => Promise<Text>): Promise<boolean> {
    const id = idOf(language, text.key)
    clearTimeout(this.#timer)
    await this.#running
    this.#bases[id] = text
    this.close()
    try {
      const answer = await deed()
      this.#forget(id)
      this.#take(id, answer)
      this.trouble = undefined
    } catch (error) {
      this.trouble = troubleOf(error)
      return false
    }
    if (Object.keys(this.unsaved).length > 0) this.#later(pause)
    return true
  }

  #take(id: string, text: Text) {
    const before = this.#bases[id]?.draft
    this.#bases[id] = text
    const last = this.undoable.at(-1)
    if (before !== text.draft) {
      // Letters typed one after the other into a field are one change.
      const grown = last?.id === id && last.after === before && !this.#closed
      const step: Step = { id, before: grown ? last.before : before, after: text.draft }
      this.undoable = [...(grown ? this.undoable.slice(0, -1) : this.undoable.slice(-99)), step]
      this.redoable = []
      this.#closed = false
    }
    this.#saved(partsOf(id).language, text)
  }

  #closed = false

  /** close ends a change: what is typed after it is another one for undo. Called when somebody leaves a field. */
  close() {
    this.#closed = true
    this.#visit = undefined
  }

  async #step(way: 'undo' | 'redo'): Promise<{ language: string; key: string } | undefined> {
    await this.flush()
    this.close()
    const from = way === 'undo' ? this.undoable : this.redoable
    const step = from.at(-1)
    if (!step) return undefined
    const { language, key } = partsOf(step.id)
    const to = way === 'undo' ? step.before : step.after
    try {
      const text = await (to === undefined
        ? this.#door.discard(language, key)
        : to === ''
          ? this.#door.back(language, key)
          : this.#door.save(language, key, to))
      this.#bases[step.id] = text
      this.#saved(language, text)
    } catch (error) {
      this.trouble = troubleOf(error)
      return undefined
    }
    if (way === 'undo') {
      this.undoable = this.undoable.slice(0, -1)
      this.redoable = [...this.redoable, step]
    } else {
      this.redoable = this.redoable.slice(0, -1)
      this.undoable = [...this.undoable, step]
    }
    return { language, key }
  }

  #later(ms: number) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.flush(), ms)
  }

  #set(id: string, words: string) {
    this.unsaved = { ...this.unsaved, [id]: words }
    keep(memory, JSON.stringify(this.unsaved))
  }

  #forget(id: string) {
    this.unsaved = Object.fromEntries(Object.entries(this.unsaved).filter(([one]) => one !== id))
    keep(memory, JSON.stringify(this.unsaved))
  }
}

function remembered(): Record<string, string> {
  try {
    const all: unknown = JSON.parse(kept(memory, '{}'))
    if (typeof all !== 'object' || all === null) return {}
    return Object.fromEntries(
      Object.entries(all).filter((one): one is [string, string] => typeof one[1] === 'string'),
    )
  } catch {
    return {}
  }
}
