import * as backend from '~/backend'
import { Trouble, troubleOf } from '~/backend/errors'
import type { Directory, DirectoryTest } from '~/backend/types'
import { toasts } from '~/ui/toasts.svelte'
import { problem, trouble } from '~/words/codes'
import { t } from '~/words/language.svelte'

/** The LDAP directory: nothing is kept until somebody presses the button, and it can be tried before phones use it. */
export class DirectoryForm {
  draft = $state<Directory>()
  /** undefined keeps the password that the server has. */
  password = $state<string>()
  passwordSet = $state(false)
  trouble = $state.raw<Trouble>()
  failed = $state.raw<Trouble>()
  busy = $state(false)
  identifier = $state('')
  secret = $state('')
  test = $state.raw<DirectoryTest>()
  testing = $state(false)
  #saved = ''

  open = async () => {
    this.failed = undefined
    try {
      const state = await backend.directory()
      this.#take(state.directory, state.bind_password_set)
    } catch (error) {
      this.failed = troubleOf(error)
    }
  }

  get changed(): boolean {
    return (
      this.password !== undefined || (this.draft !== undefined && JSON.stringify(this.draft) !== this.#saved)
    )
  }

  problem(field: string): string | undefined {
    return problem(this.trouble?.field(`directory.${field}`) ?? this.trouble?.field(field))
  }

  keep = async (): Promise<boolean> => {
    if (!this.draft) return false
    this.busy = true
    try {
      const state = await backend.changeDirectory($state.snapshot(this.draft), this.password)
      this.#take(state.directory, state.bind_password_set)
      this.trouble = undefined
      toasts.say(t('settings.saved'))
      return true
    } catch (error) {
      this.trouble = troubleOf(error)
      if (this.trouble.fields.length === 0) toasts.say(trouble(this.trouble), 'broken')
      return false
    } finally {
      this.busy = false
    }
  }

  /** tryOut asks the directory about one person; what has changed is kept first, because the server asks. */
  tryOut = async () => {
    if (this.changed && !(await this.keep())) return
    this.testing = true
    this.test = undefined
    try {
      this.test = await backend.testDirectory(this.identifier.trim(), this.secret)
    } catch (error) {
      toasts.say(trouble(troubleOf(error)), 'broken')
    } finally {
      this.testing = false
      this.secret = ''
    }
  }

  #take(directory: Directory, passwordSet: boolean) {
    this.draft = directory
    this.#saved = JSON.stringify(directory)
    this.passwordSet = passwordSet
    this.password = undefined
  }
}
