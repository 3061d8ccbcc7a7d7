import type { Text, TextLanguage } from '~/backend/types'

export type SourceKind = 'published' | 'built_in' | 'original' | 'english'

/** Words that help to write others: what phones show, what is built in, what it is translated from. */
export interface Source {
  kind: SourceKind
  words: string
  lang: string
  rtl: boolean
  /** it is in the language of the field, so it can take the place of its words. */
  usable: boolean
}

/** sourcesOf are the words to put beside a field. None is there twice. */
export function sourcesOf(
  text: Text,
  here: TextLanguage | undefined,
  original: TextLanguage | undefined,
): Source[] {
  const tag = here?.tag ?? 'en'
  const rtl = here?.rtl ?? false
  const list: Source[] = []
  if (text.draft !== undefined && text.published !== undefined) {
    list.push({ kind: 'published', words: text.published, lang: tag, rtl, usable: true })
  }
  if (text.built_in !== undefined && (text.draft !== undefined || text.published !== undefined)) {
    list.push({ kind: 'built_in', words: text.built_in, lang: tag, rtl, usable: true })
  }
  if (original && original.tag !== tag) {
    list.push({ kind: 'original', words: text.source, lang: original.tag, rtl: original.rtl, usable: false })
  }
  if (tag !== 'en' && (original?.tag !== 'en' || text.source !== text.default)) {
    list.push({ kind: 'english', words: text.default, lang: 'en', rtl: false, usable: false })
  }
  return list
}
