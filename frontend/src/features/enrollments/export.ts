import * as backend from '~/backend'
import { save } from '~/backend/platform'
import type { ExportBody } from '~/backend/types'
import { t, tongue } from '~/words/language.svelte'
import { columns, known } from './columns.svelte'
import { choiceName } from './filter'
import type { Phones } from './phones.svelte'

export type Format = ExportBody['format']
/** The formats that are offered, those for people before those for programs. */
export const formats = ['xlsx', 'csv', 'tsv', 'html', 'json', 'xml'] as const
// Opened by a person: words and dates as their language has them. Programs get codes and ISO dates.
const forPeople: readonly Format[] = ['xlsx', 'csv', 'tsv', 'html']

/** bodyOf asks for exactly what is on the screen, for the phones that are chosen, or for everything there is. */
export async function bodyOf(phones: Phones, format: Format, everything = false): Promise<ExportBody> {
  const all = known.data ?? []
  const local = forPeople.includes(format)
  const which = everything ? { everything } : await whichOf(phones)
  return {
    ...which,
    format,
    local,
    ...(everything
      ? {}
      : { columns: phones.layout.arrange(columns(all)).map(({ id, title }) => ({ name: id, title })) }),
    ...(local
      ? {
          language: tongue(),
          time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
          heading: t('phones.title'),
          words: Object.fromEntries(
            all.flatMap((one) => one.choices.map((choice) => [choice, choiceName(one.name, choice)])),
          ),
        }
      : {}),
  }
}

async function whichOf(phones: Phones): Promise<Pick<ExportBody, 'ids' | 'view'>> {
  if (!phones.selection.some) return { view: phones.view }
  const portions = await phones.chosen()
  const ids = portions.flatMap((portion) => portion.ids ?? [])
  return ids.length > 0 ? { ids } : { view: phones.view }
}

/** saveAs gives the list to the person as a file; false means they changed their mind. */
export async function saveAs(phones: Phones, format: Format, everything = false): Promise<boolean> {
  const content = await backend.exportPhones(await bodyOf(phones, format, everything))
  const day = new Date().toISOString().slice(0, 10)
  return save(`${t('export.name')}-${day}.${format}`, content, 'application/octet-stream')
}

/** copy puts the list where a mail or a spreadsheet takes it as a table. */
export async function copy(phones: Phones): Promise<void> {
  const part = async (format: 'html' | 'tsv', type: string) =>
    new Blob([await backend.exportPhones(await bodyOf(phones, format))], { type })
  // The parts are promises: a browser allows the clipboard only at the click itself.
  await navigator.clipboard.write([
    new ClipboardItem({ 'text/html': part('html', 'text/html'), 'text/plain': part('tsv', 'text/plain') }),
  ])
}
