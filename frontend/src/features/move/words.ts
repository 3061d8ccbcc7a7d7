import type { MovePhone } from '~/backend/types'
import type { Tone } from '~/ui/Mark.svelte'
import { stuck } from '~/words/codes'
import { t } from '~/words/language.svelte'
import { has } from '~/words/translate'

/** The states of a phone of the old list, in the order of a move. */
export const states = [
  'no_person',
  'to_invite',
  'invited',
  'trying',
  'moved',
  'removed',
  'left_out',
] as const satisfies readonly MovePhone['state'][]

export const tones: Record<MovePhone['state'], Tone> = {
  no_person: 'attention',
  to_invite: 'notice',
  invited: 'busy',
  trying: 'busy',
  moved: 'good',
  removed: 'good',
  left_out: 'neutral',
}

/** calledBy is what a line of the list is called: by its name, or by what it is. */
export function calledBy(phone: MovePhone): string {
  return phone.name || phone.model || phone.number || phone.email || phone.account || phone.full_name
}

/** whose is the person of a line, as people know them; empty: nobody is known. */
export function whose(phone: MovePhone): string {
  return phone.person_name || phone.person
}

/** because says why a line is where it is; for somebody who is enrolling, why they do not go on. */
export function because(phone: MovePhone): string {
  const key = `move.because.${phone.reason}`
  return has(key) ? t(key) : stuck(phone.reason)
}

export function nextStep(phone: MovePhone): string {
  const key = `move.next.${phone.next}`
  return has(key) ? t(key) : ''
}
