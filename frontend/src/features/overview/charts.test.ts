import { expect, it } from 'vitest'
import type { Charts } from '~/backend/types'
import { pictures } from './charts.svelte'
import { next } from './steer'

const bar = (count: number) => ({ count, filter: [`count:is:${count}`] })

function charts(versions: number[]): Charts {
  return {
    weeks: [
      { from: '2026-11-16T00:00:00+01:00', enrolled: bar(2), left: bar(0) },
      { from: '2026-11-23T00:00:00+01:00', enrolled: bar(0), left: bar(1) },
    ],
    versions: versions.map((count, i) => ({ version: `26.${versions.length - i}`, ...bar(count) })),
    seen: [
      { from: 0, until: 1, ...bar(3) },
      { from: 90, ...bar(0) },
    ],
  }
}

it('draws what there is, and nothing where there is nothing', () => {
  expect(pictures(charts([1])).map((one) => one.id)).toEqual(['weeks', 'versions', 'seen'])
  expect(pictures(charts([])).map((one) => one.id)).toEqual(['weeks', 'seen'])
  expect(pictures({ weeks: [], versions: [], seen: [] })).toEqual([])
})

it('gathers rare versions, and keeps the order of the others', () => {
  const [, versions] = pictures(charts([1, 50, 40, 30, 20, 10, 9, 8, 2, 7]))
  const bars = versions?.series[0]?.bars ?? []
  expect(bars.map((one) => one.count)).toEqual([50, 40, 30, 20, 10, 9, 8, 7, 3])
  expect(bars.at(-1)).toMatchObject({ key: 'others' })
  expect(bars.at(-1)?.filter).toBeUndefined()
  const nine = pictures(charts([9, 8, 7, 6, 5, 4, 3, 2, 1]))[1]?.series[0]?.bars
  expect(nine?.length).toBe(9)
  expect(nine?.at(-1)?.name).toBe('26.1')
})

it('says each number in full, with the filter that finds its phones', () => {
  const [weeks, , seen] = pictures(charts([1]))
  expect(weeks?.series[1]?.bars[1]).toMatchObject({ count: 1, filter: ['count:is:1'] })
  expect(weeks?.series[0]?.bars[0]?.said).toContain('2 phones enrolled')
  expect(seen?.series[0]?.bars.map((one) => one.said)).toEqual([
    'Within a day: 3 phones',
    'Over 90 days ago: 0 phones',
  ])
})

it('is walked as one sees it', () => {
  expect(next('ArrowRight', 0, 3, false)).toBe(1)
  expect(next('ArrowRight', 1, 3, true)).toBe(0)
  expect(next('ArrowDown', 2, 3, true)).toBe(2)
  expect(next('End', 0, 3, false)).toBe(2)
  expect(next('a', 0, 3, false)).toBeUndefined()
})
