import { expect, it } from 'vitest'
import { base64, kindOf, PushImport } from './push.svelte'

const bytes = (text: string) => new TextEncoder().encode(text)
const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n'
const pkcs12 = new Uint8Array([0x30, 0x82, 0x0a, 0x31, 0x02, 0x01, 0x03, 0x30])

it.each([
  [certificate, 'certificate'],
  [key, 'key'],
  [certificate + key, 'both'],
  ['-----BEGIN CERTIFICATE REQUEST-----\n', 'request'],
  ['Dear Sir', 'unknown'],
])('recognises a file by what is in it', (text, kind) => {
  expect(kindOf(bytes(text))).toBe(kind)
})

it('tells PKCS #12 from a certificate in DER', () => {
  expect(kindOf(pkcs12)).toBe('pkcs12')
  expect(kindOf(new Uint8Array([0x30, 0x82, 0x05, 0x10, 0x30, 0x82, 0x03]))).toBe('der')
})

it('asks for the key only when it is missing', () => {
  const form = new PushImport()
  expect(form.ready).toBe(false)
  form.certificate = { name: 'push.pem', bytes: bytes(certificate) }
  expect(form.needsKey).toBe(true)
  expect(form.ready).toBe(false)
  form.key = { name: 'push.key', bytes: bytes(key) }
  expect(form.ready).toBe(true)
  form.certificate = { name: 'push.p12', bytes: pkcs12 }
  expect(form.needsKey).toBe(false)
  expect(form.ready).toBe(true)
})

it('carries bytes as text', () => {
  expect(base64(new Uint8Array([0, 255, 16]))).toBe('AP8Q')
})
