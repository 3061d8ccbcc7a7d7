/**
 * The rows that somebody has chosen to do something with all of them: single ones, or all that the list finds, loaded
 * or not, less those that were taken out again.
 */
export class Selection {
  /** the chosen rows; when everything is chosen, those that are not. */
  ids = $state.raw<ReadonlySet<string>>(new Set())
  everything = $state(false)
  #keys: (first: number, last: number) => Promise<string[]> | string[]
  #anchor = 0
  #before: ReadonlySet<string> = new Set()
  #asked = 0

  /** keys gives the names of a range of rows; those that nobody has looked at yet must be asked for first. */
  constructor(keys: (first: number, last: number) => Promise<string[]> | string[]) {
    this.#keys = keys
  }

  has = (key: string): boolean => this.ids.has(key) !== this.everything

  get some(): boolean {
    return this.everything || this.ids.size > 0
  }

  /** count is how many are chosen of a list that finds so many. */
  count(found: number): number {
    return this.everything ? Math.max(0, found - this.ids.size) : this.ids.size
  }

  /** anchor is where the next range begins. */
  anchor(index: number) {
    this.#anchor = index
    this.#before = this.ids
    this.#asked++
  }

  toggle(key: string, index: number) {
    const ids = new Set(this.ids)
    if (!ids.delete(key)) ids.add(key)
    this.ids = ids
    this.anchor(index)
  }

  /** extend chooses everything from the anchor to a row, besides what was chosen before. */
  async extend(to: number): Promise<void> {
    const mine = ++this.#asked
    const keys = this.#keys(Math.min(this.#anchor, to), Math.max(this.#anchor, to))
    const range = Array.isArray(keys) ? keys : await keys
    if (mine !== this.#asked) return // overtaken by the next key
    this.ids = this.everything
      ? new Set([...this.#before].filter((id) => !range.includes(id)))
      : new Set([...this.#before, ...range])
  }

  choose(ids: Iterable<string>) {
    this.everything = false
    this.ids = new Set(ids)
    this.anchor(this.#anchor)
  }

  all() {
    this.everything = true
    this.ids = new Set()
    this.anchor(this.#anchor)
  }

  clear() {
    this.choose([])
  }
}
