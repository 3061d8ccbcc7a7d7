import { expect, it, vi } from 'vitest'
import type { Event, TrailQuery } from '~/backend/types'
import { Trail } from './trail.svelte'

/** happened is a server to which n things have happened. */
function happened(n: number) {
  const all = Array.from({ length: n }, (_, i) => ({ seq: i + 1, kind: 'x', params: {} }) as unknown as Event)
  return {
    all,
    ask: vi.fn(async (query: TrailQuery) => ({
      events: all
        .filter((one) => one.seq > (query.after ?? 0) && one.seq < (query.before ?? Infinity))
        .reverse()
        .slice(0, query.limit),
    })),
  }
}

it('reads the newest first, and goes on below until nothing is older', async () => {
  const { ask } = happened(450)
  const trail = new Trail(ask)
  await trail.again()
  expect(trail.events.map((one) => one.seq).slice(0, 2)).toEqual([450, 449])
  expect(trail.whole).toBe(false)
  await trail.older()
  await trail.older()
  expect(trail.events.length).toBe(450)
  expect(trail.whole).toBe(true)
  await trail.older()
  expect(ask).toHaveBeenCalledTimes(3)
})

it('puts news on top, and begins anew when they are too many', async () => {
  const { all, ask } = happened(3)
  const trail = new Trail(ask)
  await trail.again()
  all.push({ seq: 4, kind: 'x', params: {} } as unknown as Event)
  await trail.news()
  expect(trail.events.map((one) => one.seq)).toEqual([4, 3, 2, 1])
  for (let seq = 5; seq < 400; seq++) all.push({ seq, kind: 'x', params: {} } as unknown as Event)
  await trail.news()
  expect(trail.events.length).toBe(200)
  expect(trail.whole).toBe(false)
})

it('tells the server what is looked at', () => {
  const trail = new Trail(happened(0).ask, () => Date.parse('2026-11-26T08:00:00Z'))
  expect(trail.view).toEqual({})
  expect(trail.narrowed).toBe(false)
  trail.family = 'enrollment.'
  trail.actor = 'phone'
  trail.period = '7'
  trail.text = ' anna '
  expect(trail.view).toEqual({
    kind: 'enrollment.',
    actor: 'phone',
    since: '2026-11-19T08:00:00.000Z',
    text: 'anna',
  })
  expect(trail.narrowed).toBe(true)
})

it('keeps what is shown when the server fails later', async () => {
  const { ask } = happened(3)
  const trail = new Trail(ask)
  await trail.again()
  ask.mockRejectedValueOnce(new Error('away'))
  await trail.news()
  expect(trail.state).toBe('ready')
  expect(trail.events.length).toBe(3)
})
