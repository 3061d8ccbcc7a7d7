import type { Command, Enrollment } from '~/backend/types'
import type { Tone } from '~/ui/Mark.svelte'

/** toneOf is the shape beside a phone's state: somebody who is enrolling, or has left, is neither good nor bad. */
export function toneOf(phone: Enrollment): Tone {
  if (phone.state === 'removed' || phone.state === 'archived') return 'neutral'
  if (phone.state === 'waiting' && phone.described.level === 'good') return 'busy'
  return phone.described.level
}

export function toneOfCommand(command: Command): Tone {
  switch (command.state) {
    case 'acknowledged':
      return 'good'
    case 'error':
    case 'format_error':
      return 'broken'
    case 'expired':
    case 'cancelled':
      return 'neutral'
    case 'pending':
    case 'sent':
    case 'not_now':
      return 'busy'
  }
}
