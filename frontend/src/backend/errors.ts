import type { FieldError, Problem } from './types'

/** Codes of what can go wrong between here and the server; the server's own codes come from its paper. */
export type TroubleCode = Problem['code'] | 'unreachable' | 'unexpected'

/** Trouble is an answer that is none: a code with parameters, which the screen turns into words. */
export class Trouble extends Error {
  constructor(
    readonly code: TroubleCode,
    readonly params: Record<string, string> = {},
    /** finds the line in the server's log. */
    readonly reference = '',
    readonly fields: FieldError[] = [],
    readonly status = 0,
  ) {
    super(code)
    this.name = 'Trouble'
  }

  /** field is what is wrong with one field, if the server said so. */
  field(name: string): FieldError | undefined {
    return this.fields.find((field) => field.field === name)
  }
}

/** left says whether an error only means that nobody waits for the answer any more. */
export function left(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

/** troubleOf gives every error a code. */
export function troubleOf(error: unknown): Trouble {
  return error instanceof Trouble ? error : new Trouble('unexpected', { detail: String(error) })
}

export function fromProblem(status: number, body: unknown): Trouble {
  if (!isProblem(body)) return new Trouble('unexpected', { detail: String(status) }, '', [], status)
  return new Trouble(body.code, body.params, body.reference ?? '', body.errors, status)
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'errors' in body
}
