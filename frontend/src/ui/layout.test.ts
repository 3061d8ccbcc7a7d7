import { beforeEach, expect, it } from 'vitest'
import { Layout } from './layout.svelte'
import { tracks, type Column } from './list'

const columns: Column[] = [
  { id: 'name', title: 'Name', least: 8, fixed: true },
  { id: 'model', title: 'Model', least: 6, share: 2 },
  { id: 'os', title: 'OS', least: 4, share: 0 },
]
const ids = (layout: Layout) => layout.arrange(columns).map((column) => column.id)

beforeEach(() => localStorage.clear())

it('shows the usual columns, and remembers others', () => {
  const layout = new Layout('test', ['name', 'os'])
  expect(ids(layout)).toEqual(['name', 'os'])
  layout.toggle('model')
  layout.move(columns, 'model', 1)
  layout.resize('model', 200)
  const again = new Layout('test', ['name', 'os'])
  expect(ids(again)).toEqual(['name', 'model', 'os'])
  expect(again.widths).toEqual({ model: 200 })
  expect(again.usual).toBe(false)
  again.reset()
  expect(ids(again)).toEqual(['name', 'os'])
  expect(again.usual).toBe(true)
})

it('keeps the column that names a row, and takes no width that nobody can use', () => {
  const layout = new Layout('test', ['os'])
  expect(ids(layout)).toEqual(['name', 'os'])
  layout.resize('os', 3)
  expect(layout.widths['os']).toBe(40)
  layout.resize('os', undefined)
  expect(layout.widths).toEqual({})
})

it('forgets what is not a layout, and columns that are gone', () => {
  localStorage.setItem('gatehouse.columns.test', '{"shown":3}')
  expect(ids(new Layout('test', ['os']))).toEqual(['name', 'os'])
  localStorage.setItem('gatehouse.columns.test', '{"shown":["serial","os"],"widths":{}}')
  expect(ids(new Layout('test', ['os']))).toEqual(['name', 'os'])
})

it('offers all columns, those that are shown first', () => {
  expect(new Layout('test', ['os']).offer(columns).map((column) => column.id)).toEqual([
    'name',
    'os',
    'model',
  ])
})

it('makes tracks of columns', () => {
  expect(tracks(columns, { model: 120 })).toEqual({
    template: 'minmax(8rem, 1fr) 120px 4rem',
    least: '12rem + 120px',
  })
})
