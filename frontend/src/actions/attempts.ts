import type { Attempt } from '~/backend/types'
import { t } from '~/words/language.svelte'

/** whoseIs is how an attempt is called: by its person, once they have said who they are. */
export function whoseIs(attempt: Attempt): string {
  return attempt.person_name || attempt.person || attempt.identifier || t('overview.unknown')
}

/**
 * reference is the short code that a phone shows, as somebody types what was read out to them: "k7 31q", "K731Q";
 * undefined if it is none. A word of five letters is taken for a name.
 */
export function reference(typed: string): string | undefined {
  const [, first = '', parted, rest = ''] =
    /^([A-Z0-9]{2})([\s\-–]?)([A-Z0-9]{3})$/.exec(typed.trim().toUpperCase()) ?? []
  return first && (parted || /\d/.test(first + rest)) ? `${first}-${rest}` : undefined
}
