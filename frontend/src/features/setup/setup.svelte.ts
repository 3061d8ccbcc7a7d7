import * as backend from '~/backend'
import { Trouble, troubleOf } from '~/backend/errors'
import type { Settings, SetupState, TLS } from '~/backend/types'
import { Answer } from '~/forms/answer.svelte'
import { NewAccount } from '~/forms/person.svelte'
import { PushImport } from '~/forms/push.svelte'
import { TLSImport } from '~/forms/tls.svelte'
import type { SetupPage } from '~/routes'
import { setupPages } from '~/routes'
import { keep, kept } from '~/ui/kept'
import { Load } from '~/ui/load.svelte'
import { language } from '~/words/language.svelte'

/** The questions that must be answered before the server can be made; the others need the server. */
const first: readonly SetupPage[] = ['organization', 'domains', 'url']

/**
 * The first run: one question a page. What is typed before the server exists stays on this computer, so that one can
 * leave and come back; from then on the server remembers.
 */
export class Setup {
  progress: Load<SetupState>
  organization = new Answer('organization')
  domain = new Answer('domain')
  url = new Answer('url')
  domains = $state.raw<string[]>([])
  tls = $state.raw<TLS>()
  ownTLS = $state<'private' | 'own'>('private')
  tlsImport = new TLSImport()
  push = new PushImport()
  account = new NewAccount()
  trouble = $state.raw<Trouble>()
  busy = $state(false)
  #settings: Settings | undefined

  constructor(ask: typeof backend.setup = backend.setup) {
    this.progress = new Load((signal) => ask(signal))
  }

  get made(): boolean {
    return this.progress.data?.done === true
  }

  open = async () => {
    this.#remember()
    await this.progress.refresh()
    if (!this.made) return
    try {
      const [settings, tls] = await Promise.all([backend.settings(), backend.tls()])
      this.#settings = settings
      this.organization.value = settings.organization.name
      this.domains = settings.domains
      this.url.value = settings.url
      this.tls = tls
      this.ownTLS = tls.private ? 'private' : 'own'
    } catch (error) {
      this.trouble = troubleOf(error)
    }
  }

  /** answered says whether a question has been answered, here or on the server. */
  answered(page: SetupPage): boolean {
    if (page === 'organization' && !this.made) return this.organization.value.trim() !== ''
    if (page === 'domains' && !this.made) return this.domains.length > 0
    if (page === 'done') return false
    return this.progress.data?.steps.find((step) => step.name === page)?.done === true
  }

  /** reachable: a page can be opened when the ones it builds on are answered. */
  reachable(page: SetupPage): boolean {
    const at = setupPages.indexOf(page)
    if (at > setupPages.indexOf('url')) return this.made
    return first.slice(0, at).every((earlier) => this.answered(earlier))
  }

  /** where is the first page that is still open. */
  get where(): SetupPage {
    return setupPages.find((page) => page === 'done' || !this.answered(page)) ?? 'done'
  }

  /** ready says whether the answer on a page can be kept. */
  ready(page: SetupPage): boolean {
    switch (page) {
      case 'organization':
        return this.organization.value.trim() !== '' && !this.organization.refused
      case 'domains':
        return this.domains.length > 0 || (this.domain.value.trim() !== '' && !this.domain.refused)
      case 'url':
        return this.url.value.trim() !== '' && !this.url.refused
      case 'tls':
        return this.ownTLS === 'private' || this.tlsImport.ready || this.tls?.private === false
      case 'push_certificate':
        return this.push.ready
      case 'people':
        return this.account.ready
      case 'done':
        return true
    }
  }

  /** keep keeps the answer of a page and says whether one can go on. */
  keep = async (page: SetupPage): Promise<boolean> => {
    this.trouble = undefined
    this.busy = true
    try {
      return await this.#keep(page)
    } catch (error) {
      this.trouble = troubleOf(error)
      return false
    } finally {
      this.busy = false
    }
  }

  async #keep(page: SetupPage): Promise<boolean> {
    switch (page) {
      case 'organization':
      case 'domains':
      case 'url':
        this.#note()
        if (this.made) await this.#change()
        else if (page === 'url') await this.#make()
        return true
      case 'tls':
        if (this.ownTLS === 'own' && this.tlsImport.ready) return this.tlsImport.keep()
        return true
      case 'push_certificate':
        if (!(await this.push.keep())) return false
        await this.progress.refresh()
        return true
      case 'people':
        if (!(await this.account.add())) return false
        await this.progress.refresh()
        return true
      case 'done':
        return true
    }
  }

  async #make() {
    this.progress.data = await backend.setUp({
      organization: this.organization.value.trim(),
      domains: this.domains,
      url: this.url.value.trim(),
      language: language.tag === 'pseudo' ? 'en' : language.tag,
    })
    keep('setup', '')
    this.tls = await backend.tls()
  }

  async #change() {
    if (!this.#settings) return
    this.#settings = await backend.changeSettings({
      ...this.#settings,
      organization: { ...this.#settings.organization, name: this.organization.value.trim() },
      domains: this.domains,
      url: this.url.value.trim(),
    })
  }

  #note() {
    if (this.made) return
    const { domains } = this
    keep('setup', JSON.stringify({ organization: this.organization.value, domains, url: this.url.value }))
  }

  #remember() {
    const noted = notes(kept('setup', ''))
    this.organization.value = noted.organization
    this.domains = noted.domains
    this.url.value = noted.url
  }

  leave() {
    this.progress.leave()
    this.organization.leave()
    this.domain.leave()
    this.url.leave()
  }
}

function notes(text: string): { organization: string; domains: string[]; url: string } {
  const nothing = { organization: '', domains: [], url: '' }
  if (text === '') return nothing
  try {
    return { ...nothing, ...(JSON.parse(text) as object) }
  } catch {
    return nothing
  }
}
