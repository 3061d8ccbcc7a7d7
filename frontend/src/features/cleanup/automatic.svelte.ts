import { attempt } from '~/actions/action'
import * as backend from '~/backend'
import { troubleOf, type Trouble } from '~/backend/errors'
import type { CleanupReport, CleanupState, StaleRule } from '~/backend/types'
import { Load } from '~/ui/load.svelte'
import { t } from '~/words/language.svelte'

type Server = Pick<typeof backend, 'cleanup' | 'planCleanup' | 'acceptCleanup' | 'stopCleanup' | 'undoBatch'>

export const everies = ['day', 'week'] as const
export const mosts = [5, 10, 20, 30, 50, 100] as const

/** Clean-up by itself: how it stands, and the report that somebody must have accepted before it does anything. */
export class Automatic {
  state: Load<CleanupState>
  report = $state.raw<CleanupReport>()
  trouble = $state.raw<Trouble>()
  every = $state<CleanupState['every']>('day')
  busy = $state(false)
  #asked: [StaleRule, number?] | undefined
  #server: Server

  constructor(server: Server = backend) {
    this.#server = server
    this.state = new Load((signal) => server.cleanup(signal))
  }

  /** plan asks what a rule would do. Without a brake it is the one of the settings. */
  async plan(rule: StaleRule, most?: number): Promise<void> {
    this.busy = true
    this.trouble = undefined
    this.#asked = [rule, most]
    if (most === undefined) this.every = this.state.data?.every ?? 'day'
    try {
      this.report = await this.#server.planCleanup({ rule, ...(most ? { most } : {}) })
    } catch (error) {
      this.trouble = troubleOf(error)
    }
    this.busy = false
  }

  /** brake changes how much may go at once; that is another report. */
  brake(most: number): Promise<void> {
    return this.#asked ? this.plan(this.#asked[0], most) : Promise.resolve()
  }

  /** again asks once more what could not be answered. */
  again = async (): Promise<void> => {
    if (this.#asked) await this.plan(...this.#asked)
  }

  /** forget closes the report; nothing was accepted. */
  forget() {
    this.report = undefined
    this.trouble = undefined
  }

  async accept(): Promise<boolean> {
    const { report } = this
    if (!report) return false
    this.busy = true
    const done = await attempt(
      async () => (this.state.data = await this.#server.acceptCleanup(report.id, this.every)),
      () => t('cleanup.auto.accepted'),
    )
    this.busy = false
    if (done) this.forget()
    return done
  }

  async stop(): Promise<boolean> {
    return attempt(
      async () => (this.state.data = await this.#server.stopCleanup()),
      () => t('cleanup.auto.stopped'),
    )
  }

  async undo(batch: string): Promise<boolean> {
    const done = await attempt(
      () => this.#server.undoBatch(batch),
      () => t('ui.undone'),
    )
    void this.state.refresh()
    return done
  }
}

/** same says whether two rules are one. */
export function same(a: StaleRule, b: StaleRule): boolean {
  return (Object.keys(a) as (keyof StaleRule)[]).every((way) => a[way] === b[way])
}
