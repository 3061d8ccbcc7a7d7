import { attempt } from '~/actions/action'
import * as backend from '~/backend'
import { portioned } from '~/backend/portions'
import type { Batch, Enrollment, Receipt, StaleRule, StaleSummary } from '~/backend/types'
import type { CleanupPart as Part } from '~/routes'
import { keep, kept } from '~/ui/kept'
import { Load } from '~/ui/load.svelte'
import { Rows } from '~/ui/rows.svelte'
import { Selection } from '~/ui/selection.svelte'
import { t } from '~/words/language.svelte'

export const ways = ['silent', 'probably_removed', 'must_enroll_again', 'removed', 'waiting'] as const
export const stops = [0, 7, 14, 30, 60, 90, 120, 180, 365, 730] as const
export const usual: StaleRule = {
  waiting: 14,
  silent: 90,
  probably_removed: 30,
  must_enroll_again: 30,
  removed: 30,
}

const pause = 80
/** as many records as are erased in one transaction. */
const portion = 100

type Server = Pick<typeof backend, 'stale' | 'enrollments' | 'batches' | 'wake' | 'wakeStale'>

/** Records of phones that are gone: what a rule would put away, and what was. */
export class Cleanup {
  rule = $state.raw<StaleRule>(remembered())
  part = $state<Part>('proposed')
  sort = $state('last_seen_at')
  summary: Load<StaleSummary>
  archivedCount = $state(0)
  batches: Load<Batch[]>
  rows: Rows<Enrollment>
  selection: Selection
  #timer: ReturnType<typeof setTimeout> | undefined

  #server: Server

  constructor(server: Server = backend) {
    this.#server = server
    this.batches = new Load(async (signal) => (await server.batches(signal)).batches)
    this.summary = new Load(async (signal) => {
      const archived = { filter: ['state:is:archived'], limit: 1, counts: false }
      const [stale, put] = await Promise.all([
        server.stale({ ...this.rule, limit: 0 }, signal),
        server.enrollments(archived, signal),
      ])
      this.archivedCount = put.total
      return stale.summary
    })
    this.rows = new Rows(
      async ({ offset, limit, count, signal }) => {
        const page = { sort: this.sort, offset, limit }
        if (this.part === 'archived') {
          const filter = ['state:is:archived']
          const put = await server.enrollments({ ...page, filter, total: count, counts: false }, signal)
          return { rows: put.enrollments, ...(count ? { total: put.total } : {}) }
        }
        const stale = await server.stale({ ...this.rule, ...page, show: this.part }, signal)
        return { rows: stale.enrollments, total: stale.total }
      },
      (phone) => phone.id,
    )
    this.selection = new Selection(this.rows.keys)
  }

  refresh = () => {
    void this.summary.refresh()
    void this.batches.refresh()
    void this.rows.refresh()
  }

  count(part: Part): number {
    return part === 'archived' ? this.archivedCount : (this.summary.data?.[part] ?? 0)
  }

  /** set moves a threshold: the numbers follow while it moves. */
  set(way: (typeof ways)[number], days: number) {
    this.rule = { ...this.rule, [way]: days }
    keep('cleanup.rule', JSON.stringify(this.rule))
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      void this.summary.refresh()
      void this.rows.again()
    }, pause)
  }

  look(part: Part) {
    this.part = part
    this.selection.clear()
    void this.rows.again()
  }

  sortBy(sort: string) {
    this.sort = sort
    void this.rows.again()
  }

  /** wake calls the phones that are chosen, or all that the rule must not judge before. */
  async wake(): Promise<boolean> {
    let count = 0
    const done = await attempt(
      async () => {
        const ids = await this.#chosen()
        if (ids) for (const which of portioned(ids)) count += (await this.#server.wake(which)).count
        else count = (await this.#server.wakeStale(this.rule)).count
      },
      () => t('chosen.wake.done', { count }),
    )
    this.selection.clear()
    this.refresh()
    return done
  }

  /** archive puts away what is chosen, or all that the rule proposes at this moment. */
  async archive(): Promise<boolean> {
    const batches: Batch[] = []
    const done = await attempt(
      async () => {
        const ids = await this.#chosen()
        for (const which of ids ? portioned(ids) : [{ rule: this.rule }])
          batches.push(await backend.archive(which))
      },
      () => t('cleanup.done', { count: batches.reduce((sum, batch) => sum + batch.count, 0) }),
      async () => {
        for (const batch of batches) if (batch.count > 0) await this.undo(batch.id)
      },
    )
    this.selection.clear()
    this.refresh()
    return done
  }

  async undo(id: string): Promise<void> {
    await backend.undoBatch(id)
    this.refresh()
  }

  async restore(): Promise<boolean> {
    let count = 0
    const done = await attempt(
      async () => {
        const ids = (await this.#chosen()) ?? (await this.rows.keys(0, this.rows.total - 1))
        for (const which of portioned(ids)) count += (await backend.restore(which)).count
      },
      () => t('cleanup.restored', { count }),
    )
    this.selection.clear()
    this.refresh()
    return done
  }

  /** purge erases what is chosen for good, and gives the receipts that remain. */
  async purge(): Promise<Receipt[]> {
    const receipts: Receipt[] = []
    await attempt(async () => {
      const ids = (await this.#chosen()) ?? (await this.rows.keys(0, this.rows.total - 1))
      for (let from = 0; from < ids.length; from += portion) {
        receipts.push(await backend.purge(ids.slice(from, from + portion)))
      }
    })
    this.selection.clear()
    this.refresh()
    return receipts
  }

  leave() {
    clearTimeout(this.#timer)
    this.summary.leave()
    this.batches.leave()
    this.rows.leave()
  }

  /** chosen are the ids of the selection; undefined means all of the part that is shown. */
  async #chosen(): Promise<string[] | undefined> {
    const { selection } = this
    if (!selection.some || (selection.everything && selection.ids.size === 0)) return undefined
    if (!selection.everything) return [...selection.ids]
    return (await this.rows.keys(0, this.rows.total - 1)).filter((id) => selection.has(id))
  }
}

function remembered(): StaleRule {
  try {
    const rule = JSON.parse(kept('cleanup.rule', '{}')) as Partial<StaleRule>
    const days = ways.map((way) => [way, Number.isInteger(rule[way]) ? rule[way] : usual[way]] as const)
    return { ...usual, ...Object.fromEntries(days) }
  } catch {
    return usual
  }
}
