import type { Person } from '~/backend/types'
import type { Key } from '~/words/translate'

/** way says with what somebody can sign in now. */
export function way(person: Person, now: number): Key {
  const code = person.code_expires_at !== undefined && Date.parse(person.code_expires_at) > now
  if (person.has_password) return code ? 'people.with.both' : 'people.with.password'
  return code ? 'people.with.code' : 'people.with.nothing'
}
