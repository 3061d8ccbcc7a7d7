import type { Component } from 'svelte'
import { troubleOf } from '~/backend/errors'
import { toasts } from '~/ui/toasts.svelte'
import { trouble } from '~/words/codes'
import { t } from '~/words/language.svelte'
import type { Key, Vars } from '~/words/translate'

export type Icon = Component<{ size?: number; strokeWidth?: number }>

/** What can be done with something, declared once. Buttons, menus, shortcuts and the palette read it. */
export interface Action<T> {
  id: string
  label: Key
  icon?: Icon
  shortcut?: string
  danger?: boolean
  /** when says whether it makes sense now; without it, always. */
  when?: (subject: T) => boolean
  perform: (subject: T) => unknown
  /** what the notice says afterwards. */
  done?: Key
  vars?: (subject: T) => Vars
}

/** action only helps the compiler to see what the subject is. */
export function action<T>(declared: Action<T>): Action<T> {
  return declared
}

/** An action with its subject, ready to be chosen. */
export interface Bound {
  id: string
  label: string
  group: string
  icon?: Icon | undefined
  keys?: string | undefined
  danger?: boolean
  choose: () => void
}

/** bind puts an action and its subject together; undefined if it makes no sense now. */
export function bind<T>(declared: Action<T>, subject: T, group = ''): Bound | undefined {
  if (declared.when && !declared.when(subject)) return undefined
  return {
    id: declared.id,
    label: t(declared.label, declared.vars?.(subject)),
    group,
    icon: declared.icon,
    keys: declared.shortcut,
    danger: declared.danger ?? false,
    choose: () => void run(declared, subject),
  }
}

export function bindAll<T>(declared: Action<T>[], subject: T, group = ''): Bound[] {
  return declared.flatMap((one) => bind(one, subject, group) ?? [])
}

/** run performs an action and says how it went. */
export async function run<T>(declared: Action<T>, subject: T): Promise<boolean> {
  return attempt(
    () => declared.perform(subject),
    () => (declared.done ? t(declared.done, declared.vars?.(subject)) : undefined),
  )
}

/** attempt does something that may fail and says how it went; the words of failure come from the error's code. */
export async function attempt(
  perform: () => unknown,
  done?: () => string | undefined,
  undo?: () => unknown,
): Promise<boolean> {
  try {
    await perform()
  } catch (error) {
    toasts.say(trouble(troubleOf(error)), 'broken')
    return false
  }
  const text = done?.()
  if (text) {
    const way = undo && { label: t('ui.undo'), perform: () => void attempt(undo, () => t('ui.undone')) }
    toasts.say(text, 'good', way)
  }
  return true
}
