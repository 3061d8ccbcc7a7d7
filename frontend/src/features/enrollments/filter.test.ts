import { expect, it } from 'vitest'
import type { EnrollmentColumn } from '~/backend/types'
import { meant, read, say, shown, sound, takes, usual, written } from './filter'

const column = (name: string, kind: EnrollmentColumn['kind'], choices: string[] = []): EnrollmentColumn => ({
  name,
  title: name,
  kind,
  choices,
  named: true,
  sortable: true,
  glance: true,
  operators: [],
})
const seen = column('last_seen_at', 'time')
const os = column('os_version', 'version')
const state = column('state', 'choice', ['quiet', 'asleep'])
const free = column('available', 'bytes')

it('travels as text and comes back, with colons in the value too', () => {
  for (const condition of [...usual, { column: 'notes', operator: 'contains', value: 'at 12:30' }]) {
    expect(read(written(condition))).toEqual(condition)
  }
  expect(read('nonsense')).toBeUndefined()
})

it('says conditions as people do', () => {
  expect(say({ column: 'last_seen_at', operator: 'older_than', value: '30' }, seen)).toBe(
    'not seen for 30 days',
  )
  expect(say({ column: 'last_seen_at', operator: 'older_than', value: '1' }, seen)).toBe('not seen for a day')
  expect(say({ column: 'os_version', operator: 'before', value: '18.4' }, os)).toBe('iOS before 18.4')
  expect(say({ column: 'state', operator: 'in', value: 'quiet|asleep' }, state)).toBe(
    'state is quiet or asleep',
  )
  expect(say({ column: 'available', operator: 'less_than', value: '5000000000' }, free)).toBe(
    'Free storage under 5 GB',
  )
  expect(
    say(
      { column: 'field3', operator: 'is', value: 'K-17' },
      { ...column('field3', 'text'), title: 'Cost centre' },
    ),
  ).toBe('Cost centre is “K-17”')
})

it('stays readable when the server knows more than these screens', () => {
  expect(say({ column: 'mood', operator: 'is', value: 'fine' }, undefined)).toBe('mood is fine')
  expect(say({ column: 'mood', operator: 'resembles', value: 'fine' }, column('mood', 'text'))).toBe(
    'mood resembles fine',
  )
})

it('counts storage in gigabytes', () => {
  expect(meant(free, ' 1,5 ')).toBe('1500000000')
  expect(shown(free, '1500000000')).toBe('1.5')
  expect(meant(os, ' 18.4 ')).toBe('18.4')
})

it('asks only what can be answered', () => {
  expect(takes(seen, 'older_than')).toBe('days')
  expect(takes(seen, 'before')).toBe('day')
  expect(takes(state, 'is')).toBe('choices')
  expect(sound(seen, 'older_than', '30')).toBe(true)
  expect(sound(seen, 'older_than', 'a while')).toBe(false)
  expect(sound(seen, 'before', '2026-05-04')).toBe(true)
  expect(sound(os, 'before', 'new')).toBe(false)
  expect(sound(os, 'empty', '')).toBe(true)
  expect(sound(state, 'is', '')).toBe(false)
})
