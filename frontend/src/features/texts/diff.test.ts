import { expect, it } from 'vitest'
import { diff } from './diff'

const written = (from: string, to: string) =>
  diff(from, to)
    .map((part) => ({ same: part.text, gone: `[-${part.text}]`, new: `[+${part.text}]` })[part.kind])
    .join('')

it('shows the words that changed and leaves the others alone', () => {
  expect(written('Sign in to Nordlicht', 'Sign in at Nordlicht')).toBe('Sign in [-to][+at] Nordlicht')
  expect(written('', 'New')).toBe('[+New]')
  expect(written('Old', '')).toBe('[-Old]')
  expect(written('Same', 'Same')).toBe('Same')
})

it('takes a variable as one word', () => {
  expect(written('Ask {{support_name}}.', 'Ask {{support_email}}.')).toBe(
    'Ask [-{{support_name}}][+{{support_email}}].',
  )
})

it('takes letters of any language as words', () => {
  expect(written('Über Größe', 'Über Länge')).toBe('Über [-Größe][+Länge]')
  expect(written('مرحبا بك', 'مرحبا بكم')).toBe('مرحبا [-بك][+بكم]')
})

it('compares a contract line by line, quickly', () => {
  const line = 'You keep the system of your phone up to date and tell us when it is lost.\n'
  const long = line.repeat(300)
  const began = performance.now()
  const parts = diff(long + 'The end.', long.replace('lost', 'gone') + 'The end.')
  expect(performance.now() - began).toBeLessThan(1000)
  expect(parts.filter((part) => part.kind !== 'same')).toHaveLength(2)
})
