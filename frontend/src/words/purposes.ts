import de from './purposes/de.json'
import type { Tag } from './catalogues'

// English is what the server itself says about a text.
const purposes: Partial<Record<Tag, Record<string, string>>> = { de }

/** purposeIn is what a text of the portal is for, in a language of the screens; undefined where English has to do. */
export function purposeIn(tag: Tag, key: string): string | undefined {
  return purposes[tag]?.[key]
}
