import { attempt } from '~/actions/action'
import * as backend from '~/backend'
import type { Duplicate } from '~/backend/types'
import { Load } from '~/ui/load.svelte'
import { t } from '~/words/language.svelte'

/** Records that are probably one phone, and what somebody says about them. */
export class Duplicates {
  load: Load<{ duplicates: Duplicate[]; total: number }>
  /** the record whose pair is being decided. */
  busy = $state<string>()

  constructor(private server: Pick<typeof backend, 'duplicates' | 'link' | 'unlink'> = backend) {
    this.load = new Load((signal) => server.duplicates(signal))
  }

  /** same joins the two; the undo says that they are not one phone, and what was carried over stays. */
  same({ enrollment, former }: Duplicate): Promise<boolean> {
    return this.#decide(
      enrollment.id,
      () => this.server.link(enrollment.id, former.id),
      'duplicates.linked',
      () => this.server.unlink(enrollment.id),
    )
  }

  other({ enrollment, former }: Duplicate): Promise<boolean> {
    return this.#decide(
      enrollment.id,
      () => this.server.unlink(enrollment.id),
      'duplicates.unlinked',
      () => this.server.link(enrollment.id, former.id),
    )
  }

  async #decide(
    id: string,
    perform: () => Promise<unknown>,
    done: 'duplicates.linked' | 'duplicates.unlinked',
    undo: () => Promise<unknown>,
  ): Promise<boolean> {
    this.busy = id
    const went = await attempt(perform, () => t(done), undo)
    await this.load.refresh()
    this.busy = undefined
    return went
  }
}

/** carried is what people wrote about the former record, and what moves to the new one. */
export function carried({ former }: Duplicate): string[] {
  return [
    ...(former.nickname ? [former.nickname] : []),
    ...former.tags,
    ...(former.notes ? [former.notes.split('\n')[0] ?? ''] : []),
    ...former.fields.filter(Boolean),
    ...(former.kept ? [former.kept.reason] : []),
  ]
}
