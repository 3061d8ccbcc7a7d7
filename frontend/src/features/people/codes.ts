import type { Imported } from '~/backend/types'
import { t } from '~/words/language.svelte'

/** codesAsCSV is a list of enrollment codes to hand out: UTF-8 with a mark, as Excel wants it, and no formulas. */
export function codesAsCSV(codes: Imported['codes']): string {
  const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
  const head = [t('people.name'), t('people.identifier'), t('import.codes.code')]
  const rows = codes.map((one) => [one.name, one.identifier, one.code])
  return `\uFEFF${[head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}
