import { expect, it } from 'vitest'
import { tagOf } from './tags'

it('finds a language by its name in the language of the screens, or by its code', () => {
  expect(tagOf('Hungarian', 'en')).toBe('hu')
  expect(tagOf('ungarisch', 'de')).toBe('hu')
  expect(tagOf('hu', 'en')).toBe('hu')
  expect(tagOf('zh-hant-hk', 'en')).toBe('zh-Hant-HK')
  expect(tagOf('fr-ca', 'en')).toBe('fr-CA')
})

it('takes nothing that is no language', () => {
  for (const typed of ['', ' ', 'Klingonese', 'x', 'not a language', 'banana']) {
    expect(tagOf(typed, 'en'), typed).toBeUndefined()
  }
})
