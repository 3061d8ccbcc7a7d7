import type { Selected } from './types'

/** as many phones as the server takes by name in one go. */
const most = 10_000

/** portioned are phones by name, in portions that the server takes; none for no phones. */
export function portioned(ids: string[]): Selected[] {
  return Array.from({ length: Math.ceil(ids.length / most) }, (_, i) => ({
    ids: ids.slice(i * most, (i + 1) * most),
  }))
}
