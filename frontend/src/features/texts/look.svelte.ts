import { troubleOf, type Trouble } from '~/backend/errors'
import * as backend from '~/backend/texts'
import type { Branding } from '~/backend/types'
import { Load } from '~/ui/load.svelte'

export type Scheme = 'light' | 'dark'

const pause = 120

/** How the pages look: two colours, each kept only if it can be read, and a logo. */
export class Look {
  load: Load<Branding>
  light = $state('')
  dark = $state('')
  /** the verdict on colours that are not kept yet. */
  checked = $state.raw<Branding>()
  trouble = $state.raw<Trouble>()
  busy = $state(false)
  #timer: ReturnType<typeof setTimeout> | undefined
  #asked = 0
  #kept: Branding | undefined

  verdict = $derived.by<Branding | undefined>(() => this.checked ?? this.load.data)

  constructor(ask: typeof backend.branding = backend.branding) {
    this.load = new Load(ask)
  }

  /** look reads the look again, unless somebody is in the middle of choosing. */
  look = async () => {
    if (this.#choosing) return
    await this.load.refresh()
    if (!this.#choosing) this.#take(this.load.data)
  }

  get #choosing(): boolean {
    const kept = this.#kept
    return (
      kept !== undefined && (this.light !== kept.accent_light.color || this.dark !== kept.accent_dark.color)
    )
  }

  /** choose takes a colour while somebody is still choosing, and says at once whether it can be read. */
  choose(scheme: Scheme, color: string) {
    this[scheme] = color
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#check(), pause)
  }

  /** keep makes the colours those of the pages, unless they cannot be read. */
  keep = async (): Promise<boolean> => {
    clearTimeout(this.#timer)
    const data = this.load.data
    if (data && this.light === data.accent_light.color && this.dark === data.accent_dark.color) return true
    const { light, dark } = this
    await this.#check()
    if (light !== this.light || dark !== this.dark) return false // somebody has chosen another meanwhile
    if (this.checked?.accent_light.problem || this.checked?.accent_dark.problem) return false
    return this.#deed(() => backend.changeBranding(light, dark))
  }

  setLogo = (scheme: Scheme, content: string) => this.#deed(() => backend.setLogo(scheme === 'dark', content))

  removeLogo = (scheme: Scheme) => this.#deed(() => backend.removeLogo(scheme === 'dark'))

  leave() {
    clearTimeout(this.#timer)
    this.load.leave()
  }

  async #check() {
    const mine = ++this.#asked
    try {
      const checked = await backend.checkBranding(this.light, this.dark)
      if (mine === this.#asked) this.checked = checked
    } catch (error) {
      this.trouble = troubleOf(error)
    }
  }

  async #deed(deed: () => Promise<Branding>): Promise<boolean> {
    this.busy = true
    try {
      const branding = await deed()
      this.load.data = branding
      this.#take(branding)
      this.trouble = undefined
      return true
    } catch (error) {
      this.trouble = troubleOf(error)
      return false
    } finally {
      this.busy = false
    }
  }

  #take(branding: Branding | undefined) {
    if (!branding) return
    this.#asked++
    this.#kept = branding
    this.checked = undefined
    this.light = branding.accent_light.color
    this.dark = branding.accent_dark.color
  }
}
