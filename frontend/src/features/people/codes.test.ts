import { expect, it } from 'vitest'
import { codesAsCSV } from './codes'

it('quotes, and lets no name become a formula', () => {
  const text = codesAsCSV([{ name: '=1+1 "x"', identifier: 'anna@example.org', code: 'AB-12' }])
  expect(text.split('\r\n')[1]).toBe(`"'=1+1 ""x""","anna@example.org","AB-12"`)
  expect(text.startsWith('\uFEFF')).toBe(true)
})
