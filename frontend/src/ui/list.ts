/** One column of a list. The looks of a cell come from the screen; the list knows names, widths and order. */
export interface Column<Sort extends string = string> {
  id: string
  title: string
  /** the narrowest it gets, in rem. */
  least: number
  /** its share of the room that is left; 0 keeps it narrow. */
  share?: number
  /** what the server is asked to sort by first; with a minus, newest or greatest first. */
  sort?: Sort
  /** the column cannot be switched off: it names the row. */
  fixed?: boolean
  align?: 'end'
}

/** Widths in pixels of the columns that somebody has drawn wider or narrower. */
export type Widths = Readonly<Record<string, number>>

/** tracks are the columns as tracks of a CSS grid, and how wide the list is at least: narrower, it scrolls. */
export function tracks(columns: readonly Column[], widths: Widths): { template: string; least: string } {
  const drawn = columns.map((column) => widths[column.id])
  const template = columns.map(({ least, share = 1 }, i) => {
    const own = drawn[i]
    if (own !== undefined) return `${String(own)}px`
    return share === 0 ? `${String(least)}rem` : `minmax(${String(least)}rem, ${String(share)}fr)`
  })
  const rem = columns.reduce((sum, { least }, i) => sum + (drawn[i] === undefined ? least : 0), 0)
  const px = drawn.reduce<number>((sum, own) => sum + (own ?? 0), 0)
  return { template: template.join(' '), least: `${String(rem)}rem + ${String(px)}px` }
}

/** visible says which rows to draw for a scroll position: those to be seen, and a few around them. */
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

/** directionOf says how a list is sorted by one column. */
export function directionOf(
  column: Column,
  sort: string | undefined,
): 'ascending' | 'descending' | undefined {
  const name = column.sort?.replace(/^-/, '')
  if (!name) return undefined
  if (sort === name) return 'ascending'
  return sort === `-${name}` ? 'descending' : undefined
}

/** moved is a list of names with one of them in another place. */
export function moved(ids: readonly string[], id: string, to: number): string[] {
  const others = ids.filter((other) => other !== id)
  others.splice(Math.max(0, Math.min(others.length, to)), 0, id)
  return others
}
