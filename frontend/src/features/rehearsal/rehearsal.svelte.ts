import * as backend from '~/backend'
import { Trouble, troubleOf } from '~/backend/errors'
import type { Rehearsal } from '~/backend/types'

const between = 400

/** A whole enrollment by a simulated iPhone against the running server. It goes on when one leaves the page. */
export class Rehearsing {
  identifier = $state('')
  password = $state('')
  now = $state.raw<Rehearsal>()
  trouble = $state.raw<Trouble>()
  #left = false

  get running(): boolean {
    return this.now?.running === true
  }

  start = async () => {
    this.trouble = undefined
    this.#left = false
    try {
      this.now = await backend.rehearse(this.identifier.trim(), this.password)
      this.password = ''
      await this.#follow()
    } catch (error) {
      this.trouble = troubleOf(error)
    }
  }

  async #follow() {
    while (this.now?.running && !this.#left) {
      await new Promise((resolve) => setTimeout(resolve, between))
      this.now = await backend.rehearsal(this.now.id)
    }
  }

  leave() {
    this.#left = true
  }
}
