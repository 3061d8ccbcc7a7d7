import { catalogues, type Message, type Tag } from './catalogues'
import type en from './en.json'
import { number, plurals } from './format'

export type Key = keyof typeof en
export type Vars = Record<string, string | number>

/** translate finds the text, chooses the plural form for `count` and puts the variables in. */
export function translate(tag: Tag, key: Key, vars: Vars = {}): string {
  const { messages, lang } = catalogues[tag]
  const message = messages[key] ?? catalogues.en.messages[key]
  if (message === undefined) return key
  return fill(form(message, vars['count'], lang), vars, lang)
}

/** has says whether there are words for a code that came from the server. */
export function has(key: string): key is Key {
  return Object.hasOwn(catalogues.en.messages, key)
}

function form(message: Message, count: string | number | undefined, lang: string): string {
  if (typeof message === 'string') return message
  const rule = plurals(lang).select(Number(count ?? 0))
  return message[rule] ?? message.other ?? ''
}

function fill(text: string, vars: Vars, lang: string): string {
  return text.replace(/\{\{(\w+)\}\}/g, (all, name: string) => {
    const value = vars[name]
    if (value === undefined) return all
    return typeof value === 'number' ? number(lang, value) : value
  })
}
