import { expect, it } from 'vitest'
import { pressed, spell } from './keys'

const key = (init: KeyboardEventInit) => new KeyboardEvent('keydown', init)

it('spells shortcuts as the keys are labelled', () => {
  expect(spell('mod+k', true)).toBe('⌘K')
  expect(spell('mod+k', false)).toBe('Ctrl+K')
  expect(spell('shift+mod+z', true)).toBe('⇧⌘Z')
})

it('knows a shortcut from its neighbours', () => {
  expect(pressed(key({ key: 'k', metaKey: true }), 'mod+k', true)).toBe(true)
  expect(pressed(key({ key: 'k', ctrlKey: true }), 'mod+k', true)).toBe(false)
  expect(pressed(key({ key: 'w' }), 'w', true)).toBe(true)
  expect(pressed(key({ key: 'W', shiftKey: true }), 'w', true)).toBe(false)
  expect(pressed(key({ key: 'w', metaKey: true }), 'w', true)).toBe(false)
  expect(pressed(key({ key: ' ' }), 'space', true)).toBe(true)
})

it('takes a character wherever it is on the keyboard', () => {
  expect(pressed(key({ key: '?', shiftKey: true }), '?', false)).toBe(true)
  expect(pressed(key({ key: '/', shiftKey: true }), '/', false)).toBe(true)
})
