import { attempt } from '~/actions/action'
import * as backend from '~/backend'
import type { Move, MovePhone } from '~/backend/types'
import { Load } from '~/ui/load.svelte'
import { Selection } from '~/ui/selection.svelte'
import { t } from '~/words/language.svelte'
import { calledBy, states, whose } from './words'

export const sorts = ['name', 'model', 'person', 'state', 'seen_at'] as const
type State = MovePhone['state']

/** People who move here from an older management: the list, and what is done with it. */
export class Moving {
  board: Load<Move>
  search = $state('')
  /** the state that somebody looks at; empty: all. */
  part = $state<State | ''>('')
  sort = $state<string>('state')
  selection: Selection

  rows = $derived.by(() => {
    const wanted = fold(this.search)
    return (this.board.data?.phones ?? [])
      .filter((one) => this.part === '' || one.state === this.part)
      .filter((one) => wanted === '' || fold(words(one)).includes(wanted))
      .sort(order(this.sort))
  })

  constructor(ask: typeof backend.move = backend.move) {
    this.board = new Load((signal) => ask(signal))
    this.selection = new Selection((first, last) => this.rows.slice(first, last + 1).map((one) => one.id))
  }

  find(id: string): MovePhone | undefined {
    return this.board.data?.phones.find((one) => one.id === id)
  }

  look(part: State | '') {
    this.part = this.part === part ? '' : part
    this.selection.clear()
  }

  everybody() {
    this.part = ''
    this.search = ''
  }

  sortBy(sort: string) {
    this.sort = sort
  }

  /** chosen are the lines that somebody has chosen, of those that are shown. */
  get chosen(): MovePhone[] {
    return this.rows.filter((one) => this.selection.has(one.id))
  }

  /** accept takes for sure whose lines may be. */
  accept = (phones: MovePhone[]) =>
    this.#do(
      () => backend.acceptMove(ids(phones)),
      () => t('move.accept.done', { count: phones.length }),
      async () => {
        await backend.matchMove(ids(phones), '')
        await backend.lookMove()
      },
    )

  match = (phones: MovePhone[], person: string) =>
    this.#do(
      () => backend.matchMove(ids(phones), person),
      () => t('move.match.done', { count: phones.length, person }),
    )

  /** settle says what no evidence says, and can be taken back. */
  settle = (phones: MovePhone[], as: '' | 'moved' | 'left_out', enrollment = '') =>
    this.#do(
      () => backend.settleMove(ids(phones), as, enrollment),
      () => t(as === '' ? 'move.settle.undone' : `move.settle.${as}`, { count: phones.length }),
      as === '' ? undefined : () => backend.settleMove(ids(phones), ''),
    )

  async again() {
    let found = 0
    return this.#do(
      async () => (found = (await backend.lookMove()).count),
      () => t('move.look.done', { count: found }),
    )
  }

  async #do(perform: () => Promise<unknown>, done: () => string, undo?: () => Promise<unknown>) {
    const back = undo && (() => undo().finally(this.board.refresh))
    const ok = await attempt(perform, done, back)
    this.selection.clear()
    await this.board.refresh()
    return ok
  }
}

export const ids = (phones: MovePhone[]) => phones.map((one) => one.id)

/** addressed are those of some lines to whom a letter can go. */
export const addressed = (phones: MovePhone[]) =>
  phones.filter((one) => one.person !== '' && ['to_invite', 'invited', 'trying'].includes(one.state))

/** fold makes words comparable: without case and marks. */
function fold(text: string): string {
  return text
    .trim()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
}

function words(one: MovePhone): string {
  return [
    one.name,
    one.model,
    one.number,
    one.person,
    one.person_name,
    one.email,
    one.account,
    one.full_name,
    one.guess,
  ].join(' ')
}

function order(sort: string) {
  const falling = sort.startsWith('-')
  const name = falling ? sort.slice(1) : sort
  const key = (one: MovePhone): string => {
    switch (name) {
      case 'model':
        return one.model
      case 'person':
        return whose(one) || one.guess
      case 'state':
        return String(states.indexOf(one.state))
      case 'seen_at':
        return one.seen_at ?? ''
      default:
        return calledBy(one)
    }
  }
  return (a: MovePhone, b: MovePhone) => {
    const by =
      key(a).localeCompare(key(b)) || calledBy(a).localeCompare(calledBy(b)) || a.id.localeCompare(b.id)
    return falling ? -by : by
  }
}
