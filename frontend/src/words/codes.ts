/** Words for the codes that travel from the server: what went wrong, what was found, what happened. */
import type { Trouble } from '~/backend/errors'
import type { Described, Event, FieldError, Finding, TextProblem } from '~/backend/types'
import { ago, date, list } from './format'
import { t, tongue } from './language.svelte'
import { has, type Key, type Vars } from './translate'

/** look finds the words for a code, or those for "something that this version of the screens does not know". */
function look(place: string, code: string, otherwise: Key): Key {
  const key = `${place}.${code}`
  return has(key) ? key : otherwise
}

// The server's words for moments: `until`, `since`, and whatever ends in _at, _after or _before.
const instant = /^(at|now|since|until|expires|.*_(at|after|before))$/

/** readable makes parameters fit for a sentence: times become dates, and the number that counts chooses the plural. */
export function readable(params: Record<string, string> | undefined): Vars {
  const vars: Vars = {}
  for (const [name, value] of Object.entries(params ?? {})) {
    if (instant.test(name) && !Number.isNaN(Date.parse(value))) {
      vars[name] = soon(value) ? ago(tongue(), value, Date.now()) : date(tongue(), value, Date.now())
    } else vars[name] = value
  }
  const count = vars['count'] ?? vars['phones'] ?? vars['silent_days']
  return count === undefined ? vars : { ...vars, count: Number(count) }
}

function soon(at: string): boolean {
  return Math.abs(Date.parse(at) - Date.now()) < 24 * 3_600_000
}

export function trouble(error: Trouble): string {
  const closer = `error.${error.code}.${error.params['problem'] ?? ''}` // a refused file says what it is instead
  return t(has(closer) ? closer : look('error', error.code, 'error.unexpected'), readable(error.params))
}

export function problem(error: FieldError | undefined): string | undefined {
  if (!error) return undefined
  const key = look('problem', error.code, 'problem.invalid')
  return t(key, readable(error.params))
}

/** lineProblem is what is wrong with a field in a line of a list. */
export function lineProblem(code: string): string {
  return t(look('problem', code, 'problem.invalid'))
}

export function textProblem(problem: Pick<TextProblem, 'code' | 'params'>): string {
  return t(look('texts.problem', problem.code, 'texts.problem.unknown'), {
    code: problem.code,
    ...readable(problem.params),
  })
}

export interface Said {
  title: string
  reason: string
}

export function finding(found: Pick<Finding, 'code' | 'params'>): Said {
  const type = found.params['type']
  const vars = { ...readable(found.params), ...(type ? { type: command(type) } : {}) }
  const title = look('finding', found.code, 'finding.unknown')
  const reason = `finding.${found.code}.why`
  return {
    title: t(title, { code: found.code, ...vars }),
    reason: has(reason) ? t(reason, vars) : '',
  }
}

export function stateOf(described: Described): string {
  return t(look('state', described.code, 'state.unknown'), readable(described.params))
}

/** because is why a state is so, and nextStep what to do about it; empty where there is nothing to say. */
export function because(described: Described): string {
  const key = `because.${described.reason ?? ''}`
  return has(key) ? t(key, readable(described.params)) : ''
}

export function nextStep(described: Described): string {
  const key = `then.${described.next ?? ''}`
  return has(key) ? t(key, readable(described.params)) : ''
}

export function happened(event: Event): string {
  return t(look('event', event.kind, 'event.unknown'), {
    kind: event.kind,
    person: event.person ?? '',
    ...readable(event.params),
    command: command(event.params['type'] ?? ''),
    why: stuck(event.params['reason'] ?? ''),
    what: parts(event.params['what'] ?? ''),
  })
}

/** parts names what was changed of a phone: its notes, its tags, one of the own fields. */
function parts(codes: string): string {
  const names = codes.split(', ').map((code) => {
    const [, number] = /^field(\d+)$/.exec(code) ?? []
    const key = `column.${code}`
    return number ? t('event.field', { number }) : has(key) ? t(key) : code
  })
  return list(tongue(), names)
}

export function step(name: string): string {
  return t(look('step', name, 'step.unknown'), { name })
}

export function stuck(code: string): string {
  return t(look('stuck', code, 'stuck.unknown'), { code })
}

export function rehearsed(name: string): string {
  return t(look('rehearsed', name, 'rehearsed.unknown'), { name })
}

export function actor(name: string): string {
  const key = `actor.${name}`
  return has(key) ? t(key) : name
}

export function command(type: string): string {
  const key = `command.${type}`
  return has(key) ? t(key) : type
}

export function tested(name: string): string {
  return t(look('tested', name, 'tested.unknown'), { name })
}
