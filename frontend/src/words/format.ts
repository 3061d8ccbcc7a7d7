/** Numbers, sizes and times as people of one language write them. Nothing here depends on the state of a screen. */

/**
 * made keeps what Intl has made for a language: making it costs more than a frame of a list with a hundred times on it,
 * and there are only as many as there are forms below.
 */
const made = new Map<string, unknown>()

function once<T>(kind: string, lang: string, make: () => T): T {
  const key = `${kind} ${lang}`
  if (!made.has(key)) made.set(key, make())
  return made.get(key) as T
}

const dates = (kind: string, lang: string, form: Intl.DateTimeFormatOptions) =>
  once(kind, lang, () => new Intl.DateTimeFormat(lang, form))
const numbers = (kind: string, lang: string, form: Intl.NumberFormatOptions = {}) =>
  once(kind, lang, () => new Intl.NumberFormat(lang, form))

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** ago is relative up to a week, and a date after that. */
export function ago(lang: string, at: string, now: number): string {
  const then = Date.parse(at)
  const past = now - then
  if (Math.abs(past) >= 7 * day) return date(lang, at, now)
  const words = once(
    'ago',
    lang,
    () => new Intl.RelativeTimeFormat(lang, { numeric: 'auto', style: 'short' }),
  )
  if (Math.abs(past) < minute) return words.format(0, 'second')
  const sign = past > 0 ? -1 : 1
  const span = Math.abs(past)
  if (span < hour) return words.format(sign * Math.floor(span / minute), 'minute')
  if (span < day) return words.format(sign * Math.floor(span / hour), 'hour')
  return words.format(sign * Math.floor(span / day), 'day')
}

/** date is a day; the year only if it is another one than now. */
export function date(lang: string, at: string, now: number): string {
  const then = new Date(at)
  const sameYear = then.getFullYear() === new Date(now).getFullYear()
  const form = sameYear
    ? dates('day', lang, { day: 'numeric', month: 'long' })
    : dates('day of a year', lang, { day: 'numeric', month: 'short', year: 'numeric' })
  return form.format(then)
}

/** exact is day and time to the second: what one sees when one hovers. */
export function exact(lang: string, at: string): string {
  return dates('exact', lang, { dateStyle: 'full', timeStyle: 'medium' }).format(new Date(at))
}

/** moment is day and time as one says them: for what ends. */
export function moment(lang: string, at: string): string {
  return dates('moment', lang, { dateStyle: 'long', timeStyle: 'short' }).format(new Date(at))
}

/** month is the name of a month, short enough for an axis. */
export function month(lang: string, at: string): string {
  return dates('month', lang, { month: 'short' }).format(new Date(at))
}

export function number(lang: string, value: number): string {
  return numbers('number', lang).format(value)
}

export function plurals(lang: string): Intl.PluralRules {
  return once('plurals', lang, () => new Intl.PluralRules(lang))
}

export function percent(lang: string, share: number): string {
  return numbers('percent', lang, { style: 'percent', maximumFractionDigits: 0 }).format(share)
}

/** bytes counts in thousands, as Apple does on the phone. */
export function bytes(lang: string, size: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
  let step = 0
  let value = size
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000
    step++
  }
  return new Intl.NumberFormat(lang, {
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value)
}

/** seconds is how long something took. */
export function seconds(lang: string, ms: number): string {
  const unit = ms < 1000 ? 'millisecond' : 'second'
  return new Intl.NumberFormat(lang, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: unit === 'second' ? 1 : 0,
  }).format(unit === 'second' ? ms / 1000 : ms)
}

/** list joins names as the language does. */
export function list(lang: string, parts: string[], type: Intl.ListFormatType = 'conjunction'): string {
  return new Intl.ListFormat(lang, { type }).format(parts)
}

/** commonName is the name in a certificate's issuer: "Example Root" of "CN=Example Root,O=Example". */
export function commonName(issuer: string): string {
  return /(?:^|,)CN=((?:[^,\\]|\\.)+)/.exec(issuer)?.[1]?.replace(/\\(.)/g, '$1') ?? issuer
}

/** inFours parts a fingerprint so that two people can compare it on the telephone. */
export function inFours(fingerprint: string): string {
  return fingerprint.match(/.{1,4}/g)?.join(' ') ?? ''
}

/** languageName is what a language is called in another: "Portuguese (Brazil)". A tag that nobody knows stays itself. */
export function languageName(lang: string, tag: string): string {
  try {
    return new Intl.DisplayNames(lang, { type: 'language', languageDisplay: 'standard' }).of(tag) ?? tag
  } catch {
    return tag // a phone may say anything
  }
}

/** decimal is a number with one digit after the point, for ratios. */
export function decimal(lang: string, value: number): string {
  return new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value)
}
