import * as backend from '~/backend'
import type { Counts, Enrollment, EnrollmentSort } from '~/backend/types'
import { keep, kept } from '~/ui/kept'
import { Pages } from './pages.svelte'

export const states = [
  'enrolled',
  'waiting',
  'quiet',
  'asleep',
  'probably_removed',
  'must_enroll_again',
  'removed',
  'archived',
] as const
type Listed = (typeof states)[number]

const pageSize = 200
const pause = 150

/** The list of phones: what is searched, how it is sorted, what is shown. */
export class Phones {
  search = $state('')
  state = $state<Listed | ''>('')
  sort = $state<EnrollmentSort>('-last_seen_at')
  counts = $state.raw<Counts>()
  pages: Pages<Enrollment>
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ask: typeof backend.enrollments = backend.enrollments) {
    this.pages = new Pages(async (after, signal) => {
      const first = after === ''
      const { search, state, sort } = this
      const page = await ask(
        { search: search.trim(), state, sort, limit: pageSize, after, counts: first },
        signal,
      )
      if (first) this.counts = page.counts // who turns pages has seen them
      return { rows: page.enrollments, next: page.next ?? '' }
    })
  }

  get narrowed(): boolean {
    return this.search.trim() !== '' || this.state !== ''
  }

  get all(): number {
    return this.counts?.total ?? 0
  }

  /** states that some phone is in now: the filter offers no others. */
  get present(): Listed[] {
    return states.filter((state) => state === this.state || (this.counts?.states[state] ?? 0) > 0)
  }

  find(id: string): Enrollment | undefined {
    return this.pages.rows.find((phone) => phone.id === id)
  }

  searchFor(text: string) {
    this.search = text
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.pages.refresh(), pause)
  }

  only(state: Listed | '') {
    this.state = state
    void this.pages.refresh()
  }

  sortBy(sort: string) {
    this.sort = sort as EnrollmentSort
    void this.pages.refresh()
  }

  leave() {
    clearTimeout(this.#timer)
    this.pages.leave()
  }
}

/** The columns somebody has switched off, remembered on this computer. */
export class Hidden {
  ids = $state.raw<string[]>(
    kept('phones.hidden', 'enrolled_at,managed_account')
      .split(',')
      .filter((id) => id !== ''),
  )

  toggle(id: string) {
    this.ids = this.ids.includes(id) ? this.ids.filter((other) => other !== id) : [...this.ids, id]
    keep('phones.hidden', this.ids.join(','))
  }
}
