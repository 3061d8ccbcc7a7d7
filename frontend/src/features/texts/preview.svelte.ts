import { left, troubleOf, type Trouble } from '~/backend/errors'
import type { TextPage, PreviewAnswer, PreviewRequest } from '~/backend/types'

type Ask = (request: PreviewRequest, signal: AbortSignal) => Promise<PreviewAnswer>
type Change = NonNullable<PreviewRequest['changes']>[number]

/** A page, and what is wrong on it. */
interface Place {
  page: string
  error: string
}

/**
 * Preview is the page in the phone frame, drawn by the code that serves phones. While one answer is on its way the next
 * question waits, and only the newest is asked then: answers cannot overtake one another, and typing is never behind by
 * more than one.
 */
export class Preview {
  page = $state('signin')
  error = $state('')
  // At first the phone looks as the window does.
  scheme = $state<'light' | 'dark'>(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
  large = $state(false)
  rtl = $state(false)
  sample = $state('')
  answer = $state.raw<PreviewAnswer>()
  trouble = $state.raw<Trouble>()
  #ask: Ask
  #running: AbortController | undefined
  #next: { language: string; changes: Change[] } | undefined
  #seeking: { key: string; places: Place[] } | undefined

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** request is what is asked for, with the words that the server does not have yet. */
  request(language: string, changes: Change[]): PreviewRequest {
    const { page, scheme, large, rtl, sample, error } = this
    return { page, language, scheme, large, rtl, sample, error, changes }
  }

  /** look draws the page anew. */
  look(language: string, changes: Change[]) {
    this.#next = { language, changes }
    if (!this.#running) void this.#run()
  }

  /** turn shows a page, or what is wrong on it. */
  turn(page: string, error = '') {
    this.#seeking = undefined
    this.page = page
    this.error = error
  }

  /**
   * follow turns to where a text is seen, and stays if it is seen already. Some texts are on a page only when something
   * is wrong there: then the pages are looked through, and the first one that shows the text is taken.
   */
  follow(key: string, pages: readonly TextPage[]) {
    this.#seeking = undefined
    if (this.error === '' && this.answer?.keys.includes(key)) return
    const places = placesOf(key, pages, this.page)
    const [first] = places
    if (!first) return
    if (first.page !== this.page || first.error !== this.error) this.answer &&= { ...this.answer, keys: [] }
    this.turn(first.page, first.error)
    this.#seeking = { key, places: places.slice(1) }
  }

  async #run() {
    const mine = (this.#running = new AbortController())
    while (this.#next && !mine.signal.aborted) {
      const asked = this.#next
      this.#next = undefined
      try {
        const answer = await this.#ask(this.request(asked.language, asked.changes), mine.signal)
        if (!this.#elsewhere(answer)) this.answer = answer
        this.trouble = undefined
      } catch (error) {
        if (!left(error)) this.trouble = troubleOf(error)
      }
    }
    if (this.#running === mine) this.#running = undefined
  }

  /** elsewhere says whether the text that is looked for must be on another page, and turns there. */
  #elsewhere(answer: PreviewAnswer): boolean {
    const seeking = this.#seeking
    const next = seeking?.places[0]
    if (!seeking || !next || answer.keys.includes(seeking.key)) {
      this.#seeking = undefined
      return false
    }
    this.page = next.page
    this.error = next.error
    this.#seeking = { ...seeking, places: seeking.places.slice(1) }
    return true
  }

  leave() {
    this.#running?.abort()
    this.#running = undefined
    this.#next = undefined
    this.#seeking = undefined
  }
}

/** placesOf lists where a text may be seen, the likeliest first: on this page, on pages that phones meet, on others. */
export function placesOf(key: string, pages: readonly TextPage[], here: string): Place[] {
  const rank = (one: TextPage) => (one.name === here ? 0 : one.used ? 1 : 2)
  return pages
    .filter((one) => one.keys.includes(key))
    .sort((a, b) => rank(a) - rank(b))
    .flatMap(({ name: page, errors }) => {
      if (errors.includes(key)) return [{ page, error: key }]
      return ['', ...errors].map((error) => ({ page, error }))
    })
}
