import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import * as backend from '.'
import { Trouble } from './errors'
import { keepToken } from './platform'

const asked = vi.fn<(request: Request, init?: RequestInit) => Promise<Response>>()

beforeEach(() => vi.stubGlobal('fetch', asked))
afterEach(() => {
  vi.unstubAllGlobals()
  asked.mockReset()
  sessionStorage.clear()
})

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })

it('shows the token to the server and nothing to the address', async () => {
  keepToken('SECRET')
  asked.mockResolvedValue(json({ people: [], total: 0 }))
  await backend.people('Müller & Co')
  const request = asked.mock.calls[0]?.[0]
  expect(request?.headers.get('Authorization')).toBe('Bearer SECRET')
  expect(new URL(request?.url ?? '').search).toBe('?search=M%C3%BCller%20%26%20Co')
})

it('turns a problem document into a code with parameters and fields', async () => {
  const problem = {
    code: 'would_strand',
    params: { phones: '14' },
    reference: 'K7M2-31QX',
    errors: [{ field: 'url', code: 'not_https', params: {} }],
  }
  asked.mockResolvedValue(json(problem, 409))
  const error = await backend.overview().catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(Trouble)
  expect(error).toMatchObject({
    code: 'would_strand',
    params: { phones: '14' },
    reference: 'K7M2-31QX',
    status: 409,
  })
  expect((error as Trouble).field('url')?.code).toBe('not_https')
})

it('says when nobody answers, and when somebody else does', async () => {
  asked.mockRejectedValue(new TypeError('Failed to fetch'))
  await expect(backend.overview()).rejects.toMatchObject({ code: 'unreachable' })
  asked.mockResolvedValue(new Response('<h1>Sign in to the Wi-Fi</h1>', { status: 511 }))
  await expect(backend.overview()).rejects.toMatchObject({ code: 'unexpected', status: 511 })
})

it('lets go of a question when the screen is left', async () => {
  const never = (_: Request, init?: RequestInit) =>
    new Promise<Response>((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new DOMException('left', 'AbortError')))
    })
  asked.mockImplementation(never)
  const leave = new AbortController()
  const answer = backend.overview(leave.signal)
  await vi.waitFor(() => expect(asked).toHaveBeenCalled())
  leave.abort()
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
})
