import { inBase64 } from '~/backend/base64'
import { troubleOf, type Trouble } from '~/backend/errors'
import type { Imported, ListFile } from '~/backend/types'
import type { Picked } from '~/ui/FilePick.svelte'

/** A list that somebody brings: first it only says what would happen, then either all lines count or none. */
export class ListImport<R extends Imported = Imported> {
  picked = $state.raw<Picked>()
  result = $state.raw<R>()
  trouble = $state.raw<Trouble>()
  /** the columns of the file, also when the one that is needed is not known yet. */
  headings = $state.raw<string[]>([])
  busy = $state(false)
  /** the lines that are right are wanted, whatever the others say. */
  lenient = $state(false)
  #chosen: Record<string, string> = {}

  ready = $derived(
    this.result !== undefined &&
      (this.result.wrong === 0 || this.lenient) &&
      this.result.changed > 0 &&
      !this.busy,
  )

  constructor(private send: (body: ListFile, dryRun: boolean) => Promise<R>) {}

  /** pick takes another file; what was said about the columns of the former one is forgotten. */
  async pick() {
    this.#chosen = {}
    this.headings = []
    await this.look()
  }

  /** column is what a field was taken from; empty when there is none. */
  column(field: string): string {
    return this.result?.match[field] ?? this.#chosen[field] ?? ''
  }

  async choose(field: string, heading: string) {
    this.#chosen = { ...this.#chosen, [field]: heading }
    await this.look()
  }

  /** missing is the field without which a list says nothing. */
  get missing(): string | undefined {
    const unknown = this.trouble?.fields.find(
      (one) => one.code === 'required' && one.field.startsWith('match.'),
    )
    return unknown?.field.slice('match.'.length)
  }

  async look() {
    this.result = undefined
    await this.#run(true)
  }

  /** take imports the list; undefined if it did not work, or some lines are wrong now. */
  async take(): Promise<R | undefined> {
    const result = await this.#run(false)
    return result?.applied ? result : undefined
  }

  async #run(dryRun: boolean): Promise<R | undefined> {
    const { picked } = this
    if (!picked) return undefined
    this.busy = true
    this.trouble = undefined
    try {
      const result = await this.send({ file: inBase64(picked.bytes), match: this.#chosen }, dryRun)
      if (this.picked !== picked) return undefined
      this.result = result
      this.headings = result.headings
      return result
    } catch (error) {
      if (this.picked !== picked) return undefined
      this.trouble = troubleOf(error)
      const known = this.trouble.fields.find((one) => one.params['headings'])?.params['headings']
      if (known) this.headings = known.split('\n')
      return undefined
    } finally {
      if (this.picked === picked) this.busy = false
    }
  }
}
