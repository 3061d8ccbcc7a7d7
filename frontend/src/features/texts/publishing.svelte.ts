import { troubleOf, type Trouble } from '~/backend/errors'
import type { Publish, TextDraft, TextDrafts, TextProblem } from '~/backend/types'
import { Load } from '~/ui/load.svelte'

/** What publishing would change, and how it is done: a note, which languages, whether everybody is asked to agree anew. */
export class Publishing {
  load: Load<TextDrafts>
  note = $state('')
  newTerms = $state(true)
  /** languages that are left for later. */
  left = $state.raw<readonly string[]>([])
  busy = $state(false)
  trouble = $state.raw<Trouble>()
  #publish: (body: Publish) => Promise<{ version: number }>

  drafts = $derived.by<TextDraft[]>(() => this.load.data?.drafts ?? [])
  languages = $derived(this.drafts.map((one) => one.language).filter((tag, i, all) => all.indexOf(tag) === i))
  chosen = $derived(this.drafts.filter((one) => !this.left.includes(one.language)))
  /** what is wrong with texts that have no draft, because of drafts: the terms of a language are whole or not there. */
  others = $derived.by<TextProblem[]>(() =>
    (this.load.data?.problems ?? []).filter(
      (problem) =>
        !this.left.includes(problem.language) &&
        !this.drafts.some((one) => one.language === problem.language && one.key === problem.key),
    ),
  )
  blocking = $derived(
    this.chosen.filter((one) => one.problems.some((problem) => problem.blocking)).length +
      this.others.filter((problem) => problem.blocking).length,
  )
  /** somebody has to say whether the changed terms are other terms. */
  terms = $derived.by(
    () => (this.load.data?.terms ?? false) && this.chosen.some((one) => one.key.startsWith('terms.')),
  )
  ready = $derived(this.chosen.length > 0 && this.blocking === 0 && !this.busy)

  constructor(
    ask: (signal: AbortSignal) => Promise<TextDrafts>,
    publish: (body: Publish) => Promise<{ version: number }>,
  ) {
    this.load = new Load(ask)
    this.#publish = publish
  }

  take(language: string, on: boolean) {
    this.left = on ? this.left.filter((one) => one !== language) : [...this.left, language]
  }

  /** publish gives the words to phones and says which version they are; undefined if it did not work. */
  async publish(): Promise<number | undefined> {
    this.busy = true
    try {
      const { version } = await this.#publish({
        note: this.note.trim(),
        ...(this.terms ? { new_terms: this.newTerms } : {}),
        ...(this.left.length > 0
          ? { languages: this.languages.filter((one) => !this.left.includes(one)) }
          : {}),
      })
      this.trouble = undefined
      return version
    } catch (error) {
      this.trouble = troubleOf(error)
      await this.load.refresh() // somebody else may have changed a draft meanwhile
      return undefined
    } finally {
      this.busy = false
    }
  }
}
