import { expect, it } from 'vitest'
import type { Attempt } from '~/backend/types'
import { Waiting } from './waiting.svelte'

const now = Date.parse('2026-05-04T12:00:00Z')
const attempt = (id: string, more: Partial<Attempt> = {}): Attempt => ({
  id,
  reference: `${id}-ABC`,
  step: 'knocked',
  stuck: false,
  state: 'signing_in',
  state_reason: 'in_progress',
  next: 'wait',
  identifier: `${id}@nordlicht.example`,
  person: '',
  person_name: '',
  managed_account: '',
  product_name: 'iPhone17,2',
  os_version: '26.1',
  language: 'de',
  origin: 'apple',
  created_at: '2026-05-04T11:00:00Z',
  updated_at: '2026-05-04T11:00:00Z',
  ...more,
})

async function waiting(...attempts: Attempt[]) {
  const asked: boolean[] = []
  const list = new Waiting((open) => {
    asked.push(open)
    return Promise.resolve({ attempts, funnel: [] })
  })
  await list.list.refresh()
  return { list, asked, ids: () => list.shown(now).map((one) => one.id) }
}

it('shows who is on the way today, the last sign of life first', async () => {
  const { list, ids } = await waiting(
    attempt('a1'),
    attempt('b2', { updated_at: '2026-05-04T11:30:00Z' }),
    attempt('c3', { step: 'done' }),
    attempt('d4', { created_at: '2026-04-01T11:00:00Z' }),
  )
  expect(ids()).toEqual(['b2', 'a1'])
  list.older = true
  expect(ids()).toContain('d4')
})

it('shows who stands at a step, and asks for those who came to the end only then', async () => {
  const { list, asked, ids } = await waiting(
    attempt('a1', { step: 'offered' }),
    attempt('c3', { step: 'done' }),
  )
  list.look('done')
  expect(ids()).toEqual(['c3'])
  expect(asked).toEqual([true, false])
  list.everybody()
  expect(ids()).toEqual(['a1'])
})

it('finds people without regard to case and marks, and attempts by their reference', async () => {
  const { list, ids } = await waiting(attempt('a1', { person_name: 'Jörg Müller' }), attempt('b2'))
  list.search = 'muller'
  expect(ids()).toEqual(['a1'])
  list.search = 'b2-a'
  expect(ids()).toEqual(['b2'])
})

it('sorts by how far somebody came', async () => {
  const { list, ids } = await waiting(
    attempt('a1', { step: 'offered' }),
    attempt('b2'),
    attempt('c3', { step: 'signed_in' }),
  )
  list.sortBy('step')
  expect(ids()).toEqual(['b2', 'c3', 'a1'])
  list.sortBy('-step')
  expect(ids()).toEqual(['a1', 'c3', 'b2'])
})
