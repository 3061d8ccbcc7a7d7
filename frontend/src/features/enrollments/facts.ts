import type { Fact, Held } from '~/backend/types'
import { bytes, exact, number, percent } from '~/words/format'
import { t } from '~/words/language.svelte'
import { has } from '~/words/translate'

/** named is what a fact is called; Apple's own name where we have no word. */
export function named(fact: Fact): string {
  const key = `fact.${fact.name}`
  return has(key) ? t(key) : fact.name
}

/** valued is what a fact says, as people write it. */
export function valued(fact: Pick<Held, 'kind' | 'value'>, lang: string): string {
  switch (fact.kind) {
    case 'bool':
      return fact.value === 'true' ? t('fact.yes') : t('fact.no')
    case 'number':
      return number(lang, Number(fact.value))
    case 'percent':
      return percent(lang, Number(fact.value) / 100)
    case 'bytes':
      return bytes(lang, Number(fact.value))
    case 'time':
      return exact(lang, fact.value)
    case 'text':
      return fact.value
  }
}

const order = ['device', 'security', 'network', 'other'] as const

export function grouped(facts: Fact[]): { group: (typeof order)[number]; facts: Fact[] }[] {
  return order
    .map((group) => ({ group, facts: facts.filter((fact) => fact.group === group) }))
    .filter(({ facts }) => facts.length > 0)
}
