/** Shortcuts are written 'mod+k', 'shift+mod+z', '/', 'w'. "mod" is ⌘ on a Mac and Ctrl elsewhere. */

export const mac = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? '')

const names: Record<string, [mac: string, other: string]> = {
  mod: ['⌘', 'Ctrl+'],
  shift: ['⇧', 'Shift+'],
  alt: ['⌥', 'Alt+'],
  enter: ['↩', 'Enter'],
  backspace: ['⌫', 'Backspace'],
  escape: ['esc', 'Esc'],
  space: ['space', 'Space'],
  arrowup: ['↑', '↑'],
  arrowdown: ['↓', '↓'],
}

/** spell writes a shortcut as the keys of this computer are labelled. */
export function spell(keys: string, onMac = mac): string {
  return keys
    .split('+')
    .map((part) => names[part]?.[onMac ? 0 : 1] ?? part.toUpperCase())
    .join('')
}

/** pressed says whether an event is this shortcut. */
export function pressed(event: KeyboardEvent, keys: string, onMac = mac): boolean {
  const parts = keys.split('+')
  const key = parts.pop() ?? ''
  const mod = onMac ? event.metaKey : event.ctrlKey
  const foreign = onMac ? event.ctrlKey : event.metaKey
  if (foreign || mod !== parts.includes('mod') || event.altKey !== parts.includes('alt')) return false
  // "?" and "/" need shift on some keyboards and not on others: what counts is the character.
  const symbol = key.length === 1 && !/[a-z]/.test(key)
  if (!symbol && event.shiftKey !== parts.includes('shift')) return false
  return event.key.toLowerCase() === (key === 'space' ? ' ' : key)
}

/** typing says whether a key press belongs to a field, where letters are text and not shortcuts. */
export function typing(event: KeyboardEvent): boolean {
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}
