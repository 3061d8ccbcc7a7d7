import type { Text, TextLanguage, Texts as Answer } from '~/backend/types'
import { keep, kept } from '~/ui/kept'
import { Load } from '~/ui/load.svelte'
import { Drafts, type Door } from './drafts.svelte'
import { grouped, marks, saved, type MarkName } from './words'

const rest = 700
const starter = 'terms.starter'

export type Filter = 'all' | MarkName

/** The texts of one language: which is in focus, which are shown, what is in their fields. */
export class Texts {
  language = $state(kept('texts.language', ''))
  key = $state(kept('texts.key', ''))
  filter = $state<Filter>('all')
  load: Load<Answer>
  #recount: ReturnType<typeof setTimeout> | undefined
  drafts: Drafts

  // The starter text of the terms is no text of a page: it is offered where the terms are written.
  all = $derived.by(() => (this.load.data?.texts ?? []).filter((text) => text.key !== starter))
  starter = $derived.by(() => {
    const text = this.load.data?.texts.find((one) => one.key === starter)
    return text ? saved(text) : ''
  })
  groups = $derived(grouped(this.filter === 'all' ? this.all : this.all.filter((text) => this.#passes(text))))
  /** the texts of the list, from top to bottom. */
  shown = $derived(this.groups.flatMap((group) => group.texts))
  text = $derived(this.all.find((text) => text.key === this.key))
  languages = $derived.by<TextLanguage[]>(() => this.load.data?.languages ?? [])
  /** the language of the texts that are here; another may be wanted and on its way. */
  current = $derived.by(() => this.load.data?.language ?? this.language)
  about = $derived(this.languages.find((one) => one.tag === this.current))
  /** the organization's default language, from which others are translated. */
  original = $derived(this.languages.find((one) => one.tag === this.load.data?.default))

  constructor(ask: (language: string, signal: AbortSignal) => Promise<Answer>, door: Door) {
    this.load = new Load((signal) => ask(this.language, signal))
    this.drafts = new Drafts(door, (language, text) => this.#patch(language, text))
  }

  /** look reads the texts again. The first time it takes the language and the text of the last visit, if they are there. */
  look = async () => {
    await this.load.refresh()
    const data = this.load.data
    if (!data) return
    // An answer that was asked for before another language was chosen does not choose it back.
    if (!data.languages.some((one) => one.tag === this.language)) this.language = data.language
    const first = this.shown[0]
    if (!this.text && first) this.select(first.key)
  }

  async choose(language: string) {
    if (language === this.language) return
    this.drafts.close()
    this.language = language
    keep('texts.language', language)
    await this.look()
  }

  select(key: string) {
    if (key !== this.key) this.drafts.close()
    this.key = key
    keep('texts.key', key)
  }

  /** step is the text before or after the one in focus, among those shown. */
  step(by: 1 | -1) {
    const at = this.shown.findIndex((text) => text.key === this.key)
    const next = this.shown[at < 0 ? 0 : Math.max(0, Math.min(this.shown.length - 1, at + by))]
    if (next) this.select(next.key)
  }

  /** field is what is in the field of a text: what is being typed, else what is saved. */
  field(text: Text): string {
    return this.drafts.typed(this.current, text.key) ?? saved(text)
  }

  count(filter: Filter): number {
    return filter === 'all' ? this.all.length : this.all.filter((text) => marks(text).includes(filter)).length
  }

  leave() {
    clearTimeout(this.#recount)
    this.drafts.leave()
    this.load.leave()
  }

  #passes(text: Text): boolean {
    // The text in focus stays in the list when it is mended: nothing jumps away under the hands.
    return text.key === this.key || this.filter === 'all' || marks(text).includes(this.filter)
  }

  // The saved text stands in the list at once; the numbers of all texts follow when the hands rest.
  #patch(language: string, text: Text) {
    clearTimeout(this.#recount)
    this.#recount = setTimeout(() => void this.load.refresh(), rest)
    const data = this.load.data
    if (data?.language !== language) return
    this.load.data = { ...data, texts: data.texts.map((one) => (one.key === text.key ? text : one)) }
  }
}
