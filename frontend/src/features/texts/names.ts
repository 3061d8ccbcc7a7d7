/** What pages, texts and variables are called on the screens. */
import type { Text, TextLanguage } from '~/backend/types'
import { purposeIn } from '~/words/purposes'
import { languageName } from '~/words/format'
import { language, t, tongue } from '~/words/language.svelte'
import { has } from '~/words/translate'

export function pageName(page: string): string {
  const key = `texts.page.${page}`
  return has(key) ? t(key) : page
}

/** purpose is what a text is for: the server says it in English. */
export function purpose(text: Text): string {
  return purposeIn(language.tag, text.key) ?? text.purpose
}

export function sampleName(name: string): string {
  const key = `texts.sample.${name}`
  return has(key) ? t(key) : name
}

export function variableName(name: string): string {
  const key = `texts.variable.${name}`
  return has(key) ? t(key) : name
}

/** languageCalled is a language in the words of the screens, "Portuguese (Brazil)"; its own name where we have none. */
export function languageCalled(one: { tag: string; name: string }): string {
  const called = languageName(tongue(), one.tag)
  return called === one.tag ? one.name : called
}

/** inOrder puts the default language first and the others by their names. */
export function inOrder(languages: readonly TextLanguage[], first: string | undefined): TextLanguage[] {
  return [...languages].sort(
    (a, b) =>
      Number(b.tag === first) - Number(a.tag === first) ||
      languageCalled(a).localeCompare(languageCalled(b), tongue()),
  )
}

/** needs is what is to be done for a language, in a few words; empty if nothing is. */
export function needs(one: TextLanguage): string {
  if (one.missing > 0) return t('languages.missing', { count: one.missing })
  if (one.over > 0) return t('languages.over', { count: one.over })
  if (one.outdated > 0) return t('languages.outdated', { count: one.outdated })
  if (one.draft > 0) return t('languages.drafts', { count: one.draft })
  return one.enabled ? '' : t('languages.off')
}
