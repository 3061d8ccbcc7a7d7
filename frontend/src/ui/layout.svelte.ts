import { keep, kept } from './kept'
import { moved, type Column, type Widths } from './list'

interface Remembered {
  shown: string[]
  widths: Record<string, number>
}

const narrowest = 40
const widest = 900

/** Which columns a list shows, in which order and how wide; remembered on this computer. */
export class Layout {
  shown = $state.raw<readonly string[]>([])
  widths = $state.raw<Widths>({})
  #name: string
  #usual: readonly string[]

  /** usual are the columns that are shown until somebody chooses others. */
  constructor(name: string, usual: readonly string[]) {
    this.#name = `columns.${name}`
    this.#usual = usual
    const { shown, widths } = read(kept(this.#name, ''))
    this.shown = shown ?? usual
    this.widths = widths ?? {}
  }

  /** arrange gives the columns that are shown, in their order; one that names its row is always among them. */
  arrange<C extends Column>(columns: readonly C[]): C[] {
    const byId = new Map(columns.map((column) => [column.id, column]))
    const shown = this.shown.flatMap((id) => byId.get(id) ?? [])
    return [...columns.filter((column) => column.fixed && !shown.includes(column)), ...shown]
  }

  /** offer gives all columns as somebody arranges them: those shown in their order, then the others. */
  offer<C extends Column>(columns: readonly C[]): C[] {
    const shown = this.arrange(columns)
    return [...shown, ...columns.filter((column) => !shown.includes(column))]
  }

  show(ids: readonly string[]) {
    this.shown = ids
    this.#keep()
  }

  toggle(id: string) {
    this.show(this.shown.includes(id) ? this.shown.filter((other) => other !== id) : [...this.shown, id])
  }

  /** move puts a column in another place among those that are shown. */
  move<C extends Column>(columns: readonly C[], id: string, to: number) {
    this.show(
      moved(
        this.arrange(columns).map((column) => column.id),
        id,
        to,
      ),
    )
  }

  /** resize draws a column to a width in pixels; without one it takes its share again. */
  resize(id: string, width: number | undefined) {
    this.widths = Object.fromEntries(Object.entries(this.widths).filter(([other]) => other !== id))
    if (width !== undefined) {
      this.widths = { ...this.widths, [id]: Math.round(Math.min(widest, Math.max(narrowest, width))) }
    }
    this.#keep()
  }

  reset() {
    this.widths = {}
    this.show(this.#usual)
  }

  get usual(): boolean {
    return Object.keys(this.widths).length === 0 && this.shown.join() === this.#usual.join()
  }

  #keep() {
    keep(this.#name, JSON.stringify({ shown: this.shown, widths: this.widths }))
  }
}

function read(text: string): Partial<Remembered> {
  try {
    const { shown, widths } = JSON.parse(text) as Partial<Remembered>
    const sound = Array.isArray(shown) && typeof widths === 'object'
    return sound ? { shown: shown.filter((id) => typeof id === 'string'), widths } : {}
  } catch {
    return {} // nothing remembered yet
  }
}
