import * as backend from '~/backend'
import { save } from '~/backend/platform'
import type { Event, TrailExport, TrailQuery } from '~/backend/types'
import { t, tongue } from '~/words/language.svelte'

/** What somebody looks at: whole families of events, as the first part of their kind says. */
export const families = [
  'enrollment.',
  'attempt.',
  'command.',
  'person.',
  'move.',
  'text.',
  'settings.',
  'list.',
] as const
export const actors = ['admin', 'person', 'phone', 'system'] as const
export const periods = ['1', '7', '30', '90'] as const
export const formats = ['xlsx', 'csv', 'json'] as const

const portion = 200
const pause = 150
const day = 24 * 3_600_000

/** The record of what happened, the newest first; older events come when somebody scrolls to them. */
export class Trail {
  family = $state<(typeof families)[number] | ''>('')
  actor = $state<(typeof actors)[number] | ''>('')
  period = $state<(typeof periods)[number] | ''>('')
  text = $state('')
  events = $state.raw<Event[]>([])
  state = $state<'loading' | 'error' | 'ready'>('loading')
  error = $state.raw<unknown>()
  /** nothing is older than the last event. */
  whole = $state(false)
  #asking: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private ask: (query: TrailQuery, signal?: AbortSignal) => Promise<{ events: Event[] }> = backend.events,
    private now: () => number = Date.now,
  ) {}

  get narrowed(): boolean {
    return this.family !== '' || this.actor !== '' || this.period !== '' || this.text.trim() !== ''
  }

  /** view is what is looked at, as the server is told: for the list and for the file. */
  get view(): Pick<TrailQuery, 'kind' | 'actor' | 'since' | 'text'> {
    return {
      ...(this.family && { kind: this.family }),
      ...(this.actor && { actor: this.actor }),
      ...(this.period && { since: new Date(this.now() - Number(this.period) * day).toISOString() }),
      ...(this.text.trim() && { text: this.text.trim() }),
    }
  }

  /** again reads from the newest event on. */
  again = async (): Promise<void> => {
    await this.#read({}, (found) => {
      this.events = found
      this.whole = found.length < portion
    })
  }

  /** news puts what has happened meanwhile on top. */
  news = async (): Promise<void> => {
    const newest = this.events[0]?.seq
    if (this.state !== 'ready' || newest === undefined) return this.again()
    await this.#read({ after: newest }, (found) => {
      if (found.length < portion) this.events = [...found, ...this.events]
      else {
        this.events = found // so much has happened that what is below would not follow
        this.whole = false
      }
    })
  }

  /** older goes on below. */
  older = async (): Promise<void> => {
    const last = this.events.at(-1)?.seq
    if (this.whole || this.#asking || last === undefined) return
    await this.#read({ before: last }, (found) => {
      this.events = [...this.events, ...found]
      this.whole = found.length < portion
    })
  }

  searchFor(text: string) {
    this.text = text
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.again(), pause)
  }

  everything() {
    this.family = this.actor = this.period = this.text = ''
    void this.again()
  }

  /** saveAs gives what is looked at to the person as a file; false means they changed their mind. */
  async saveAs(format: (typeof formats)[number]): Promise<boolean> {
    const content = await backend.exportEvents(this.#file(format))
    return save(
      `${t('audit.file')}-${new Date(this.now()).toISOString().slice(0, 10)}.${format}`,
      content,
      'application/octet-stream',
    )
  }

  leave() {
    clearTimeout(this.#timer)
    this.#asking?.abort()
  }

  #file(format: (typeof formats)[number]): TrailExport {
    const local = format !== 'json'
    const names = ['seq', 'at', 'kind', 'actor', 'person', 'enrollment', 'attempt', 'params', 'id'] as const
    return {
      ...this.view,
      format,
      local,
      ...(local && {
        language: tongue(),
        time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        words: Object.fromEntries(names.map((name) => [name, t(`audit.column.${name}`)])),
      }),
    }
  }

  async #read(place: TrailQuery, take: (found: Event[]) => void) {
    this.#asking?.abort()
    const mine = (this.#asking = new AbortController())
    try {
      const { events } = await this.ask({ ...this.view, ...place, newest: true, limit: portion }, mine.signal)
      if (this.#asking !== mine) return
      take(events)
      this.state = 'ready'
    } catch (error) {
      if (this.#asking !== mine || mine.signal.aborted) return
      this.error = error
      if (this.events.length === 0) this.state = 'error'
    } finally {
      if (this.#asking === mine) this.#asking = undefined
    }
  }
}
