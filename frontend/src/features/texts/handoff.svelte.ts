import { inBase64 } from '~/backend/base64'
import { troubleOf, type Trouble } from '~/backend/errors'
import type { ImportResult, ImportTexts, TextFormat } from '~/backend/types'
import type { Picked } from '~/ui/FilePick.svelte'

export const formats = ['xlsx', 'csv', 'xliff', 'json'] as const satisfies readonly TextFormat[]

const endings: Record<string, TextFormat> = {
  xlsx: 'xlsx',
  csv: 'csv',
  xlf: 'xliff',
  xliff: 'xliff',
  xml: 'xliff',
  json: 'json',
}

/** formatOf is what a file is by its name. */
export function formatOf(name: string): TextFormat | undefined {
  return endings[name.toLowerCase().split('.').at(-1) ?? '']
}

type Send = (body: ImportTexts) => Promise<ImportResult>

/** Import reads what a translator sent back: first it only says what would change, then it makes drafts of it. */
export class Import {
  language = $state('')
  picked = $state.raw<Picked>()
  result = $state.raw<ImportResult>()
  trouble = $state.raw<Trouble>()
  busy = $state(false)
  #send: Send

  format = $derived(this.picked && formatOf(this.picked.name))
  ready = $derived(
    this.result !== undefined && this.result.changes > 0 && this.result.problems === 0 && !this.busy,
  )

  constructor(language: string, send: Send) {
    this.language = language
    this.#send = send
  }

  /** look says what the file would change. Called when a file or a language is chosen. */
  async look() {
    this.result = undefined
    this.trouble = undefined
    if (this.picked && this.format) this.result = await this.#run(true)
  }

  /** take makes drafts of the file and says how many; undefined if it did not work. */
  async take(): Promise<number | undefined> {
    const result = await this.#run(false)
    return result?.changes
  }

  async #run(dryRun: boolean): Promise<ImportResult | undefined> {
    const { picked, format } = this
    if (!picked || !format) return undefined
    this.busy = true
    try {
      return await this.#send({
        format,
        language: this.language,
        content: inBase64(picked.bytes),
        dry_run: dryRun,
      })
    } catch (error) {
      this.trouble = troubleOf(error)
      return undefined
    } finally {
      this.busy = false
    }
  }
}
