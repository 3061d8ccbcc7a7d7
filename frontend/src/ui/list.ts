/** One column of a list. The looks of a cell come from the screen; the list knows names, widths and order. */
export interface Column<Sort extends string = string> {
  id: string
  title: string
  /** a track of a CSS grid, such as 'minmax(8rem, 2fr)'. */
  width: string
  /** what the server is asked to sort by first; with a minus, newest or greatest first. */
  sort?: Sort
  /** the column cannot be switched off: it names the row. */
  fixed?: boolean
  align?: 'end'
}

/** window says which rows to draw for a scroll position: those to be seen, and a few around them. */
export function visible(top: number, height: number, row: number, total: number, around = 8) {
  const first = Math.max(0, Math.floor(top / row) - around)
  const last = Math.min(total - 1, Math.ceil((top + height) / row) + around)
  return { first, last: Math.max(first - 1, last) }
}

/** step says where a key moves the selection; undefined if it is not a key of the list. */
export function step(key: string, at: number, total: number, page: number): number | undefined {
  if (total === 0) return undefined
  const to = (index: number) => Math.max(0, Math.min(total - 1, index))
  switch (key) {
    case 'ArrowDown':
      return to(at + 1)
    case 'ArrowUp':
      return at < 0 ? 0 : to(at - 1)
    case 'PageDown':
      return to(Math.max(0, at) + page)
    case 'PageUp':
      return to(at - page)
    case 'Home':
      return 0
    case 'End':
      return total - 1
    default:
      return undefined
  }
}

/** turned is the other direction of a sort order: 'name' becomes '-name'. */
export function turned(sort: string): string {
  return sort.startsWith('-') ? sort.slice(1) : `-${sort}`
}
