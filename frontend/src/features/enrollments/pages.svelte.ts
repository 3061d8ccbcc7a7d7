export interface Page<T> {
  rows: T[]
  next: string
}

/**
 * A long list that the server hands out page by page. Rows are asked for when they come into view; when something has
 * happened, what was already read is read again and replaced at once, so that nothing jumps.
 */
export class Pages<T> {
  rows = $state.raw<T[]>([])
  /** whether there is more than what was read. */
  more = $state(false)
  state = $state<'loading' | 'error' | 'ready'>('loading')
  error = $state.raw<unknown>()
  #next = ''
  #wanted = 0
  #ask: (after: string, signal: AbortSignal) => Promise<Page<T>>
  #running: AbortController | undefined
  #reading = false

  constructor(ask: (after: string, signal: AbortSignal) => Promise<Page<T>>) {
    this.#ask = ask
  }

  /** refresh reads the list again from its beginning, as far as somebody has looked. */
  refresh = async (): Promise<void> => {
    this.#running?.abort()
    const mine = (this.#running = new AbortController())
    this.#reading = false
    try {
      const rows: T[] = []
      let page: Page<T>
      let after = ''
      do {
        page = await this.#ask(after, mine.signal)
        rows.push(...page.rows)
        after = page.next
      } while (after !== '' && rows.length <= this.#wanted)
      if (this.#running !== mine) return
      this.rows = rows
      this.#goOn(after)
      this.state = 'ready'
      this.error = undefined
    } catch (error) {
      if (this.#running !== mine) return
      this.error = error
      if (this.rows.length === 0) this.state = 'error'
    }
  }

  /** need says that the rows up to an index are in view. */
  need(last: number) {
    this.#wanted = last
    if (this.state === 'ready' && last >= this.rows.length && this.#next !== '' && !this.#reading)
      void this.#read()
  }

  /** leave forgets open questions: nobody looks any more. */
  leave() {
    this.#running?.abort()
    this.#running = undefined
  }

  #goOn(next: string) {
    this.#next = next
    this.more = next !== ''
  }

  async #read(): Promise<void> {
    const mine = this.#running ?? (this.#running = new AbortController())
    this.#reading = true
    try {
      while (this.#next !== '' && this.rows.length <= this.#wanted) {
        const page = await this.#ask(this.#next, mine.signal)
        if (this.#running !== mine) return
        this.rows = [...this.rows, ...page.rows]
        this.#goOn(page.next)
      }
    } catch (error) {
      if (this.#running === mine) this.error = error
    } finally {
      if (this.#running === mine) this.#reading = false
    }
  }
}
