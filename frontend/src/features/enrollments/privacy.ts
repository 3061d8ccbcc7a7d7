import * as backend from '~/backend'
import { save } from '~/backend/platform'
import type { Held, Privacy, PrivacyBody } from '~/backend/types'
import { t, tongue } from '~/words/language.svelte'
import { has } from '~/words/translate'

/** The order in which the panel shows what is held. */
const order = ['account', 'management', 'device', 'security', 'apps', 'remarks', 'history'] as const

/** called is what something that is held is called: our own words for what has some, the name of an app for what has none. */
export function called(name: string): string {
  for (const key of [`fact.${name}`, `column.${name}`, `held.${name}`]) if (has(key)) return t(key)
  return name
}

export function inGroups(held: Held[]): { group: Held['group']; held: Held[] }[] {
  return order
    .map((group) => ({ group, held: held.filter((one) => one.group === group) }))
    .filter((one) => one.held.length > 0)
}

/** wordsFor are the words of the file, by code; the server knows no words. */
export function wordsFor(privacy: Privacy): Record<string, string> {
  return {
    group: t('held.column.group'),
    name: t('held.column.name'),
    value: t('held.column.value'),
    since: t('held.column.since'),
    why: t('held.column.why'),
    yes: t('fact.yes'),
    no: t('fact.no'),
    never: t('held.never'),
    ...Object.fromEntries(order.map((group) => [group, t(`held.group.${group}`)])),
    ...Object.fromEntries(privacy.held.map((one) => [one.name, called(one.name)])),
    ...Object.fromEntries(privacy.held.map((one) => [one.why, t(`held.why.${one.why}`)])),
    ...Object.fromEntries(privacy.never.map((code) => [`never.${code}`, never(code)])),
  }
}

export function never(code: string): string {
  const key = `held.never.${code}`
  return has(key) ? t(key) : code
}

export const formats = ['html', 'xlsx', 'csv', 'json'] as const

/** give saves the panel as a file for the phone's owner; false means they changed their mind. */
export async function give(
  id: string,
  name: string,
  privacy: Privacy,
  format: PrivacyBody['format'],
): Promise<boolean> {
  const content = await backend.exportPrivacy(id, {
    format,
    words: wordsFor(privacy),
    language: tongue(),
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    heading: t('held.heading', { name }),
  })
  return save(`${t('held.file')}-${privacy.at.slice(0, 10)}.${format}`, content, 'application/octet-stream')
}
