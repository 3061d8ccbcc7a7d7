import * as backend from '~/backend'
import type { Attempt } from '~/backend/types'
import type { Step } from '~/forms/funnel'
import { steps } from '~/forms/funnel'
import { Load } from '~/ui/load.svelte'
import { keep, kept } from '~/ui/kept'

const day = 24 * 3_600_000

export const sorts = ['who', 'step', 'reference', 'phone', 'updated_at'] as const
type Sort = (typeof sorts)[number]

/** People in the middle of enrolling, and those who did not get to its end. */
export class Waiting {
  list: Load<Attempt[]>
  /** the step of the funnel that somebody looks at. */
  step = $state<Step>()
  search = $state('')
  sort = $state<string>(kept('waiting.sort', '-updated_at'))
  /** also what is older than a day: the funnel counts one. */
  older = $state(false)

  constructor(ask: typeof backend.attempts = backend.attempts) {
    this.list = new Load(async (signal) => (await ask(this.step !== 'done', signal)).attempts)
  }

  /** shown are the attempts that the list has rows for. */
  shown(now: number): Attempt[] {
    const wanted = fold(this.search.trim())
    return (this.list.data ?? [])
      .filter((one) => (this.step ? one.step === this.step : one.step !== 'done'))
      .filter((one) => this.older || now - Date.parse(one.created_at ?? '') < day)
      .filter((one) =>
        fold(`${one.person_name} ${one.person} ${one.identifier} ${one.reference}`).includes(wanted),
      )
      .sort(order(this.sort))
  }

  get narrowed(): boolean {
    return this.step !== undefined || this.search.trim() !== ''
  }

  find(id: string): Attempt | undefined {
    return this.list.data?.find((one) => one.id === id || one.reference === id)
  }

  look(step: Step | undefined) {
    this.step = step
    void this.list.refresh()
  }

  sortBy(sort: string) {
    this.sort = sort
    keep('waiting.sort', sort)
  }

  everybody() {
    this.search = ''
    this.look(undefined)
  }
}

function order(sort: string): (a: Attempt, b: Attempt) => number {
  const name = sort.replace(/^-/, '') as Sort
  const turn = sort.startsWith('-') ? -1 : 1
  return (a, b) => turn * compare(name, a, b)
}

function compare(by: Sort, a: Attempt, b: Attempt): number {
  switch (by) {
    case 'who':
      return who(a).localeCompare(who(b))
    case 'step':
      return steps.indexOf(a.step) - steps.indexOf(b.step)
    case 'reference':
      return a.reference.localeCompare(b.reference)
    case 'phone':
      return a.product_name.localeCompare(b.product_name, undefined, { numeric: true })
    case 'updated_at':
      return Date.parse(a.updated_at ?? '') - Date.parse(b.updated_at ?? '')
  }
}

const who = (attempt: Attempt) => attempt.person_name || attempt.person || attempt.identifier

/** fold makes "Müller" and "muller" the same, as the server's search does. */
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
