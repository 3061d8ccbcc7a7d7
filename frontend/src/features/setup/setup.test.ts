import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Setup } from './setup.svelte'

const asked: { method: string; path: string; body: unknown }[] = []
let made = false

const steps = () =>
  ['organization', 'domains', 'url', 'tls', 'push_certificate', 'people'].map((name, i) => ({
    name,
    done: made && i < 4,
    required: true,
  }))

/** the server, as far as a set-up needs it. */
async function answer(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname
  const text = await request.text()
  asked.push({ method: request.method, path, body: text === '' ? undefined : JSON.parse(text) })
  const say = (body: unknown, status = 200) =>
    new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
  if (path === '/api/setup' && request.method === 'POST') made = true
  if (path === '/api/setup') return say({ done: made, steps: steps() })
  if (path === '/api/settings')
    return say({ organization: { name: 'Bakery' }, domains: ['example.org'], url: 'https://mdm.example.org' })
  if (path === '/api/tls')
    return say({ private: true, hosts: ['mdm.example.org'], issuer: '', fingerprint: '' })
  return say({ code: 'not_found', params: {}, errors: [] }, 404)
}

beforeEach(() => {
  made = false
  asked.length = 0
  localStorage.clear()
  vi.stubGlobal('fetch', answer)
})
afterEach(() => vi.unstubAllGlobals())

it('asks the first three questions before there is a server, and sends them together', async () => {
  const setup = new Setup()
  await setup.open()
  expect(setup.where).toBe('organization')
  expect(setup.reachable('tls')).toBe(false)
  setup.organization.value = ' Bakery '
  expect(await setup.keep('organization')).toBe(true)
  setup.domains = ['example.org']
  expect(await setup.keep('domains')).toBe(true)
  expect(asked.some((one) => one.method === 'POST')).toBe(false)
  setup.url.value = 'https://mdm.example.org'
  expect(await setup.keep('url')).toBe(true)
  expect(asked.find((one) => one.method === 'POST')?.body).toMatchObject({
    organization: 'Bakery',
    domains: ['example.org'],
    url: 'https://mdm.example.org',
  })
  expect(setup.made).toBe(true)
  expect(setup.where).toBe('push_certificate')
})

it('remembers what was typed when one leaves and comes back', async () => {
  const setup = new Setup()
  await setup.open()
  setup.organization.value = 'Bakery'
  await setup.keep('organization')
  const later = new Setup()
  await later.open()
  expect(later.organization.value).toBe('Bakery')
  expect(later.where).toBe('domains')
})

it('reads the answers from the server once there is one', async () => {
  made = true
  const setup = new Setup()
  await setup.open()
  expect(setup.organization.value).toBe('Bakery')
  expect(setup.domains).toEqual(['example.org'])
  expect(setup.reachable('people')).toBe(true)
})

it('stays on the page when an answer is refused', async () => {
  made = true
  const setup = new Setup()
  await setup.open()
  setup.account.identifier = 'anna@example.org'
  expect(await setup.keep('people')).toBe(false)
  expect(setup.account.trouble?.code).toBe('not_found')
})
