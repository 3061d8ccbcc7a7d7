import { expect, it } from 'vitest'
import { reference } from './attempts'

it('takes a reference however it was read out', () => {
  for (const typed of ['K7-31Q', 'k7-31q', ' k7 31q ', 'k731q']) expect(reference(typed)).toBe('K7-31Q')
  expect(reference('AB-CDE')).toBe('AB-CDE')
})

it('takes no name for a reference', () => {
  for (const typed of ['Marta', 'marta r', '', 'K7-31', 'iPhone17']) expect(reference(typed)).toBeUndefined()
})
