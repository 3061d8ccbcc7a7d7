import { expect, it } from 'vitest'
import { Selection } from './selection.svelte'

const names = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => `p${String(first + i)}`)
const chosen = (selection: Selection) => [...selection.ids].sort()

it('chooses single rows and ranges besides', async () => {
  const selection = new Selection(names)
  selection.toggle('p7', 7)
  selection.anchor(2)
  await selection.extend(4)
  expect(chosen(selection)).toEqual(['p2', 'p3', 'p4', 'p7'])
  await selection.extend(3) // a range that shrinks lets go of what it had taken
  expect(chosen(selection)).toEqual(['p2', 'p3', 'p7'])
  await selection.extend(1)
  expect(chosen(selection)).toEqual(['p1', 'p2', 'p7'])
  expect(selection.count(50)).toBe(3)
  selection.toggle('p7', 7)
  expect(selection.has('p7')).toBe(false)
})

it('chooses all that the list finds, less those that are taken out', () => {
  const selection = new Selection(names)
  selection.all()
  expect(selection.count(312)).toBe(312)
  selection.toggle('p7', 7)
  expect(selection.has('p7')).toBe(false)
  expect(selection.has('p8')).toBe(true)
  expect(selection.count(312)).toBe(311)
  selection.clear()
  expect(selection.some).toBe(false)
})

it('drops a range that was overtaken', async () => {
  const late: ((keys: string[]) => void)[] = []
  const selection = new Selection(() => new Promise((resolve) => late.push(resolve)))
  const first = selection.extend(10)
  const second = selection.extend(2)
  late[1]?.(['p0', 'p1', 'p2'])
  await second
  late[0]?.(names(0, 10))
  await first
  expect(chosen(selection)).toEqual(['p0', 'p1', 'p2'])
})
