import { expect, it } from 'vitest'
import { Rows } from './rows.svelte'

/** a list of n numbers, as the server hands it out; shift puts so many new ones before the first. */
function list(n: number) {
  const asked: string[] = []
  const now = { n, shift: 0, broken: false }
  const rows = new Rows<number>(
    ({ offset, limit, count, signal }) => {
      asked.push(`${String(offset)}+${String(limit)}`)
      if (now.broken) return Promise.reject(new Error('away'))
      const length = Math.max(0, Math.min(limit, now.n - offset))
      const part = Array.from({ length }, (_, i) => offset + i - now.shift)
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new DOMException('left', 'AbortError')))
        setTimeout(() => resolve({ rows: part, ...(count ? { total: now.n } : {}) }))
      })
    },
    String,
    10,
  )
  return { rows, asked, now }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

it('reads what is in view, at any place', async () => {
  const { rows, asked } = list(100_000)
  await rows.refresh()
  expect(rows.total).toBe(100_000)
  expect(rows.at(3)).toBe(3)
  rows.need(75_002, 75_008)
  await settled()
  expect(asked).toEqual(['0+10', '74990+10', '75000+10', '75010+10'])
  expect(rows.at(75_012)).toBe(75_012)
  expect(rows.at(500)).toBeUndefined()
  expect(rows.find('75012')).toBe(75_012)
})

it('lets go of what flew past', async () => {
  const { rows } = list(100_000)
  await rows.refresh()
  rows.need(100, 105)
  rows.need(90_000, 90_005)
  await settled()
  expect(rows.at(100)).toBeUndefined()
  expect(rows.at(90_000)).toBe(90_000)
})

it('reads again what is in view, and the rest when somebody looks', async () => {
  const { rows, asked, now } = list(100)
  await rows.refresh()
  rows.need(35, 36)
  await settled()
  now.shift = 2
  asked.length = 0
  const moved: number[] = []
  rows.onmoved = (by) => moved.push(by)
  await rows.refresh()
  expect(asked).toEqual(['30+10', '40+10'])
  expect(moved).toEqual([2])
  expect(rows.at(0)).toBe(0)
  rows.need(0, 5)
  await settled()
  expect(rows.at(0)).toBe(-2)
})

it('shows what it has until another question is answered', async () => {
  const { rows, now } = list(100)
  await rows.refresh()
  rows.need(50, 55)
  await settled()
  now.n = 3
  const again = rows.again()
  expect(rows.outdated).toBe(true)
  expect(rows.at(50)).toBe(50)
  await again
  expect(rows.total).toBe(3)
  expect(rows.at(50)).toBeUndefined()
})

it('keeps its rows when a refresh fails, and says so when there are none', async () => {
  const { rows, now } = list(100)
  await rows.refresh()
  now.broken = true
  await rows.refresh()
  expect(rows.state).toBe('ready')
  await rows.again()
  expect(rows.state).toBe('error')
})

it('names a range, also of rows that nobody has looked at', async () => {
  const { rows } = list(2000)
  await rows.refresh()
  expect(rows.keys(2, 4)).toEqual(['2', '3', '4'])
  const far = await rows.keys(5, 1204)
  expect(far).toHaveLength(1200)
  expect(far.at(-1)).toBe('1204')
})
