import type { EnrollmentColumn, Facets } from '~/backend/types'
import { date, list, number } from '~/words/format'
import { t, tongue } from '~/words/language.svelte'
import { has } from '~/words/translate'
import { columnName } from './columns.svelte'

/** One condition of a filter, as the server takes it: "os_version:before:18.4". */
export interface Condition {
  column: string
  operator: string
  value: string
}

const giga = 1_000_000_000

export const written = (c: Condition): string => `${c.column}:${c.operator}:${c.value}`

export function read(text: string): Condition | undefined {
  const [column = '', operator = '', ...value] = text.split(':')
  return column && operator ? { column, operator, value: value.join(':') } : undefined
}

/** choiceName is what one of the values of a column is called. */
export function choiceName(column: string, value: string): string {
  const key = column === 'state' ? `phones.filter.${value}` : `choice.${column}.${value}`
  return has(key) ? t(key) : value
}

/** operatorName is what can be asked, in the editor: "contains", "more than … days ago". */
export function operatorName(known: EnrollmentColumn, operator: string): string {
  const own = `operator.${known.name}.${operator}`
  const key = has(own) ? own : `operator.${known.kind}.${operator}`
  return has(key) ? t(key) : operator
}

/** takes says what is typed for a condition: nothing, days, a day, a number, one or several choices, or text. */
export function takes(
  known: EnrollmentColumn,
  operator: string,
): 'nothing' | 'days' | 'day' | 'number' | 'choices' | 'text' {
  if (operator === 'empty' || operator === 'not_empty') return 'nothing'
  if (operator === 'older_than' || operator === 'within') return 'days'
  if (known.kind === 'time') return 'day'
  if (known.kind === 'choice' || known.kind === 'bool') return 'choices'
  return known.kind === 'number' || known.kind === 'bytes' || known.kind === 'percent' ? 'number' : 'text'
}

/** shown is a value as people type it, and meant what the server is told: storage is counted in gigabytes. */
export function shown(known: EnrollmentColumn, value: string): string {
  return known.kind === 'bytes' && value !== '' ? String(Number(value) / giga) : value
}

export function meant(known: EnrollmentColumn, typed: string): string {
  const text = typed.trim()
  return known.kind === 'bytes' ? String(Math.round(Number(text.replace(',', '.')) * giga)) : text
}

/** sound says whether a value can be asked for. */
export function sound(known: EnrollmentColumn, operator: string, value: string): boolean {
  switch (takes(known, operator)) {
    case 'nothing':
      return true
    case 'days':
    case 'number':
      return /^\d+$/.test(value)
    case 'day':
      return /^\d{4}-\d\d-\d\d/.test(value)
    case 'choices':
    case 'text':
      return value !== '' && (known.kind !== 'version' || operator === 'is' || /\d/.test(value))
  }
}

/** say is a condition in words, as its chip shows it: "not seen for 30 days". */
export function say(c: Condition, known: EnrollmentColumn | undefined): string {
  const column = columnName(c.column, known?.title)
  if (!known) return `${column} ${c.operator} ${c.value}`
  const closer = [
    `condition.${c.column}.${c.operator}.${c.value}`,
    `condition.${c.column}.${c.operator}`,
    `condition.${known.kind}.${c.operator}`,
  ].find((key) => has(key))
  if (!closer || !has(closer)) return `${column} ${c.operator} ${c.value}`
  return t(closer, { column, value: valueName(known, c), ...counted(known, c) })
}

function valueName(known: EnrollmentColumn, c: Condition): string {
  switch (takes(known, c.operator)) {
    case 'choices':
      return list(
        tongue(),
        c.value.split('|').map((value) => choiceName(known.name, value).toLocaleLowerCase(tongue())),
        'disjunction',
      )
    case 'day':
      return date(tongue(), c.value, Date.now())
    case 'number':
      return number(tongue(), Number(shown(known, c.value)))
    default:
      return c.operator === 'in' ? list(tongue(), c.value.split('|'), 'disjunction') : c.value
  }
}

function counted(known: EnrollmentColumn, c: Condition): { count?: number } {
  return takes(known, c.operator) === 'days' ? { count: Number(c.value) } : {}
}

/** The usual questions, one click away. */
export const usual: Condition[] = [
  { column: 'last_seen_at', operator: 'older_than', value: '30' },
  { column: 'state', operator: 'in', value: 'quiet|asleep|probably_removed' },
  { column: 'state', operator: 'is', value: 'must_enroll_again' },
  { column: 'os_version', operator: 'before', value: '18.4' },
  { column: 'enrolled_at', operator: 'within', value: '7' },
  { column: 'kept', operator: 'is', value: 'true' },
]

/** away says for how long phones could not reach us, "" if they could. */
export function away(hours: number): string {
  if (hours <= 0) return ''
  return hours < 48 ? t('away.hours', { count: hours }) : t('away.days', { count: Math.round(hours / 24) })
}

/** suggested are the values that phones have, for a column in which few of them occur. */
export function suggested(known: EnrollmentColumn, facets: Facets | undefined): string[] {
  const of: Record<string, { value: string }[] | undefined> = {
    model: facets?.models,
    os_version: facets?.os_versions,
    group: facets?.groups,
    tags: facets?.tags,
  }
  return (of[known.name] ?? []).map((one) => one.value).slice(0, 50)
}
