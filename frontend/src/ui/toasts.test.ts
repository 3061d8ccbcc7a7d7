import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { toasts } from './toasts.svelte'

beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  for (const toast of toasts.list) toasts.dismiss(toast.id)
  vi.useRealTimers()
})

it('goes by itself, unless something is broken', () => {
  toasts.say('Saved.')
  toasts.say('It did not work.', 'broken')
  vi.advanceTimersByTime(60_000)
  expect(toasts.list.map((toast) => toast.text)).toEqual(['It did not work.'])
})

it('undoes the newest first, once', () => {
  const undone: string[] = []
  for (const text of ['first', 'second']) {
    toasts.say(text, 'good', { label: 'Undo', perform: () => undone.push(text) })
  }
  expect(toasts.undo()).toBe(true)
  expect(toasts.undo()).toBe(true)
  expect(toasts.undo()).toBe(false)
  expect(undone).toEqual(['second', 'first'])
})

it('waits while somebody reads', () => {
  const id = toasts.say('Saved.')
  toasts.hold(id)
  vi.advanceTimersByTime(60_000)
  expect(toasts.list).toHaveLength(1)
})
