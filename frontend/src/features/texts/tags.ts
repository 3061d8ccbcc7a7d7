import { languageName } from '~/words/format'

/** Languages that people are likely to add. Any other can be typed as its code. */
export const common = [
  ...[
    'bg',
    'ca',
    'de-AT',
    'de-CH',
    'el',
    'en-AU',
    'en-GB',
    'es-419',
    'es-MX',
    'et',
    'eu',
    'fa',
    'fil',
    'fr-CA',
    'fr-CH',
    'ga',
  ],
  ...[
    'gl',
    'hi',
    'hr',
    'hu',
    'id',
    'is',
    'it-CH',
    'kk',
    'lb',
    'lt',
    'lv',
    'mk',
    'ms',
    'nn',
    'ro',
    'ru',
    'sk',
    'sl',
    'sq',
    'sr',
  ],
  ...['sr-Latn', 'sw', 'ta', 'th', 'tl', 'ur', 'uz', 'vi', 'zh-Hant-HK'],
] as const

/** tagOf is the code of a language that somebody typed, by its name or as a code; undefined if it is neither. */
export function tagOf(typed: string, lang: string): string | undefined {
  const wanted = typed.trim()
  if (wanted === '') return undefined
  const named = common.find((tag) => languageName(lang, tag).toLowerCase() === wanted.toLowerCase())
  if (named) return named
  try {
    const [tag = ''] = Intl.getCanonicalLocales(wanted)
    // "banana" is well formed, but nobody speaks it.
    return languageName('en', tag) === tag ? undefined : tag
  } catch {
    return undefined
  }
}
