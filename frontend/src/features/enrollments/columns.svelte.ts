import * as backend from '~/backend'
import type { EnrollmentColumn } from '~/backend/types'
import type { Column } from '~/ui/list'
import { Load } from '~/ui/load.svelte'
import { t } from '~/words/language.svelte'
import { has } from '~/words/translate'

/** What can be known of a phone, as the server lists it: User Enrollment tells no serial number, so there is no column. */
export const known = new Load<EnrollmentColumn[]>(async (signal) =>
  (await backend.enrollmentColumns(signal)).columns.filter(offered),
)

/** The columns that are shown until somebody chooses others. */
export const usualColumns = ['person_name', 'name', 'model', 'os_version', 'state', 'last_seen_at']

// What people read elsewhere: the same key twice, and the key of another record.
const keys = ['id', 'former_id']

function offered(column: EnrollmentColumn): boolean {
  return column.named && !keys.includes(column.name)
}

/** columnName is what a column is called: our word, or the server's title for one that these screens do not know. */
export function columnName(name: string, title = name): string {
  const key = `column.${name}`
  return has(key) ? t(key) : title
}

// How narrow a column may get, and its share of the room that is left.
const wide: Record<string, [least: number, share: number]> = {
  person_name: [7, 1.6],
  person: [9, 1.6],
  managed_account: [9, 1.6],
  name: [4, 1],
  model: [6, 1.2],
  state: [7, 1.1],
  state_reason: [10, 2],
  notes: [8, 2],
  tags: [6, 1.2],
  enrollment_id: [10, 1.6],
}
const byKind: Record<EnrollmentColumn['kind'], [least: number, share: number]> = {
  text: [6, 1],
  version: [4, 0],
  time: [6, 0],
  number: [4, 0],
  bytes: [5, 0],
  percent: [4, 0],
  choice: [6, 1],
  tags: [6, 1],
  bool: [5, 0],
}

/** columns makes columns of a list of what is known. */
export function columns(all: EnrollmentColumn[]): Column[] {
  return all.map((one) => {
    const [least, share] = wide[one.name] ?? byKind[one.kind]
    const newest =
      one.kind === 'time' || one.kind === 'number' || one.kind === 'percent' || one.kind === 'bytes'
    return {
      id: one.name,
      title: columnName(one.name, one.title),
      least,
      share,
      fixed: one.name === 'person_name',
      ...(one.sortable ? { sort: newest ? `-${one.name}` : one.name } : {}),
      ...(one.kind === 'number' || one.kind === 'bytes' || one.kind === 'percent'
        ? { align: 'end' as const }
        : {}),
    }
  })
}
