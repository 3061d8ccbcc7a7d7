import { attempt } from '~/actions/action'
import * as backend from '~/backend'
import { portioned } from '~/backend/portions'
import type { Selected } from '~/backend/types'
import { t } from '~/words/language.svelte'

/** What is done with many phones at once: each of these says how many it reached, and can be undone where that is possible. */

async function each<A extends { count: number }>(
  portions: Promise<Selected[]>,
  perform: (which: Selected) => Promise<A>,
): Promise<A[]> {
  const answers: A[] = []
  for (const which of await portions) answers.push(await perform(which))
  return answers
}

const total = (answers: { count: number }[]) => answers.reduce((sum, one) => sum + one.count, 0)

export async function wakeAll(portions: Promise<Selected[]>): Promise<boolean> {
  let count = 0
  return attempt(
    async () => (count = total(await each(portions, backend.wake))),
    () => t('chosen.wake.done', { count }),
  )
}

export async function askAll(portions: Promise<Selected[]>): Promise<boolean> {
  let count = 0
  return attempt(
    async () => (count = total(await each(portions, backend.refresh))),
    () => t('chosen.ask.done', { count }),
  )
}

/** tagAll gives tags and takes others; undone, only those phones are touched that were changed. */
export async function tagAll(
  portions: Promise<Selected[]>,
  add: string[],
  remove: string[],
): Promise<boolean> {
  // One after the other: a phone that already had one of the tags keeps it when the rest is undone.
  const steps: { add: string[]; remove: string[]; ids: string[] }[] = []
  return attempt(
    async () => {
      const which = await portions
      for (const tag of [
        ...add.map((one) => ({ add: [one], remove: [] })),
        ...remove.map((one) => ({ add: [], remove: [one] })),
      ]) {
        const answers = await each(Promise.resolve(which), (part) => backend.tag(part, tag.add, tag.remove))
        steps.push({ ...tag, ids: answers.flatMap((one) => one.ids) })
      }
    },
    () => t('chosen.tag.done', { count: new Set(steps.flatMap((step) => step.ids)).size }),
    async () => {
      for (const step of steps) {
        for (const which of portioned(step.ids)) await backend.tag(which, step.remove, step.add)
      }
    },
  )
}

/** keepAll pins phones, or takes their pins; undone, each has the reason again that it had before. */
export async function keepAll(portions: Promise<Selected[]>, reason: string): Promise<boolean> {
  const before: { reason: string; ids: string[] }[] = []
  let count = 0
  return attempt(
    async () => {
      const answers = await each(portions, (part) => backend.keep(part, reason))
      count = total(answers)
      before.push(...answers.flatMap((one) => one.before))
    },
    () => t(reason ? 'chosen.keep.done' : 'chosen.free.done', { count }),
    async () => {
      for (const old of before) {
        for (const which of portioned(old.ids)) await backend.keep(which, old.reason)
      }
    },
  )
}

/** retireAll removes the work account from phones, which do it when they next connect; undone, those stay that have not. */
export async function retireAll(portions: Promise<Selected[]>): Promise<boolean> {
  let which: Selected[] = []
  let count = 0
  return attempt(
    async () => {
      which = await portions
      count = total(await each(Promise.resolve(which), backend.retire))
    },
    () => (count > 0 ? t('retire.done', { count }) : t('retire.nobody')),
    async () => void (await each(Promise.resolve(which), backend.stay)),
  )
}

/** archiveAll puts records away; undone, they all come back. */
export async function archiveAll(portions: Promise<Selected[]>): Promise<boolean> {
  const batches: { id: string; count: number }[] = []
  return attempt(
    async () => void batches.push(...(await each(portions, backend.archive))),
    () => t('cleanup.done', { count: total(batches) }),
    async () => {
      for (const batch of batches) if (batch.count > 0) await backend.undoBatch(batch.id)
    },
  )
}
