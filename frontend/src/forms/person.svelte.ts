import * as backend from '~/backend'
import { Trouble, troubleOf } from '~/backend/errors'
import type { PersonAdded } from '~/backend/types'

/** A new local account: with a password, or with a code that is shown once. */
export class NewAccount {
  identifier = $state('')
  name = $state('')
  managed = $state('')
  way = $state<'code' | 'password'>('code')
  password = $state('')
  trouble = $state.raw<Trouble>()
  added = $state.raw<PersonAdded>()
  busy = $state(false)

  get ready(): boolean {
    return this.identifier.includes('@') && (this.way === 'code' || this.password !== '')
  }

  add = async (): Promise<boolean> => {
    this.busy = true
    try {
      this.added = await backend.addPerson({
        identifier: this.identifier.trim(),
        ...(this.name.trim() && { name: this.name.trim() }),
        ...(this.managed.trim() && { managed_account: this.managed.trim() }),
        ...(this.way === 'password' && { password: this.password }),
      })
      this.trouble = undefined
      this.password = ''
      return true
    } catch (error) {
      this.trouble = troubleOf(error)
      return false
    } finally {
      this.busy = false
    }
  }
}
