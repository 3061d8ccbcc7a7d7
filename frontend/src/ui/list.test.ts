import { expect, it } from 'vitest'
import { directionOf, moved, step, turned, visible } from './list'

it('draws only the rows in view and a few around them', () => {
  expect(visible(0, 320, 32, 10_000, 4)).toEqual({ first: 0, last: 14 })
  expect(visible(3200, 320, 32, 10_000, 4)).toEqual({ first: 96, last: 114 })
  expect(visible(0, 320, 32, 3, 4)).toEqual({ first: 0, last: 2 })
  expect(visible(0, 320, 32, 0, 4)).toEqual({ first: 0, last: -1 })
})

it('moves with the keys and stays in the list', () => {
  expect(step('ArrowDown', -1, 5, 3)).toBe(0)
  expect(step('ArrowDown', 4, 5, 3)).toBe(4)
  expect(step('ArrowUp', 0, 5, 3)).toBe(0)
  expect(step('PageDown', 0, 5, 3)).toBe(3)
  expect(step('End', 0, 5, 3)).toBe(4)
  expect(step('a', 0, 5, 3)).toBeUndefined()
  expect(step('ArrowDown', 0, 0, 3)).toBeUndefined()
})

it('turns an order round', () => {
  expect(turned('name')).toBe('-name')
  expect(turned('-name')).toBe('name')
})

it('knows how a list is sorted', () => {
  const column = { id: 'seen', title: 'Seen', least: 4, sort: '-seen' }
  expect(directionOf(column, 'seen')).toBe('ascending')
  expect(directionOf(column, '-seen')).toBe('descending')
  expect(directionOf(column, 'name')).toBeUndefined()
})

it('puts a column in another place', () => {
  expect(moved(['a', 'b', 'c'], 'a', 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b', 'c'], 'c', -1)).toEqual(['c', 'a', 'b'])
  expect(moved(['a', 'b'], 'new', 1)).toEqual(['a', 'new', 'b'])
})
