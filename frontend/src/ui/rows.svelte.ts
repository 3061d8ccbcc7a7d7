/** A part of a long list, and how long all of it is, if that was asked. */
export interface Part<T> {
  rows: T[]
  total?: number
}

/** What is asked for: so many rows from a place on; count says that nobody knows yet how long the list is. */
export interface Wanted {
  offset: number
  limit: number
  count: boolean
  signal: AbortSignal
}

interface Sheet<T> {
  rows: T[]
  /** which reading it came from: an older one is shown, and read again when somebody looks. */
  reading: number
}

/** how many sheets are kept: far more than anybody sees at once, and little for a computer. */
const most = 20

/**
 * A long list of which only those parts are read that somebody looks at, at any place. When something has happened, what
 * is in view is read again and replaced at once; what is out of view when it comes into view.
 */
export class Rows<T> {
  total = $state(0)
  state = $state<'loading' | 'error' | 'ready'>('loading')
  error = $state.raw<unknown>()
  /** the question has changed, and what is shown answers the one before. */
  outdated = $state(false)
  #sheets = $state.raw<ReadonlyMap<number, Sheet<T>>>(new Map())
  #reading = 0
  #asked = new Set<{ sheets: number[]; leave: AbortController }>()
  #view = { first: 0, last: 0 }
  #counted = -1
  #ask: (wanted: Wanted) => Promise<Part<T>>
  #key: (row: T) => string
  #size: number
  /** told by how many rows those in view have moved, so that the screen can follow them. */
  onmoved: ((by: number) => void) | undefined

  constructor(ask: (wanted: Wanted) => Promise<Part<T>>, key: (row: T) => string, size = 100) {
    this.#ask = ask
    this.#key = key
    this.#size = size
  }

  at = (index: number): T | undefined =>
    this.#sheets.get(Math.floor(index / this.#size))?.rows[index % this.#size]

  /** indexOf finds a row among those that were read, -1 if it is not one of them. */
  indexOf = (key: string): number => {
    for (const [sheet, { rows }] of this.#sheets) {
      const at = rows.findIndex((row) => this.#key(row) === key)
      if (at >= 0) return sheet * this.#size + at
    }
    return -1
  }

  find(key: string): T | undefined {
    return this.at(this.indexOf(key))
  }

  /** need says which rows are in view. */
  need = (first: number, last: number) => {
    this.#view = { first, last }
    if (this.state === 'ready') this.#look()
  }

  /** refresh reads what is in view again. */
  refresh = async (): Promise<void> => {
    this.#reading++
    this.#forget()
    await this.#look()
  }

  /** again is refresh after the question has changed: nothing of what was read is true any more. */
  again = async (): Promise<void> => {
    this.outdated = true
    this.#view = { first: 0, last: this.#view.last - this.#view.first }
    await this.refresh()
  }

  /** keys gives the names of a range of rows, at once if they were all read. */
  keys = (first: number, last: number): string[] | Promise<string[]> => {
    const here: string[] = []
    for (let i = first; i <= last; i++) {
      const row = this.at(i)
      if (row === undefined) return this.#fetchKeys(first, last)
      here.push(this.#key(row))
    }
    return here
  }

  /** leave forgets open questions: nobody looks any more. */
  leave() {
    this.#forget()
  }

  #forget() {
    for (const question of this.#asked) question.leave.abort()
    this.#asked.clear()
  }

  async #look(): Promise<void> {
    const { first, last } = this.#view
    const ahead = this.#size / 2 // what comes into view next is on its way before anybody sees that it is missing
    const from = Math.floor(Math.max(0, first - ahead) / this.#size)
    const to = Math.floor(Math.max(first, this.#known(last + ahead)) / this.#size)
    // A view that flies past is not worth its questions: only those about where it is now go on.
    for (const question of this.#asked) {
      if (question.sheets.some((sheet) => sheet >= from && sheet <= to)) continue
      question.leave.abort()
      this.#asked.delete(question)
    }
    const coming = [...this.#asked].flatMap((question) => question.sheets)
    const missing = []
    for (let sheet = from; sheet <= to; sheet++) {
      const stale = this.#sheets.get(sheet)?.reading !== this.#reading
      if (stale && !coming.includes(sheet)) missing.push(sheet)
    }
    if (missing.length > 0) await this.#read(missing)
  }

  /** known is an index that is in the list, as far as anybody knows. */
  #known(index: number): number {
    return this.#counted < 0 ? 0 : Math.min(index, this.total - 1)
  }

  async #read(sheets: number[]): Promise<void> {
    const question = { sheets, leave: new AbortController() }
    this.#asked.add(question)
    try {
      const { signal } = question.leave
      const count = this.#counted !== this.#reading
      const parts = await Promise.all(
        sheets.map((sheet, i) =>
          this.#ask({ offset: sheet * this.#size, limit: this.#size, count: count && i === 0, signal }),
        ),
      )
      if (this.#asked.has(question)) this.#take(sheets, parts)
    } catch (error) {
      if (!this.#asked.has(question)) return
      this.error = error
      if (this.state !== 'ready' || this.outdated) this.state = 'error'
      this.outdated = false
    } finally {
      this.#asked.delete(question)
    }
  }

  #take(sheets: number[], parts: Part<T>[]) {
    const before = this.outdated ? [] : this.#inView()
    const next = new Map(this.outdated ? [] : this.#sheets)
    sheets.forEach((sheet, i) => next.set(sheet, { rows: parts[i]?.rows ?? [], reading: this.#reading }))
    const middle = Math.floor(this.#view.first / this.#size)
    for (const sheet of [...next.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle))) {
      if (next.size <= most) break
      next.delete(sheet)
    }
    this.#sheets = next
    const total = parts[0]?.total
    if (total !== undefined) {
      this.total = total
      this.#counted = this.#reading
    }
    this.state = 'ready'
    this.error = undefined
    this.outdated = false
    this.#follow(before)
  }

  #inView(): { index: number; key: string }[] {
    const rows = []
    for (let index = this.#view.first; index <= this.#view.last; index++) {
      const row = this.at(index)
      if (row !== undefined) rows.push({ index, key: this.#key(row) })
    }
    return rows
  }

  /** follow finds out whether what was in view has moved: the first row that is still there says by how much. */
  #follow(before: { index: number; key: string }[]) {
    for (const { index, key } of before) {
      const now = this.indexOf(key)
      if (now < 0) continue
      if (now !== index) this.onmoved?.(now - index)
      return
    }
  }

  async #fetchKeys(first: number, last: number): Promise<string[]> {
    const page = 500
    const keys: string[] = []
    for (let offset = first; offset <= last; offset += page) {
      const limit = Math.min(page, last - offset + 1)
      const { rows } = await this.#ask({ offset, limit, count: false, signal: new AbortController().signal })
      keys.push(...rows.map(this.#key))
    }
    return keys
  }
}
