import * as backend from '~/backend'
import { Trouble, troubleOf } from '~/backend/errors'
import type { PushState, PushUpload } from '~/backend/types'
import type { Picked } from '~/ui/FilePick.svelte'

/** What a file turns out to be: files are recognised by what is in them, not by their names. */
export type Kind = 'both' | 'certificate' | 'key' | 'request' | 'pkcs12' | 'der' | 'unknown'

/** The import of a push certificate with its key, from one file or two. */
export class PushImport {
  certificate = $state.raw<Picked>()
  key = $state.raw<Picked>()
  passphrase = $state('')
  account = $state('')
  kept = $state.raw<PushState>()
  trouble = $state.raw<Trouble>()
  busy = $state(false)

  get kind(): Kind | undefined {
    return this.certificate && kindOf(this.certificate.bytes)
  }

  /** needsKey: a file with the certificate alone needs its key from a second one. */
  get needsKey(): boolean {
    return this.kind === 'certificate' || this.kind === 'der'
  }

  get ready(): boolean {
    if (this.needsKey) return this.key !== undefined
    return this.kind === 'both' || this.kind === 'pkcs12'
  }

  /** chosen forgets what was said about other files. */
  chosen = () => {
    this.trouble = undefined
    this.kept = undefined
  }

  /** keep imports it; force also with another topic than the enrolled phones know. */
  keep = async (force = false): Promise<boolean> => {
    this.busy = true
    try {
      this.kept = await backend.importPush(this.#upload(), force)
      this.trouble = undefined
      return true
    } catch (error) {
      this.trouble = troubleOf(error)
      return false
    } finally {
      this.busy = false
    }
  }

  #upload(): PushUpload {
    const account = this.account.trim()
    const extra = { ...(account && { account }), ...(this.passphrase && { passphrase: this.passphrase }) }
    if (!this.certificate) return extra
    if (this.kind === 'pkcs12') return { pkcs12: base64(this.certificate.bytes), ...extra }
    const certificate = carried(this.certificate.bytes)
    return { certificate, key: this.key ? carried(this.key.bytes) : certificate, ...extra }
  }
}

export function kindOf(bytes: Uint8Array): Kind {
  const pem = text(bytes)
  if (pem.includes('-----BEGIN ')) {
    const certificate = pem.includes('-----BEGIN CERTIFICATE-----')
    const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)
    if (certificate && key) return 'both'
    if (certificate) return 'certificate'
    if (key) return 'key'
    return pem.includes('CERTIFICATE REQUEST-----') ? 'request' : 'unknown'
  }
  // DER is a sequence; in PKCS #12 (RFC 7292) the first thing in it is the version, the number 3.
  const [tag, length, , , inner, size, version] = bytes
  if (tag !== 0x30 || length !== 0x82) return 'unknown'
  return inner === 0x02 && size === 0x01 && version === 0x03 ? 'pkcs12' : 'der'
}

/** carried is a file as the server takes it: PEM as it is, DER in base64. */
function carried(bytes: Uint8Array): string {
  const pem = text(bytes)
  return pem.includes('-----BEGIN ') ? pem : base64(bytes)
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export function base64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
