import { expect, it, vi } from 'vitest'
import type { Move, MoveLetter, MovePhone } from '~/backend/types'
import { has } from '~/words/translate'
import { Letters, mailed } from './letters.svelte'
import { addressed, Moving } from './moving.svelte'
import { because, states } from './words'

const phone = (id: string, more: Partial<MovePhone> = {}): MovePhone => ({
  id,
  state: 'to_invite',
  reason: 'not_invited',
  next: 'invite',
  source: '',
  number: '',
  name: id,
  model: 'iPhone 15',
  os_version: '18.6',
  email: '',
  account: '',
  full_name: '',
  kind: 'profile',
  person: `${id}@example.org`,
  person_name: '',
  how: 'address',
  guess: '',
  guess_name: '',
  guessed: '',
  sure: 100,
  settled: '',
  enrollment: '',
  other: '',
  other_model: '',
  attempt: '',
  ...more,
})
const board = (phones: MovePhone[]): Move => ({
  begun: true,
  done: false,
  total: phones.length,
  moved: 0,
  old_profile: 0,
  states: {},
  profile_name: '',
  sources: [],
  phones,
})

it('shows lines by their state, as they are searched and sorted', async () => {
  const moving = new Moving(async () =>
    board([
      phone('zoe', { state: 'moved' }),
      phone('anna', { person_name: 'Anna Müller' }),
      phone('ben', { state: 'no_person', person: '' }),
    ]),
  )
  await moving.board.refresh()
  expect(moving.rows.map((one) => one.id)).toEqual(['ben', 'anna', 'zoe'])
  moving.search = 'muller'
  expect(moving.rows.map((one) => one.id)).toEqual(['anna'])
  moving.everybody()
  moving.look('moved')
  expect(moving.rows.map((one) => one.id)).toEqual(['zoe'])
  moving.look('moved')
  moving.sortBy('-name')
  expect(moving.rows.map((one) => one.id)).toEqual(['zoe', 'ben', 'anna'])
  moving.selection.choose(['ben', 'anna'])
  expect(addressed(moving.chosen).map((one) => one.id)).toEqual(['anna'])
})

it('has words for every state, reason and next step that the server knows', async () => {
  const { readFileSync } = await import('node:fs')
  const go = readFileSync('../backend/move/describe.go', 'utf8')
  for (const state of states) expect(has(`move.state.${state}`), state).toBe(true)
  const said = [...go.matchAll(/State\{[\w()]+, "(\w+)", (?:"(\w+)"|next)\}/g)]
  expect(said.length).toBeGreaterThan(12)
  for (const [, reason = '', next] of said) {
    expect(has(`move.because.${reason}`), reason).toBe(true)
    if (next && next !== 'none') expect(has(`move.next.${next}`), next).toBe(true)
  }
  const enroll = readFileSync('../backend/enroll/describe.go', 'utf8')
  for (const [, reason = '', next = ''] of enroll.matchAll(/State\{code, "(\w+)", "(\w+)"\}/g)) {
    if (next !== 'none')
      expect([has(`move.because.${reason}`), has(`move.next.${next}`)], reason).toEqual([true, true])
  }
  expect(because(phone('a', { reason: 'password' }))).toBe('Wrong password.')
})

it('looks at letters before they are written, and counts those that will be', async () => {
  const letter: MoveLetter = {
    ids: [],
    person: 'a@b.c',
    name: 'A',
    to: 'a@b.c',
    language: 'en',
    subject: 's',
    body: 'b',
    code: '',
    missing: false,
  }
  const writeMove = vi.fn(async () => ({
    letters: [letter, { ...letter, missing: true }],
    missing: 1,
    csv: '',
  }))
  const setMoveTerms = vi.fn(async () => ({}))
  const letters = new Letters(
    ['1', '2'],
    false,
    { profile_name: '' },
    { writeMove, setMoveTerms },
    Date.UTC(2026, 10, 23),
  )
  expect([letters.profile, letters.until]).toEqual(['MDM Profile', '2026-12-07'])
  await letters.look()
  expect(setMoveTerms).toHaveBeenCalledWith({ profile_name: 'MDM Profile', deadline: '2026-12-07T12:00:00Z' })
  expect(writeMove).toHaveBeenCalledWith({ ids: ['1', '2'], reminder: false, dry_run: true })
  expect(letters.to).toBe(2)
  letters.add = false
  expect(letters.to).toBe(1)
  expect(await letters.write()).toBe(true)
  expect(writeMove).toHaveBeenLastCalledWith({ ids: ['1', '2'], reminder: false, add_people: false })
})

it('hands a letter to the program for mail, without its text where that is too long for an address', () => {
  const letter: MoveLetter = {
    ids: [],
    person: '',
    name: '',
    to: 'a+b@example.org',
    language: 'en',
    subject: 'Two steps & more',
    body: 'Hello\nÜ',
    code: '',
    missing: false,
  }
  expect(mailed(letter)).toEqual({
    address: 'mailto:a%2Bb@example.org?subject=Two%20steps%20%26%20more&body=Hello%0D%0A%C3%9C',
    whole: true,
  })
  expect(mailed({ ...letter, body: 'x'.repeat(3000) })).toEqual({
    address: 'mailto:a%2Bb@example.org?subject=Two%20steps%20%26%20more',
    whole: false,
  })
})
