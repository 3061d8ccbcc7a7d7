import { expect, it } from 'vitest'
import type { Enrollment } from '~/backend/types'
import { Formers } from './formers.svelte'

const record = (id: string, person: string, enrolled_at?: string) =>
  ({ id, person, person_name: '', enrolled_at }) as Enrollment
const phone = record('new', 'anna', '2026-11-02T00:00:00Z')
const all = [
  phone,
  record('later', 'anna', '2026-11-03T00:00:00Z'),
  record('earlier', 'anna', '2026-10-01T00:00:00Z'),
  record('bens', 'ben', '2026-09-01T00:00:00Z'),
  record('never', 'anna'),
]

it('offers the records that began before, and says when one is of another person', async () => {
  const asked: (string | undefined)[] = []
  const formers = new Formers(phone, {
    enrollments: (query) => {
      asked.push(query.search)
      return Promise.resolve({ enrollments: all }) as never
    },
  })
  await formers.found.refresh()
  expect(formers.found.data?.map((one) => one.id)).toEqual(['earlier', 'bens', 'never'])
  formers.chosen = 'earlier'
  expect(formers.others).toBeUndefined()
  formers.chosen = 'bens'
  expect(formers.others).toBe('ben')
  formers.text = 'ben'
  expect(formers.former).toBeUndefined()
  expect(asked).toEqual(['anna', 'ben'])
})
