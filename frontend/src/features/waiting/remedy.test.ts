import { expect, it } from 'vitest'
import type { Attempt } from '~/backend/types'
import { has } from '~/words/translate'
import { steps } from '~/forms/funnel'
import { remedy } from './remedy'

const attempt = (more: Partial<Attempt>): Attempt => ({
  id: 'a1',
  reference: 'K7-31Q',
  step: 'knocked',
  stuck: false,
  state: 'signing_in',
  state_reason: 'in_progress',
  next: 'wait',
  identifier: 'lea@nordlicht.example',
  person: '',
  person_name: '',
  managed_account: '',
  product_name: 'iPhone17,2',
  os_version: '26.1',
  language: 'de',
  origin: 'apple',
  ...more,
})

it('sends the administrator where a reason is mended', () => {
  expect(remedy(attempt({ reason: 'locked' }))).toEqual({
    text: 'remedy.locked',
    go: { label: 'overview.go.people', route: { screen: 'people', id: 'lea@nordlicht.example' } },
  })
  expect(remedy(attempt({ reason: 'closed' })).go?.route).toEqual({ screen: 'settings', page: 'enrollment' })
})

it('has words for silence and for waiting at every step', () => {
  for (const step of steps) {
    for (const stuck of [true, false]) expect(has(remedy(attempt({ step, stuck })).text)).toBe(true)
  }
})

it('points to the log for a reason that these screens do not know', () => {
  expect(remedy(attempt({ reason: 'meteorite' }))).toEqual({ text: 'remedy.unknown' })
})
