import { expect, it } from 'vitest'
import type { CleanupReport, CleanupState } from '~/backend/types'
import { Automatic, same } from './automatic.svelte'
import { usual } from './cleanup.svelte'

/** a server that remembers what was accepted; it refuses what it is told to refuse. */
function server() {
  const told: string[] = []
  let refuse = false
  let state: CleanupState = { state: 'off', rule: usual, every: 'week', most: 20, runs: [] }
  const report = (most: number): CleanupReport => ({
    ...{ id: `r${most}`, rule: usual, most, records: 10, proposed: 3, waking: 1, kept: 0, enrollments: [] },
  })
  const automatic = new Automatic({
    cleanup: () => Promise.resolve(state),
    planCleanup: ({ most }) =>
      refuse ? Promise.reject(new Error('full')) : Promise.resolve(report(most ?? 20)),
    acceptCleanup: (id, every) => {
      told.push(`${id} ${every}`)
      state = { ...state, state: 'on', every }
      return Promise.resolve(state)
    },
    stopCleanup: () => Promise.resolve((state = { ...state, state: 'off' })),
    undoBatch: () => Promise.resolve({ count: 3 }),
  })
  return { automatic, told, fail: (yes: boolean) => (refuse = yes) }
}

it('turns on only what was shown', async () => {
  const { automatic, told } = server()
  await automatic.state.refresh()
  expect(await automatic.accept()).toBe(false)
  await automatic.plan(usual)
  expect(automatic.every).toBe('week')
  automatic.every = 'day'
  await automatic.brake(50) // is another report, and keeps what was chosen
  expect(automatic.report?.id).toBe('r50')
  expect(await automatic.accept()).toBe(true)
  expect(told).toEqual(['r50 day'])
  expect(automatic.state.data?.state).toBe('on')
  expect(automatic.report).toBeUndefined()
  await automatic.stop()
  expect(automatic.state.data?.state).toBe('off')
})

it('says why there is no report, and asks again', async () => {
  const { automatic, fail } = server()
  fail(true)
  await automatic.plan(usual, 30)
  expect(automatic.trouble).toBeDefined()
  fail(false)
  await automatic.again()
  expect(automatic.trouble).toBeUndefined()
  expect(automatic.report?.most).toBe(30)
})

it('compares rules', () => {
  expect(same(usual, { ...usual })).toBe(true)
  expect(same(usual, { ...usual, silent: 1 })).toBe(false)
})
