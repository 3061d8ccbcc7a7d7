import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Trouble } from './errors'
import { News } from './news.svelte'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** a server that answers what it is told, and then waits like the real one. */
function server(...answers: (number | Error)[]) {
  const asked: number[] = []
  const poll = (after: number, signal: AbortSignal) => {
    asked.push(after)
    const next = answers.shift()
    if (next instanceof Error) return Promise.reject(next)
    if (next !== undefined) return Promise.resolve({ latest: next, changed: next !== after })
    return new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(new DOMException('left', 'AbortError'))),
    )
  }
  return { poll, asked }
}

it('asks on from where it is', async () => {
  const { poll, asked } = server(5, 9)
  const news = new News(poll)
  news.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([0, 5, 9])
  expect(news.latest).toBe(9)
  expect(news.connection).toBe('online')
  news.stop()
})

it('says when the server is away, waits longer each time and comes back', async () => {
  const { poll, asked } = server(new Trouble('unreachable'), new Trouble('unreachable'), 3)
  const news = new News(poll)
  news.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(news.connection).toBe('offline')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(asked).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(asked).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(news.connection).toBe('online')
  news.stop()
})

it('tries at once when asked to', async () => {
  const { poll, asked } = server(new Trouble('unreachable'), 3)
  const news = new News(poll)
  news.start()
  await vi.advanceTimersByTimeAsync(0)
  news.again()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toHaveLength(3)
  news.stop()
})

it('knows a stranger from an outage', async () => {
  const { poll } = server(new Trouble('no_token', {}, '', [], 401))
  const news = new News(poll)
  news.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(news.connection).toBe('stranger')
  news.stop()
})

it('stops asking when it is left', async () => {
  const { poll, asked } = server(1)
  const news = new News(poll)
  news.start()
  await vi.advanceTimersByTimeAsync(0)
  news.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual([0, 1])
})
