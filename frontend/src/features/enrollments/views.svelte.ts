import { attempt } from '~/actions/action'
import * as backend from '~/backend'
import type { SavedView, ViewBody } from '~/backend/types'
import { Load } from '~/ui/load.svelte'
import { t } from '~/words/language.svelte'
import type { Phones } from './phones.svelte'

/** The lists that administrators keep under a name, and which of them is shown. */
export class Views {
  list = new Load<SavedView[]>(async (signal) => (await backend.views(signal)).views)
  id = $state<string>()
  #phones: Phones

  constructor(phones: Phones) {
    this.#phones = phones
  }

  get current(): SavedView | undefined {
    return this.list.data?.find((one) => one.id === this.id)
  }

  /** changed says that the list shows something else than the view it began with. */
  get changed(): boolean {
    const { current } = this
    return current !== undefined && same(this.body(current.name)) !== same(current)
  }

  /** body is what the list shows now, to be kept under a name. */
  body(name: string): ViewBody {
    const { view, layout } = this.#phones
    const columns = layout.shown.map((column) => ({ name: column, ...width(layout.widths[column]) }))
    return { name, view, columns }
  }

  /** show makes the list what a view says; the conditions come back through the address. */
  show(view: SavedView | undefined): string[] {
    this.id = view?.id
    const phones = this.#phones
    phones.searchFor(view?.view.search ?? '')
    if (view?.view.sort) phones.sortBy(view.view.sort)
    if (view && view.columns.length > 0) {
      phones.layout.show(view.columns.map((column) => column.name))
      for (const { name, width } of view.columns) phones.layout.resize(name, width)
    }
    return view?.view.filter ?? []
  }

  async save(name: string): Promise<boolean> {
    return attempt(
      async () => {
        this.id = (await backend.saveView(this.body(name))).id
        await this.list.refresh()
      },
      () => t('views.saved', { name }),
    )
  }

  /** replace keeps what the list shows now, or another name, in place of a view; undone, it is as it was. */
  async replace(view: SavedView, body: ViewBody): Promise<boolean> {
    const put = async (what: ViewBody) => {
      await backend.changeView(view.id, what)
      await this.list.refresh()
    }
    const { name, view: list, columns } = view
    return attempt(
      () => put(body),
      () => t('views.saved', { name: body.name }),
      () => put({ name, view: list, columns }),
    )
  }

  async drop(view: SavedView): Promise<boolean> {
    const { id, name, view: list, columns } = view
    return attempt(
      async () => {
        await backend.dropView(id)
        if (this.id === id) this.id = undefined
        await this.list.refresh()
      },
      () => t('views.dropped', { name }),
      async () => {
        await backend.changeView(id, { name, view: list, columns })
        await this.list.refresh()
      },
    )
  }
}

function width(px: number | undefined): { width?: number } {
  return px === undefined ? {} : { width: px }
}

/** same is a view as text, so that two can be compared whatever was left out of them. */
function same({ view, columns }: Pick<ViewBody, 'view' | 'columns'>): string {
  return JSON.stringify([
    view.search ?? '',
    view.filter ?? [],
    view.sort ?? '',
    columns.map(({ name, width = 0 }) => [name, width]),
  ])
}
