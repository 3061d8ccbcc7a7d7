import type { Tone } from './Mark.svelte'

export interface Toast {
  id: number
  tone: Tone
  text: string
  action?: { label: string; perform: () => void } | undefined
}

const lasts = 6_000
const lastsWithAction = 12_000

/** The notices at the foot of the window: what was done, and the way back. */
class Toasts {
  list = $state<Toast[]>([])
  #next = 1
  #timers = new Map<number, ReturnType<typeof setTimeout>>()

  say(text: string, tone: Tone = 'good', action?: Toast['action']) {
    const id = this.#next++
    this.list = [...this.list.slice(-2), { id, tone, text, action }]
    if (tone !== 'broken') this.#later(id, action ? lastsWithAction : lasts)
    return id
  }

  dismiss(id: number) {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
    this.list = this.list.filter((toast) => toast.id !== id)
  }

  /** hold keeps a notice while somebody reads it or has the focus in it. */
  hold(id: number) {
    clearTimeout(this.#timers.get(id))
  }

  release(toast: Toast) {
    if (toast.tone !== 'broken') this.#later(toast.id, lasts)
  }

  /** undo performs the newest action, as ⌘Z does, and says whether there was one. */
  undo(): boolean {
    const toast = this.list.findLast((candidate) => candidate.action !== undefined)
    if (!toast?.action) return false
    toast.action.perform()
    this.dismiss(toast.id)
    return true
  }

  #later(id: number, after: number) {
    clearTimeout(this.#timers.get(id))
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), after),
    )
  }
}

export const toasts = new Toasts()
