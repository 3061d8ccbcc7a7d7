import { expect, it } from 'vitest'
import { Trouble } from '~/backend/errors'
import { because, finding, happened, readable, trouble } from './codes'
import { language } from './language.svelte'

language.choose('en')

it('counts with the number that matters', () => {
  expect(readable({ phones: '1', port: '39099' })).toMatchObject({ count: 1, port: '39099' })
  expect(trouble(new Trouble('would_strand', { phones: '14' }))).toBe('14 enrolled phones would be cut off.')
})

it('says what a refused file is instead', () => {
  expect(trouble(new Trouble('push_file', { problem: 'key_mismatch' }))).toContain('does not belong')
  expect(trouble(new Trouble('push_file', { problem: 'never heard of' }))).toContain('not a push certificate')
})

it('names the command in the timeline', () => {
  const event = { seq: 1, id: '1', at: '2026-11-22T12:00:00Z', kind: 'command.answered', actor: 'phone' }
  expect(happened({ ...event, params: { type: 'SecurityInfo' } })).toBe('Answered: Security information')
})

it('does not hide what it does not know', () => {
  const found = { code: 'brand_new', level: 'attention', params: {}, action: 'none' } as const
  expect(finding(found).title).toContain('brand_new')
})

it('explains a silence', () => {
  const described = {
    code: 'quiet',
    reason: 'silent',
    next: 'wake',
    level: 'attention',
    params: { silent_days: '12' },
  } as const
  expect(because(described)).toBe('Quiet for 12 days.')
})
