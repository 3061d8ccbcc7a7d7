import type { Attempt } from '~/backend/types'
import type { Route } from '~/routes'
import { has, type Key } from '~/words/translate'

/** What helps somebody whose attempt does not go on, and where the administrator does it. */
export interface Remedy {
  text: Key
  go?: { label: Key; route: Route }
}

type Place = 'person' | 'sign-in' | 'accounts' | 'certificates' | 'enrollment'

// Reasons that are mended in one place. All others are explained by words alone.
const places: Record<string, Place> = {
  password: 'person',
  locked: 'person',
  code: 'person',
  code_used: 'person',
  no_managed_account: 'accounts',
  not_allowed: 'enrollment',
  directory_down: 'sign-in',
  push_problem: 'certificates',
  closed: 'enrollment',
  device_kind: 'enrollment',
  device_limit: 'enrollment',
  os_old: 'enrollment',
}

/** remedy finds the words for the reason, or for the silence after a step, or for an attempt that is under way. */
export function remedy(attempt: Attempt): Remedy {
  const reason = `remedy.${attempt.reason ?? ''}`
  if (attempt.reason) {
    const go = way(places[attempt.reason], attempt)
    return { text: has(reason) ? reason : 'remedy.unknown', ...(go ? { go } : {}) }
  }
  const step: Key = attempt.stuck ? `remedy.silent.${attempt.step}` : `remedy.waiting.${attempt.step}`
  return { text: step }
}

function way(place: Place | undefined, attempt: Attempt): Remedy['go'] {
  switch (place) {
    case undefined:
      return undefined
    case 'person':
      return { label: 'overview.go.people', route: { screen: 'people', id: attempt.identifier || undefined } }
    default:
      return { label: `settings.${place}`, route: { screen: 'settings', page: place } }
  }
}
