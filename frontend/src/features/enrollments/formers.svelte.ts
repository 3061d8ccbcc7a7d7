import * as backend from '~/backend'
import type { Enrollment } from '~/backend/types'
import { Load } from '~/ui/load.svelte'

const shown = 12

/** The records that a phone may have had before: those that began earlier, of anybody, as somebody looks for them. */
export class Formers {
  found: Load<Enrollment[]>
  chosen = $state('')
  #text = $state('')

  constructor(
    private phone: Enrollment,
    private server: Pick<typeof backend, 'enrollments'> = backend,
  ) {
    this.#text = phone.person_name || phone.person
    this.found = new Load(async (signal) => {
      const page = await this.server.enrollments(
        { search: this.#text, sort: '-enrolled_at', limit: 4 * shown },
        signal,
      )
      return page.enrollments.filter(this.#before).slice(0, shown)
    })
  }

  get text(): string {
    return this.#text
  }

  set text(text: string) {
    this.#text = text
    this.chosen = ''
    void this.found.refresh()
  }

  get former(): Enrollment | undefined {
    return this.found.data?.find((one) => one.id === this.chosen)
  }

  /** others says whose record it is, if it is another person's: that one has to be released. */
  get others(): string | undefined {
    const former = this.former
    return former && former.person !== this.phone.person ? former.person_name || former.person : undefined
  }

  #before = (one: Enrollment) =>
    one.id !== this.phone.id && (!this.phone.enrolled_at || (one.enrolled_at ?? '') < this.phone.enrolled_at)
}
