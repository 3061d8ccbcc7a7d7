import LockOpen from '@lucide/svelte/icons/lock-open'
import * as backend from '~/backend'
import type { Person } from '~/backend/types'
import { action } from './action'

export function nameOf(person: Person): string {
  return person.name || person.identifier
}

export function locked(person: Person, now = Date.now()): boolean {
  return person.locked_until !== undefined && Date.parse(person.locked_until) > now
}

export const unlock = action<Person>({
  id: 'people.unlock',
  label: 'people.unlock',
  icon: LockOpen,
  shortcut: 'u',
  when: (person) => locked(person),
  perform: (person) => backend.unlockPerson(person.identifier),
  done: 'people.unlock.done',
  vars: (person) => ({ name: nameOf(person) }),
})
