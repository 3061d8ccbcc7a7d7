import * as backend from '~/backend'
import type { EnrollmentCode, People as Answer, Person } from '~/backend/types'
import { Load } from '~/ui/load.svelte'

const pause = 150

/** Local accounts, searched. */
export class People {
  search = $state('')
  list: Load<Answer>
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ask: typeof backend.people = backend.people) {
    this.list = new Load((signal) => ask(this.search.trim(), signal))
  }

  find(identifier: string): Person | undefined {
    return this.list.data?.people.find((person) => person.identifier === identifier)
  }

  searchFor(text: string) {
    this.search = text
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.list.refresh(), pause)
  }

  leave() {
    clearTimeout(this.#timer)
    this.list.leave()
  }
}

export type Asking =
  | { what: 'add' }
  | { what: 'code'; person: Person; code: EnrollmentCode }
  | { what: 'password'; person: Person }
  | { what: 'managed'; person: Person }
  | { what: 'remove'; person: Person }
