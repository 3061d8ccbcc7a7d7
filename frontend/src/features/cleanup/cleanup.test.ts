import { beforeEach, expect, it, vi } from 'vitest'
import type { Selected, StaleQuery } from '~/backend/types'
import { Cleanup, usual } from './cleanup.svelte'

beforeEach(() => localStorage.clear())

/** a server on which each day of patience spares one phone. */
function server() {
  const asked: StaleQuery[] = []
  const stale = (query: StaleQuery) => {
    asked.push(query)
    const proposed = Math.max(0, 100 - (query.silent ?? 0))
    return Promise.resolve({
      summary: { proposed, states: {}, waking: 3, kept: 1 },
      rule: usual,
      enrollments: [],
      total: query.show === 'waking' ? 3 : proposed,
    })
  }
  const enrollments = () =>
    Promise.resolve({
      enrollments: [],
      total: 7,
      counts: { phones: 0, total: 0, states: {}, waiting: 0, people: 0 },
    })
  const batches = () => Promise.resolve({ batches: [] })
  const woken: string[] = []
  const wake = ({ ids = [] }: Selected) => {
    woken.push(...ids)
    return Promise.resolve({ count: ids.length })
  }
  const wakeStale = () => {
    woken.push('all')
    return Promise.resolve({ count: 3 })
  }
  return { cleanup: new Cleanup({ stale, enrollments, batches, wake, wakeStale }), asked, woken }
}

it('counts along while a threshold moves, and remembers it', async () => {
  vi.useFakeTimers()
  const { cleanup, asked } = server()
  await cleanup.summary.refresh()
  expect(cleanup.count('proposed')).toBe(10)
  expect(cleanup.count('archived')).toBe(7)
  cleanup.set('silent', 30)
  cleanup.set('silent', 60)
  await vi.runAllTimersAsync()
  vi.useRealTimers()
  expect(cleanup.count('proposed')).toBe(40)
  expect(asked.filter((query) => query.silent === 30)).toEqual([])
  expect(new Cleanup().rule.silent).toBe(60)
})

it('shows one part after the other', async () => {
  const { cleanup, asked } = server()
  cleanup.look('waking')
  await vi.waitFor(() => expect(cleanup.rows.total).toBe(3))
  expect(asked.at(-1)?.show).toBe('waking')
  cleanup.look('archived')
  await vi.waitFor(() => expect(cleanup.rows.total).toBe(7))
})

it('forgets a rule that is none', () => {
  localStorage.setItem('gatehouse.cleanup.rule', '{"silent":"soon"}')
  expect(new Cleanup().rule).toEqual(usual)
})

it('wakes those that are chosen, and all if none are', async () => {
  const { cleanup, woken } = server()
  cleanup.look('waking')
  await vi.waitFor(() => expect(cleanup.rows.total).toBe(3))
  cleanup.selection.choose(['a', 'c'])
  await cleanup.wake()
  expect(woken).toEqual(['a', 'c'])
  expect(cleanup.selection.some).toBe(false)
  await cleanup.wake()
  expect(woken).toEqual(['a', 'c', 'all'])
})
