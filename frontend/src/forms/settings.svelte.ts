import * as backend from '~/backend'
import { Trouble, troubleOf } from '~/backend/errors'
import type { Settings } from '~/backend/types'
import { Load } from '~/ui/load.svelte'
import { toasts } from '~/ui/toasts.svelte'
import { problem, trouble } from '~/words/codes'
import { t } from '~/words/language.svelte'

/** The whole document of settings, edited in place. What the server refuses is shown at its field. */
export class SettingsForm {
  load = new Load<Settings>((signal) => backend.settings(signal))
  draft = $state<Settings>()
  trouble = $state.raw<Trouble>()
  /** the refusal that can be overruled: enrolled phones would be cut off. */
  stranding = $state.raw<Trouble>()
  busy = $state(false)
  #saved: Settings | undefined
  /** grows with each answer that was taken. */
  #turn = 0

  open = async () => {
    const turn = this.#turn
    await this.load.refresh()
    // Somebody may have changed or saved something meanwhile: what was asked for before is older than that.
    if (this.load.data && turn === this.#turn && !this.changed && !this.busy) this.#take(this.load.data)
  }

  /** look reads the settings again, unless somebody is in the middle of changing them. */
  look = async () => {
    if (!this.changed && !this.busy) await this.open()
  }

  get changed(): boolean {
    return this.draft !== undefined && JSON.stringify(this.draft) !== JSON.stringify(this.#saved)
  }

  problem(field: string): string | undefined {
    return problem(this.trouble?.field(field))
  }

  /** keep saves what has changed and offers the way back. Called when somebody leaves a field. */
  keep = async (force = false): Promise<boolean> => {
    if (!this.draft || !this.changed) return true
    const former = this.#saved
    const next = $state.snapshot(this.draft)
    this.busy = true
    try {
      const saved = await backend.changeSettings(next, force)
      if (JSON.stringify(this.draft) === JSON.stringify(next)) this.#take(saved)
      else this.#saved = saved // they went on while it was saved: that comes next
    } catch (error) {
      this.#refused(troubleOf(error))
      return false
    } finally {
      this.busy = false
    }
    this.trouble = undefined
    this.stranding = undefined
    toasts.say(
      t('settings.saved'),
      'good',
      former && { label: t('ui.undo'), perform: () => void this.#back(former) },
    )
    return true
  }

  /** discard goes back to what the server has. */
  discard = () => {
    if (this.#saved) this.#take(this.#saved)
    this.trouble = undefined
    this.stranding = undefined
  }

  #refused(refusal: Trouble) {
    if (refusal.code === 'would_strand') this.stranding = refusal
    else {
      this.trouble = refusal
      if (refusal.fields.length === 0) toasts.say(trouble(refusal), 'broken')
    }
  }

  async #back(former: Settings) {
    try {
      this.#take(await backend.changeSettings(former))
      toasts.say(t('ui.undone'))
    } catch (error) {
      toasts.say(trouble(troubleOf(error)), 'broken')
    }
  }

  #take(settings: Settings) {
    this.#turn++
    this.#saved = settings
    this.draft = structuredClone(settings)
  }
}
