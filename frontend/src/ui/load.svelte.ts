/**
 * One thing that comes from the server. It is loading, failed or there; a refresh keeps what is shown until the
 * new answer has come, and an answer that was overtaken by a later question is dropped.
 */
export class Load<T> {
  data = $state.raw<T>()
  error = $state.raw<unknown>()
  busy = $state(false)
  #ask: (signal: AbortSignal) => Promise<T>
  #running: AbortController | undefined

  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#ask = ask
  }

  get state(): 'loading' | 'error' | 'ready' {
    if (this.data !== undefined) return 'ready'
    return this.error !== undefined ? 'error' : 'loading'
  }

  refresh = async (): Promise<void> => {
    this.#running?.abort()
    const mine = (this.#running = new AbortController())
    this.busy = true
    try {
      const data = await this.#ask(mine.signal)
      if (this.#running !== mine) return
      this.data = data
      this.error = undefined
    } catch (error) {
      if (this.#running !== mine) return
      this.error = error
    } finally {
      if (this.#running === mine) this.busy = false
    }
  }

  /** leave forgets the question: nobody looks any more. */
  leave() {
    this.#running?.abort()
    this.#running = undefined
    this.busy = false
  }
}
