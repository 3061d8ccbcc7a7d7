/** What a text is right now, seen from the editor. Rules without state; the server says what is wrong with words. */
import type { Text } from '~/backend/types'
import type { Tone } from '~/ui/Mark.svelte'

/** idOf names one text in one language. */
export const idOf = (language: string, key: string) => `${language}/${key}`

export function partsOf(id: string): { language: string; key: string } {
  const [language = '', key = ''] = id.split('/')
  return { language, key }
}

/** live is what phones show today. */
export const live = (text: Text): string => text.published ?? text.built_in ?? ''

/** saved is what the server has for the field: the draft, else what was published, else what is built in. */
export function saved(text: Text): string {
  if (text.draft !== undefined) return text.draft || (text.built_in ?? '')
  return live(text)
}

/** lengthOf counts letters as the server does; of a text with plural forms, those of the longest form. */
export function lengthOf(text: string, plural = false): number {
  if (!plural) return [...text].length
  return Math.max(0, ...text.split('\n').map((line) => [...line.replace(/^[^:]*:/, '').trim()].length))
}

export type MarkName = 'problem' | 'over' | 'missing' | 'outdated' | 'draft'

/** marks are what deserves a look at a text, the most urgent first. */
export function marks(text: Text): MarkName[] {
  const found: MarkName[] = []
  if (text.problems.some((one) => one.blocking) && !text.over) found.push('problem')
  if (text.over) found.push('over')
  if (text.state === 'missing') found.push('missing')
  if (text.outdated) found.push('outdated')
  if (text.draft !== undefined) found.push('draft')
  return found
}

export const toneOf: Record<MarkName, Tone> = {
  problem: 'broken',
  over: 'broken',
  missing: 'attention',
  outdated: 'attention',
  draft: 'busy',
}

export interface Group {
  page: string
  texts: Text[]
}

// Pages in the order in which people meet them; then what is around them.
const order =
  'start signin code privacy terms declined group device same done error native profile again my_device mail general'.split(
    ' ',
  )

/** grouped puts the texts of a page together, in the order in which people meet the pages. */
export function grouped(texts: readonly Text[]): Group[] {
  const groups: Group[] = []
  for (const text of texts) {
    const group = groups.find((one) => one.page === text.page)
    if (group) group.texts.push(text)
    else groups.push({ page: text.page, texts: [text] })
  }
  const at = (page: string) => (order.includes(page) ? order.indexOf(page) : order.length)
  return groups.sort((a, b) => at(a.page) - at(b.page))
}

/** folded is a text as it is searched: without case, accents and the letters of Markdown. */
export function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

/** done is the share of texts that need nobody. */
export function done(language: { keys: number; missing: number; outdated: number; over: number }): number {
  if (language.keys === 0) return 0
  return Math.max(0, language.keys - language.missing - language.outdated - language.over) / language.keys
}

/** oneLine is a text as a row of a list shows it. */
export const oneLine = (text: string): string => text.replace(/\s*\n+\s*/g, ' ').replace(/\*\*|^#+ /g, '')
