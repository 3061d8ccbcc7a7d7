/**
 * steer makes the links of a picture one stop for the tab key: arrows lead from one to the next, as one sees them.
 */
export function steer(picture: HTMLElement) {
  const links = [...picture.querySelectorAll<SVGAElement>('a')]
  const stop = (at: number) =>
    links.forEach((link, i) => link.setAttribute('tabindex', i === at ? '0' : '-1'))
  stop(0)
  links.forEach((link, at) => {
    link.addEventListener('focus', () => stop(at))
    link.addEventListener('keydown', (event) => {
      const to = next(event.key, at, links.length, getComputedStyle(picture).direction === 'rtl')
      if (to === undefined) return
      event.preventDefault()
      links[to]?.focus()
    })
  })
}

/** next is where a key leads; undefined if nowhere. */
export function next(key: string, at: number, count: number, rtl: boolean): number | undefined {
  switch (key) {
    case 'Home':
      return 0
    case 'End':
      return count - 1
    case 'ArrowDown':
    case rtl ? 'ArrowLeft' : 'ArrowRight':
      return Math.min(at + 1, count - 1)
    case 'ArrowUp':
    case rtl ? 'ArrowRight' : 'ArrowLeft':
      return Math.max(at - 1, 0)
    default:
      return undefined
  }
}
