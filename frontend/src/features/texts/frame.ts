/**
 * The page inside the phone frame. It runs no scripts, and some browsers (WebKit) then call no listeners in it either,
 * not even ours. So nothing is listened to inside: a pane over it takes the pointer, and asks the page what is there.
 */

const focusStyle = `
[data-key] { cursor: pointer }
[data-in-focus] { outline: 3px solid color-mix(in srgb, currentColor 55%, transparent); outline-offset: 3px; border-radius: 4px }
[data-in-sight] { outline: 2px dashed color-mix(in srgb, currentColor 45%, transparent); outline-offset: 3px; border-radius: 4px }
`

/** show puts a page into the frame. What is the same stays, so that nothing flickers and the page keeps its place. */
export function show(shown: Document, html: string) {
  const next = new DOMParser().parseFromString(html, 'text/html')
  copyAttributes(next.documentElement, shown.documentElement)
  copyAttributes(next.body, shown.body)
  const own = shown.head.querySelector('style[data-editor]')
  own?.remove()
  if (shown.head.innerHTML !== next.head.innerHTML) {
    shown.head.replaceChildren(...[...next.head.childNodes].map((node) => shown.adoptNode(node)))
  }
  shown.body.replaceChildren(...[...next.body.childNodes].map((node) => shown.adoptNode(node)))
  const style = own ?? shown.createElement('style')
  if (!own) {
    style.setAttribute('data-editor', '')
    style.textContent = focusStyle
  }
  shown.head.append(style)
  // The keys that walk through the editor do not walk through the page in it.
  for (const one of shown.querySelectorAll<HTMLElement>('a, button, input, select, textarea, summary'))
    one.tabIndex = -1
}

function copyAttributes(from: Element, to: Element) {
  for (const { name } of [...to.attributes]) if (!from.hasAttribute(name)) to.removeAttribute(name)
  for (const { name, value } of [...from.attributes])
    if (to.getAttribute(name) !== value) to.setAttribute(name, value)
}

/** keysOf are the texts that an element shows: its words, and those in its attributes. */
export function keysOf(element: Element): string[] {
  return element.getAttribute('data-key')?.split(' ').filter(Boolean) ?? []
}

/** keyAt is the text at a point of the page, in pixels of the page. */
export function keyAt(shown: Document, x: number, y: number): string | undefined {
  for (let one = shown.elementFromPoint(x, y); one; one = one.parentElement) {
    const [key] = keysOf(one)
    if (key) return key
  }
  return undefined
}

/** keysIn are the texts of a page in the order in which it shows them, each once. */
export function keysIn(shown: Document): string[] {
  const keys = [...shown.querySelectorAll('[data-key]')].flatMap(keysOf)
  return [...new Set(keys)]
}

/** point marks where a text is, and says whether it is on the page. */
export function point(
  shown: Document,
  mark: 'in-focus' | 'in-sight',
  key: string | undefined,
  reveal: boolean,
): boolean {
  const attribute = `data-${mark}`
  for (const one of shown.querySelectorAll(`[${attribute}]`)) one.removeAttribute(attribute)
  if (key === undefined) return false
  const found = [...shown.querySelectorAll('[data-key]')].filter((one) => keysOf(one).includes(key))
  for (const one of found) one.setAttribute(attribute, '')
  if (reveal) found[0]?.scrollIntoView({ block: 'nearest' })
  return found.length > 0
}
