import { untrack } from 'svelte'
import { api, ask } from './client'
import { left, Trouble, troubleOf } from './errors'

const shortest = 1_000
const longest = 15_000

interface Answer {
  latest: number
  changed: boolean
}

const poll = (after: number, signal: AbortSignal): Promise<Answer> =>
  ask(api.GET('/api/news', { params: { query: { after } }, signal }))

/**
 * News waits for something to happen, in a long poll that works the same in the window and over HTTP. Screens read
 * `latest` in an effect and look again when it moves. It also knows first when the server has stopped answering.
 */
export class News {
  latest = $state(0)
  connection = $state<'unknown' | 'online' | 'offline' | 'stranger'>('unknown')
  #poll: typeof poll
  #running: AbortController | undefined
  #wakeUp: (() => void) | undefined

  constructor(ask: typeof poll = poll) {
    this.#poll = ask
  }

  start() {
    this.stop()
    const mine = (this.#running = new AbortController())
    void this.#listen(mine.signal)
  }

  stop() {
    this.#running?.abort()
    this.#running = undefined
    this.#wakeUp?.()
  }

  /** again asks at once instead of at the end of the pause. */
  again() {
    this.#wakeUp?.()
  }

  async #listen(signal: AbortSignal) {
    let pause = shortest
    while (!signal.aborted) {
      try {
        const news = await this.#poll(this.latest, signal)
        // A cursor that went back belongs to another database: what is on the screen is old then, too.
        if (news.latest !== this.latest) this.latest = news.latest
        this.connection = 'online'
        pause = shortest
      } catch (error) {
        if (signal.aborted || left(error)) return
        this.connection = stranger(error) ? 'stranger' : 'offline'
        await this.#sleep(pause)
        pause = Math.min(pause * 2, longest)
      }
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function stranger(error: unknown): boolean {
  const trouble: Trouble = troubleOf(error)
  return trouble.code === 'no_token' || trouble.status === 401 || trouble.status === 403
}

export const news = new News()

/**
 * onNews looks now and whenever something has happened, as long as the component is there that calls it. Between two
 * looks it waits a little: with many phones something happens all the time.
 */
export function onNews(look: () => unknown, pause = 0) {
  let next = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const now = () => {
    next = Date.now() + pause
    untrack(look)
  }
  $effect(() => {
    void news.latest
    clearTimeout(timer)
    const wait = next - Date.now()
    if (wait <= 0) now()
    else timer = setTimeout(now, wait)
  })
  $effect(() => () => clearTimeout(timer))
}
