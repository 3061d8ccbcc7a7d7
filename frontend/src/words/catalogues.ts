import de from './de.json'
import en from './en.json'

/** A message is a text, or one text for each plural form of its count (go-i18n's JSON). */
export type Message = string | Partial<Record<Intl.LDMLPluralRule, string>>

export interface Catalogue {
  lang: string
  name: string
  messages: Record<string, Message>
}

export type Tag = 'en' | 'de' | 'pseudo'

const accents: Record<string, string> = {
  a: 'à',
  e: 'ë',
  i: 'ï',
  o: 'ö',
  u: 'ü',
  n: 'ñ',
  c: 'ç',
  s: 'š',
  y: 'ý',
}

export const catalogues: Record<Tag, Catalogue> = {
  en: { lang: 'en', name: 'English', messages: en },
  de: { lang: 'de', name: 'Deutsch', messages: de },
  // For developers: shows forgotten words (they stay readable) and words that do not fit (these are longer).
  pseudo: { lang: 'en', name: 'Pseudo', messages: pseudo(en) },
}

export const offered: readonly Tag[] = import.meta.env.DEV ? ['en', 'de', 'pseudo'] : ['en', 'de']

export function isTag(tag: string): tag is Tag {
  return (offered as readonly string[]).includes(tag)
}

function pseudo(messages: Record<string, Message>): Record<string, Message> {
  const each = (message: Message): Message =>
    typeof message === 'string'
      ? stretch(message)
      : Object.fromEntries(Object.entries(message).map(([form, text]) => [form, stretch(text)]))
  return Object.fromEntries(Object.entries(messages).map(([key, message]) => [key, each(message)]))
}

/** stretch keeps variables, puts marks on letters and makes the text about 40 % longer. */
export function stretch(text: string): string {
  const marked = text
    .split(/(\{\{\w+\}\})/)
    .map((part) =>
      part.startsWith('{{') ? part : part.replace(/[aeiouncsy]/g, (letter) => accents[letter] ?? letter),
    )
    .join('')
  return `[${marked}${'~'.repeat(Math.ceil(text.length * 0.4))}]`
}
