import { keep, kept } from '~/ui/kept'
import { labels } from '~/ui/labels.svelte'
import { catalogues, isTag, type Tag } from './catalogues'
import { translate, type Key, type Vars } from './translate'

export type Choice = Tag | 'system'

/** The language of the screens: as the system says, or as the administrator chose. */
class Language {
  choice = $state<Choice>(remembered())
  tag = $derived<Tag>(this.choice === 'system' ? preferred(navigator.languages) : this.choice)

  choose(choice: Choice) {
    this.choice = choice
    keep('language', choice)
  }
}

function remembered(): Choice {
  const choice = kept('language', 'system')
  return isTag(choice) ? choice : 'system'
}

/** preferred is the first of the system's languages that we have; English if there is none. */
export function preferred(wanted: readonly string[]): Tag {
  for (const one of wanted) {
    const base = one.toLowerCase().split('-')[0] ?? ''
    if (isTag(base)) return base
  }
  return 'en'
}

export const language = new Language()

/** t is the text for a key in the language of the screens. */
export function t(key: Key, vars?: Vars): string {
  return translate(language.tag, key, vars)
}

/** tongue is what Intl is asked for: the system's own variant (en-GB, de-CH) where it speaks the same language. */
export function tongue(): string {
  const tag = language.tag
  return (
    navigator.languages.find((one) => one.toLowerCase().startsWith(tag)) ?? (tag === 'pseudo' ? 'en' : tag)
  )
}

/** dress tells the document and the widgets which language is spoken. Called in an effect of the shell. */
export function dress() {
  document.documentElement.lang = catalogues[language.tag].lang
  labels.close = t('ui.close')
  labels.copy = t('ui.copy')
  labels.copied = t('ui.copied')
  labels.undo = t('ui.undo')
  labels.retry = t('ui.retry')
  labels.loading = t('ui.loading')
  labels.show = t('ui.show')
  labels.hide = t('ui.hide')
  labels.optional = t('ui.optional')
  labels.choose = t('ui.choose')
  labels.drop = t('ui.drop')
  labels.notifications = t('ui.notifications')
  labels.resize = t('ui.resize')
  labels.columns = t('ui.columns')
  labels.columnsHelp = t('ui.columns.help')
  labels.reset = t('ui.reset')
  labels.clear = t('ui.clear')
}
