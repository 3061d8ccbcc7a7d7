import { expect, it } from 'vitest'
import type { FunnelStep } from '~/backend/types'
import { bars } from './funnel'

const step = (name: FunnelStep['step'], count: number, stuck = 0): FunnelStep => ({
  step: name,
  count,
  stuck,
})

it('counts everybody who got at least this far', () => {
  const shown = bars([
    step('knocked', 2, 1),
    step('signed_in', 1),
    step('offered', 0),
    step('identified', 1, 1),
    step('done', 6),
  ])
  expect(shown.map((bar) => bar.reached)).toEqual([10, 8, 7, 7, 6])
  expect(shown.map((bar) => bar.stuck)).toEqual([1, 0, 0, 1, 0])
  expect(shown[0]?.share).toBe(1)
  expect(shown[4]?.share).toBe(0.6)
})

it('draws nothing before anybody came', () => {
  expect(bars([]).every((bar) => bar.reached === 0 && bar.share === 0)).toBe(true)
})
