import * as backend from '~/backend'
import type { Check, CheckField } from '~/backend/types'
import { Load } from '~/ui/load.svelte'

const pause = 350

/** An answer that is looked at while it is typed, a moment after the last letter. */
export class Answer {
  value = $state('')
  check: Load<Check>
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(field: CheckField, look: typeof backend.checkAnswer = backend.checkAnswer) {
    this.check = new Load((signal) => look(field, this.value.trim(), signal))
  }

  /** typed is called with every letter. */
  typed() {
    clearTimeout(this.#timer)
    this.check.leave()
    this.check.data = undefined
    if (this.value.trim() === '') return
    this.#timer = setTimeout(() => void this.check.refresh(), pause)
  }

  /** look checks at once: for an answer that was there when the page was opened. */
  look() {
    if (this.value.trim() !== '') void this.check.refresh()
  }

  /** in the way: the check has said that this answer cannot be kept. */
  get refused(): boolean {
    return this.check.data?.ok === false
  }

  leave() {
    clearTimeout(this.#timer)
    this.check.leave()
  }
}
