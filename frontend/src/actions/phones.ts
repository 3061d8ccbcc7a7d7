import Bell from '@lucide/svelte/icons/bell'
import ClipboardCopy from '@lucide/svelte/icons/clipboard-copy'
import RefreshCw from '@lucide/svelte/icons/refresh-cw'
import * as backend from '~/backend'
import type { Enrollment } from '~/backend/types'
import { t } from '~/words/language.svelte'
import { action } from './action'

/**
 * callOf is how a phone is called in sentences. Since iOS 16 most tell no name of their own but "iPhone", so the person
 * is part of it; one whose owner chose a name is called by that.
 */
export function callOf(phone: Enrollment): string {
  const kind = phone.model.split(' ')[0] || t('phones.phone')
  const person = phone.person_name || phone.person
  if (phone.name && phone.name !== kind) return phone.name
  return person ? t('phones.of', { kind, person }) : kind
}

const named = (phone: Enrollment) => ({ name: callOf(phone) })
const reachable = (phone: Enrollment) => phone.state === 'enrolled'

export const wake = action<Enrollment>({
  id: 'phones.wake',
  label: 'phones.wake',
  icon: Bell,
  shortcut: 'w',
  when: reachable,
  perform: (phone) => backend.wake({ ids: [phone.id] }),
  done: 'phones.wake.done',
  vars: named,
})

export const askAgain = action<Enrollment>({
  id: 'phones.ask',
  label: 'phones.ask',
  icon: RefreshCw,
  shortcut: 'r',
  when: reachable,
  perform: (phone) => backend.refresh({ ids: [phone.id] }),
  done: 'phones.ask.done',
  vars: named,
})

export const copyIdentity = action<Enrollment>({
  id: 'phones.copy',
  label: 'phones.copy',
  icon: ClipboardCopy,
  perform: (phone) => navigator.clipboard.writeText(phone.enrollment_id),
  done: 'phones.copy.done',
})

/** What a phone's row, menu and inspector offer without asking anything more. */
export const phoneActions = [wake, askAgain, copyIdentity]
