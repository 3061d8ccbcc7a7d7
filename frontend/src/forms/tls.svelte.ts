import * as backend from '~/backend'
import { Trouble, troubleOf } from '~/backend/errors'
import type { TLS } from '~/backend/types'
import type { Picked } from '~/ui/FilePick.svelte'
import { text } from './push.svelte'

/** The import of the administrator's own certificate for the address that phones use. */
export class TLSImport {
  certificate = $state.raw<Picked>()
  key = $state.raw<Picked>()
  trouble = $state.raw<Trouble>()
  kept = $state.raw<TLS>()
  busy = $state(false)

  get ready(): boolean {
    return this.certificate !== undefined && this.key !== undefined
  }

  keep = async (): Promise<boolean> => {
    if (!this.certificate || !this.key) return false
    this.busy = true
    try {
      this.kept = await backend.importTLS(text(this.certificate.bytes), text(this.key.bytes))
      this.trouble = undefined
      return true
    } catch (error) {
      this.trouble = troubleOf(error)
      return false
    } finally {
      this.busy = false
    }
  }
}
