import * as backend from '~/backend'
import type { Enrollment, Facets, ListView, Selected } from '~/backend/types'
import { keep, kept } from '~/ui/kept'
import { Layout } from '~/ui/layout.svelte'
import { Load } from '~/ui/load.svelte'
import { Rows } from '~/ui/rows.svelte'
import { Selection } from '~/ui/selection.svelte'
import { portioned } from '~/backend/portions'
import { usualColumns } from './columns.svelte'
import { read, written, type Condition } from './filter'

const pause = 120
const usualSort = '-last_seen_at'

/** The list of phones: what is searched, how it is sorted, what is shown and chosen. */
export class Phones {
  search = $state('')
  conditions = $state.raw<readonly Condition[]>([])
  sort = $state(kept('phones.sort', usualSort))
  layout = new Layout('phones', usualColumns)
  facets = new Load<Facets>((signal) => backend.facets(signal))
  rows: Rows<Enrollment>
  selection: Selection
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ask: typeof backend.enrollments = backend.enrollments) {
    this.rows = new Rows(
      async ({ signal, count, ...part }) => {
        const page = await ask({ ...this.view, ...part, total: count, counts: false }, signal)
        return { rows: page.enrollments, ...(count ? { total: page.total } : {}) }
      },
      (phone) => phone.id,
    )
    this.selection = new Selection(this.rows.keys)
  }

  /** view is what the list shows, as the server is told: for the list, for exports, for what is done with all of it. */
  get view(): ListView {
    return { search: this.search.trim(), filter: this.conditions.map(written), sort: this.sort }
  }

  get narrowed(): boolean {
    return this.search.trim() !== '' || this.conditions.length > 0
  }

  searchFor(text: string) {
    this.search = text
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#again(), pause)
  }

  /** only narrows the list to what fits all conditions, given as the address has them. */
  only(filter: readonly string[]) {
    const next = filter.flatMap((text) => read(text) ?? [])
    if (next.map(written).join() === this.conditions.map(written).join()) return
    this.conditions = next
    this.#again()
  }

  sortBy(sort: string) {
    this.sort = sort
    keep('phones.sort', sort)
    void this.rows.again()
  }

  /** chosen are the phones of the selection, in portions that the server takes; one that is open counts when none is. */
  async chosen(open?: string): Promise<Selected[]> {
    const { selection } = this
    if (!selection.some) return open === undefined ? [] : [{ ids: [open] }]
    if (selection.everything && selection.ids.size === 0) return [{ view: this.view }]
    const ids = selection.everything
      ? (await this.rows.keys(0, this.rows.total - 1)).filter((id) => selection.has(id))
      : [...selection.ids]
    return portioned(ids)
  }

  leave() {
    clearTimeout(this.#timer)
    this.rows.leave()
    this.facets.leave()
  }

  #again() {
    // "All that the list finds" means others now; single ones that somebody picked stay picked.
    if (this.selection.everything) this.selection.clear()
    void this.rows.again()
  }
}
