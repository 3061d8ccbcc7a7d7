import { expect, it } from 'vitest'
import { Pages } from './pages.svelte'

/** a list of n rows in pages of ten, as the server hands it out. */
function list(n: () => number) {
  const asked: string[] = []
  const pages = new Pages<number>((after) => {
    asked.push(after)
    const from = after === '' ? 0 : Number(after)
    const to = Math.min(from + 10, n())
    const rows = Array.from({ length: to - from }, (_, i) => from + i)
    return Promise.resolve({ rows, next: to < n() ? String(to) : '' })
  })
  return { pages, asked }
}

const settled = () => new Promise((resolve) => setTimeout(resolve))

it('reads a page when its rows come into view', async () => {
  const { pages, asked } = list(() => 35)
  await pages.refresh()
  expect(pages.rows).toHaveLength(10)
  expect(pages.more).toBe(true)
  pages.need(5)
  await settled()
  expect(asked).toEqual([''])
  pages.need(21)
  await settled()
  expect(pages.rows).toHaveLength(30)
  pages.need(99)
  await settled()
  expect(pages.rows.at(-1)).toBe(34)
  expect(pages.more).toBe(false)
})

it('reads again what somebody has seen, so that nothing jumps', async () => {
  let size = 35
  const { pages } = list(() => size)
  await pages.refresh()
  pages.need(25)
  await settled()
  size = 36
  await pages.refresh()
  expect(pages.rows).toHaveLength(30)
})

it('keeps its rows when a refresh fails, and says so when there are none', async () => {
  let broken = false
  const pages = new Pages<number>(() =>
    broken ? Promise.reject(new Error('away')) : Promise.resolve({ rows: [1], next: '' }),
  )
  await pages.refresh()
  broken = true
  await pages.refresh()
  expect(pages.state).toBe('ready')
  const empty = new Pages<number>(() => Promise.reject(new Error('away')))
  await empty.refresh()
  expect(empty.state).toBe('error')
})
