import { expect, it } from 'vitest'
import { ago, bytes, commonName, date, inFours, percent, seconds } from './format'

const now = Date.parse('2026-11-22T12:00:00Z')
const before = (ms: number) => new Date(now - ms).toISOString()
const hour = 3_600_000

it.each([
  [10_000, 'now'],
  [4 * 60_000, '4 min. ago'],
  [5 * hour, '5 hr. ago'],
  [3 * 24 * hour, '3 days ago'],
])('says %i ms ago as %s', (ms, words) => {
  expect(ago('en-US', before(ms), now)).toBe(words)
})

it('is absolute after a week', () => {
  expect(ago('en', before(8 * 24 * hour), now)).toBe('November 14')
  expect(ago('de', before(400 * 24 * hour), now)).toBe(date('de', before(400 * 24 * hour), now))
  expect(date('de', '2025-03-01T12:00:00Z', now)).toContain('2025')
})

it('says what is still to come', () => {
  expect(ago('en', before(-20 * 60_000), now)).toBe('in 20 min.')
})

it('writes sizes, shares and spans', () => {
  expect(bytes('en', 512_000_000_000)).toBe('512 GB')
  expect(bytes('de', 1_500_000)).toBe('1,5 MB')
  expect(percent('en', 0.35)).toBe('35%')
  expect(seconds('en', 1234)).toBe('1.2 sec')
})

it('reads names and fingerprints aloud', () => {
  expect(commonName('CN=Example Inc. Root,O=Example Inc.')).toBe('Example Inc. Root')
  expect(commonName('O=No Name')).toBe('O=No Name')
  expect(commonName('C=US,CN=Apple\\, Inc.')).toBe('Apple, Inc.')
  expect(inFours('0ac4159e8d')).toBe('0ac4 159e 8d')
})
