import { untrack } from 'svelte'
import type { Bound } from './action'

/** What can be done right now: the shell offers its share always, a screen while it is there. */
class Offered {
  #sources = $state.raw<(() => Bound[])[]>([])
  all = $derived(this.#sources.flatMap((source) => source()))

  /** offer adds a source until the returned function is called; made for an effect. */
  offer(source: () => Bound[]): () => void {
    this.#sources = [...untrack(() => this.#sources), source]
    return () => {
      this.#sources = this.#sources.filter((other) => other !== source)
    }
  }
}

export const offered = new Offered()
