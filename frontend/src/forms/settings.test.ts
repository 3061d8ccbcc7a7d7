import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { toasts } from '~/ui/toasts.svelte'
import { SettingsForm } from './settings.svelte'

interface Kept {
  url: string
  domains: string[]
}
let kept: Kept
let enrolled = 0

async function answer(request: Request): Promise<Response> {
  const say = (body: unknown, status = 200) =>
    new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
  if (request.method === 'PUT') {
    const next = (await request.json()) as Kept
    if (!next.url.startsWith('https://')) {
      return say(
        { code: 'invalid', params: {}, errors: [{ field: 'url', code: 'not_https', params: {} }] },
        422,
      )
    }
    const force = new URL(request.url).searchParams.get('force') === 'true'
    if (enrolled > 0 && next.url !== kept.url && !force) {
      return say(
        {
          code: 'would_strand',
          params: { have: kept.url, got: next.url, phones: String(enrolled) },
          errors: [],
        },
        409,
      )
    }
    kept = next
  }
  return say(kept)
}

beforeEach(() => {
  kept = { url: 'https://mdm.example.org', domains: ['example.org'] }
  enrolled = 0
  vi.stubGlobal('fetch', answer)
})
afterEach(() => {
  for (const toast of toasts.list) toasts.dismiss(toast.id)
  vi.unstubAllGlobals()
})

async function opened(): Promise<SettingsForm> {
  const form = new SettingsForm()
  await form.open()
  return form
}

it('saves what has changed and offers the way back', async () => {
  const form = await opened()
  if (form.draft) form.draft.url = 'https://new.example.org'
  expect(await form.keep()).toBe(true)
  expect(kept.url).toBe('https://new.example.org')
  toasts.undo()
  await vi.waitFor(() => expect(kept.url).toBe('https://mdm.example.org'))
})

it('keeps what somebody changes while it saves or looks', async () => {
  const form = await opened()
  if (form.draft) form.draft.url = 'https://new.example.org'
  const saving = form.keep()
  if (form.draft) form.draft.domains = ['example.com']
  await saving
  expect(form.draft?.domains).toEqual(['example.com'])
  const looking = form.look()
  await form.keep()
  await looking
  expect(kept).toEqual({ url: 'https://new.example.org', domains: ['example.com'] })
  const late = form.look()
  if (form.draft) form.draft.domains = ['example.net']
  await late
  expect(form.draft?.domains).toEqual(['example.net'])
})

it('asks nobody when nothing has changed', async () => {
  const form = await opened()
  expect(await form.keep()).toBe(true)
  expect(toasts.list).toHaveLength(0)
})

it('shows a refusal at its field and keeps what was typed', async () => {
  const form = await opened()
  if (form.draft) form.draft.url = 'mdm.example.org'
  expect(await form.keep()).toBe(false)
  expect(form.problem('url')).toContain('https://')
  expect(form.draft?.url).toBe('mdm.example.org')
})

it('does not cut phones off unless it is said twice', async () => {
  enrolled = 14
  const form = await opened()
  if (form.draft) form.draft.url = 'https://new.example.org'
  expect(await form.keep()).toBe(false)
  expect(form.stranding?.params['phones']).toBe('14')
  form.discard()
  expect(form.draft?.url).toBe('https://mdm.example.org')
  if (form.draft) form.draft.url = 'https://new.example.org'
  await form.keep()
  expect(await form.keep(true)).toBe(true)
  expect(kept.url).toBe('https://new.example.org')
})
