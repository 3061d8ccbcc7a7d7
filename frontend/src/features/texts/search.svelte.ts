import { troubleOf, type Trouble } from '~/backend/errors'
import type { Text, Texts } from '~/backend/types'
import { folded, oneLine, saved } from './words'

export interface Found {
  language: string
  text: Text
  /** the words around what was looked for, cut in three: before, the match, after. */
  parts: readonly [before: string, match: string, after: string]
}

const most = 200
const around = 24

/** Search looks through all texts of all languages. They are read once, when somebody begins to search. */
export class Search {
  words = $state('')
  trouble = $state.raw<Trouble>()
  busy = $state(false)
  at = $state(0)
  #everything = $state.raw<Texts[]>()
  #ask: (language: string) => Promise<Texts>

  asked = $derived(this.words.trim() !== '')
  found = $derived<Found[]>(this.asked ? find(this.#everything ?? [], this.words) : [])

  constructor(ask: (language: string) => Promise<Texts>) {
    this.#ask = ask
  }

  /** look reads the texts of these languages, the one being edited first. */
  async look(languages: readonly string[]) {
    this.busy = true
    try {
      this.#everything = await Promise.all(languages.map((language) => this.#ask(language)))
      this.trouble = undefined
    } catch (error) {
      this.trouble = troubleOf(error)
    } finally {
      this.busy = false
    }
  }

  /** forget lets the next search read the texts again. */
  forget() {
    this.words = ''
    this.#everything = undefined
  }

  get read(): boolean {
    return this.#everything !== undefined
  }
}

/** find goes through words, keys and purposes; what was looked for is compared without case and accents. */
export function find(everything: Texts[], asked: string): Found[] {
  const wanted = folded(asked.trim())
  const found: Found[] = []
  for (const { language, texts } of everything) {
    for (const text of texts) {
      const words = oneLine(saved(text))
      const parts = cut(words, wanted)
      if (parts) found.push({ language, text, parts })
      else if (text.key.includes(wanted))
        found.push({ language, text, parts: [words.slice(0, 2 * around), '', ''] })
      if (found.length === most) return found
    }
  }
  return found
}

/** cut finds wanted in words and cuts there. Folding may change the length of letters, so it is done letter by letter. */
function cut(words: string, wanted: string): Found['parts'] | undefined {
  const letters = [...words]
  const foldedLetters = letters.map(folded)
  const whole = foldedLetters.join('')
  const index = whole.indexOf(wanted)
  if (index < 0) return undefined
  let from = 0
  for (let length = 0; length + (foldedLetters[from]?.length ?? 1) <= index; from++)
    length += foldedLetters[from]?.length ?? 1
  let to = from
  for (let length = 0; length < wanted.length && to < letters.length; to++)
    length += foldedLetters[to]?.length ?? 1
  const start = Math.max(0, from - around)
  return [
    (start > 0 ? '…' : '') + letters.slice(start, from).join(''),
    letters.slice(from, to).join(''),
    letters.slice(to, to + 2 * around).join('') + (letters.length > to + 2 * around ? '…' : ''),
  ]
}
