import * as backend from '~/backend'
import { troubleOf, type Trouble } from '~/backend/errors'
import type { MoveLetter, MoveLetters } from '~/backend/types'

const day = 24 * 3_600_000
/** the longest address that every system hands on to its program for mail. */
const longest = 2_000

type Server = Pick<typeof backend, 'setMoveTerms' | 'writeMove'>

/** Letters to people who are to move: looked at first, then written, with codes that are shown once. */
export class Letters {
  profile = $state('')
  /** the day until which people are asked to move, as a date field has it. */
  until = $state('')
  language = $state('')
  add = $state(true)
  preview = $state.raw<MoveLetters>()
  written = $state.raw<MoveLetters>()
  trouble = $state.raw<Trouble>()
  busy = $state(false)
  #asked = 0

  constructor(
    private ids: string[],
    readonly reminder: boolean,
    terms: { profile_name: string; deadline?: string | undefined },
    private server: Server = backend,
    now = Date.now(),
  ) {
    this.profile = terms.profile_name || 'MDM Profile'
    this.until = (terms.deadline ?? new Date(now + 14 * day).toISOString()).slice(0, 10)
  }

  /** to is how many letters there will be. */
  get to(): number {
    const { preview } = this
    return preview ? preview.letters.length - (this.add ? 0 : preview.missing) : 0
  }

  ready = $derived(this.preview !== undefined && this.to > 0 && !this.busy)

  problem(field: string) {
    return this.trouble?.fields.find((one) => one.field === field)
  }

  /** look keeps the terms and shows the first letter as it will be. */
  look = async () => {
    const mine = ++this.#asked
    this.trouble = undefined
    try {
      const deadline = this.until ? `${this.until}T12:00:00Z` : undefined
      await this.server.setMoveTerms({ profile_name: this.profile, ...(deadline ? { deadline } : {}) })
      const preview = await this.server.writeMove({ ...this.#body(), dry_run: true })
      if (mine === this.#asked) this.preview = preview
    } catch (error) {
      if (mine !== this.#asked) return
      this.preview = undefined
      this.trouble = troubleOf(error)
    }
  }

  /** write makes the letters and says whether it worked. */
  async write(): Promise<boolean> {
    this.busy = true
    this.trouble = undefined
    try {
      await this.look()
      if (this.trouble) return false
      this.written = await this.server.writeMove({ ...this.#body(), add_people: this.add })
      return true
    } catch (error) {
      this.trouble = troubleOf(error)
      return false
    } finally {
      this.busy = false
    }
  }

  #body() {
    return { ids: this.ids, reminder: this.reminder, ...(this.language ? { language: this.language } : {}) }
  }
}

/** mailed is a letter as an address for the program for mail; whole is false where the text is too long for one. */
export function mailed(letter: MoveLetter): { address: string; whole: boolean } {
  const to = `mailto:${encodeURIComponent(letter.to).replaceAll('%40', '@')}?subject=${encodeURIComponent(letter.subject)}`
  const address = `${to}&body=${encodeURIComponent(letter.body.replaceAll('\n', '\r\n'))}`
  return address.length <= longest ? { address, whole: true } : { address: to, whole: false }
}
