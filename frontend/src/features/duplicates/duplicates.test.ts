import { expect, it, vi } from 'vitest'
import type { Duplicate, Enrollment } from '~/backend/types'
import { toasts } from '~/ui/toasts.svelte'
import { carried, Duplicates } from './duplicates.svelte'

const record = (id: string, more: Partial<Enrollment> = {}) =>
  ({ id, nickname: '', tags: [], notes: '', fields: [], ...more }) as unknown as Enrollment
const pair = (more: Partial<Enrollment> = {}): Duplicate => ({
  enrollment: record('new'),
  former: record('old', more),
  confidence: 90,
  reasons: [],
})

function server(pairs: Duplicate[]) {
  return {
    duplicates: vi.fn(async () => ({ duplicates: pairs, total: pairs.length })),
    link: vi.fn(async () => {
      pairs = []
      return {}
    }),
    unlink: vi.fn(async () => {
      pairs = []
      return {}
    }),
  }
}

it('asks again after a decision, and can take it back', async () => {
  const door = server([pair()])
  const mind = new Duplicates(door)
  await mind.load.refresh()
  expect(mind.load.data?.total).toBe(1)
  expect(await mind.same(pair())).toBe(true)
  expect(door.link).toHaveBeenCalledWith('new', 'old')
  expect(mind.load.data?.total).toBe(0)
  expect(toasts.undo()).toBe(true)
  await vi.waitFor(() => expect(door.unlink).toHaveBeenCalledWith('new'))
})

it('keeps the pair when the server refuses', async () => {
  const door = server([pair()])
  door.link.mockRejectedValueOnce(new Error('gone'))
  const mind = new Duplicates(door)
  await mind.load.refresh()
  expect(await mind.same(pair())).toBe(false)
  expect(mind.load.data?.total).toBe(1)
  expect(mind.busy).toBeUndefined()
})

it('says what moves along', () => {
  expect(carried(pair())).toEqual([])
  const kept = { reason: 'Museum', by: 'it', at: '' }
  expect(carried(pair({ nickname: 'Work', tags: ['VIP'], notes: 'blue\ncase', kept }))).toEqual([
    'Work',
    'VIP',
    'blue',
    'Museum',
  ])
})
