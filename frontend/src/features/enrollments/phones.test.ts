import { beforeEach, expect, it, vi } from 'vitest'
import type { Enrollment, EnrollmentQuery, SavedView } from '~/backend/types'
import { Phones } from './phones.svelte'
import { Views } from './views.svelte'

beforeEach(() => localStorage.clear())

/** a server that has so many phones. */
function town(total: number) {
  const asked: EnrollmentQuery[] = []
  const phones = new Phones((query) => {
    asked.push(query)
    const { offset = 0, limit = 100 } = query
    const enrollments = Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, (_, i) => ({
      id: `p${String(offset + i)}`,
    })) as Enrollment[]
    return Promise.resolve({
      enrollments,
      total,
      counts: { phones: total, total, states: {}, waiting: 0, people: 0 },
    })
  })
  return { phones, asked }
}

it('asks with what is searched, narrowed and sorted', async () => {
  vi.useFakeTimers()
  const { phones, asked } = town(3)
  phones.only(['state:is:quiet'])
  phones.searchFor(' müller ')
  phones.sortBy('person')
  await vi.runAllTimersAsync()
  vi.useRealTimers()
  expect(asked.at(-1)).toMatchObject({
    search: 'müller',
    filter: ['state:is:quiet'],
    sort: 'person',
    offset: 0,
  })
  expect(new Phones().sort).toBe('person')
})

it('names the phones of a selection, or the list that they are all of', async () => {
  const { phones } = town(250)
  await phones.rows.refresh()
  expect(await phones.chosen('p7')).toEqual([{ ids: ['p7'] }])
  phones.selection.choose(['p1', 'p2'])
  expect(await phones.chosen('p7')).toEqual([{ ids: ['p1', 'p2'] }])
  phones.selection.all()
  expect(await phones.chosen()).toEqual([{ view: phones.view }])
  phones.selection.toggle('p1', 1)
  const [part] = await phones.chosen()
  expect(part?.ids).toHaveLength(249)
  expect(part?.ids).not.toContain('p1')
})

it('does not choose all of another list when the question changes', () => {
  const { phones } = town(250)
  phones.selection.all()
  phones.only(['state:is:quiet'])
  expect(phones.selection.some).toBe(false)
  phones.selection.choose(['p1'])
  phones.only([])
  expect(phones.selection.has('p1')).toBe(true)
})

it('shows a view, and knows when the list has moved away from it', () => {
  const { phones } = town(3)
  const views = new Views(phones)
  const view: SavedView = {
    id: 'v1',
    name: 'Old systems',
    view: { filter: ['os_version:before:18.4'], sort: 'os_version' },
    columns: [{ name: 'person_name' }, { name: 'os_version', width: 120 }],
  }
  views.list.data = [view]
  phones.only(views.show(view))
  expect(views.current?.name).toBe('Old systems')
  expect(views.changed).toBe(false)
  expect(phones.layout.widths).toEqual({ os_version: 120 })
  phones.only([])
  expect(views.changed).toBe(true)
})
