import { expect, it, vi } from 'vitest'
import type { PreviewAnswer, PreviewRequest } from '~/backend/types'
import { placesOf, Preview } from './preview.svelte'

const pages = [
  { name: 'start_sso', keys: ['g.step', 'start.sso_button'], errors: [], used: false },
  {
    name: 'signin',
    keys: ['g.step', 'signin.title', 'signin.forgot', 'e.password'],
    errors: ['e.password'],
    used: true,
  },
  { name: 'terms', keys: ['g.step', 'terms.title'], errors: [], used: true },
  { name: 'error', keys: ['e.ref', 'e.closed'], errors: ['e.closed'], used: true },
]

/** drawn answers as the server does: a text that belongs to a mistake is there only with one. */
function drawn({ page, error }: PreviewRequest): PreviewAnswer {
  const info = pages.find((one) => one.name === page)
  const keys = (info?.keys ?? []).filter((key) =>
    info?.errors.includes(key) ? key === error : key !== 'signin.forgot' || error !== '',
  )
  return { html: `${page} ${error}`, keys, took_ms: 1 }
}

function slow() {
  const asked: { request: PreviewRequest; answer: (html: string) => void }[] = []
  const preview = new Preview(
    (request) =>
      new Promise<PreviewAnswer>((resolve) =>
        asked.push({ request, answer: (html) => resolve({ html, keys: [], took_ms: 1 }) }),
      ),
  )
  return { preview, asked }
}
const change = (text: string) => [{ language: 'en', key: 'signin.title', text }]

it('asks for the newest words only, and never for two at a time', async () => {
  const { preview, asked } = slow()
  for (const text of ['H', 'He', 'Hel', 'Hello']) preview.look('en', change(text))
  expect(asked.map((one) => one.request.changes?.[0]?.text)).toEqual(['H'])
  asked[0]?.answer('H')
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  expect(asked[1]?.request.changes?.[0]?.text).toBe('Hello')
  asked[1]?.answer('Hello')
  await vi.waitFor(() => expect(preview.answer?.html).toBe('Hello'))
})

it('says what is wrong and shows the last page until it is well again', async () => {
  let broken = false
  const preview = new Preview((request) =>
    broken ? Promise.reject(new Error('away')) : Promise.resolve(drawn(request)),
  )
  preview.look('en', [])
  await vi.waitFor(() => expect(preview.answer?.html).toBe('signin '))
  broken = true
  preview.look('en', [])
  await vi.waitFor(() => expect(preview.trouble).toBeDefined())
  expect(preview.answer?.html).toBe('signin ')
})

it.each([
  ['terms.title', 'terms', ''],
  ['signin.title', 'signin', ''],
  ['e.password', 'signin', 'e.password'],
  ['e.closed', 'error', 'e.closed'],
  ['start.sso_button', 'start_sso', ''],
  ['signin.forgot', 'signin', 'e.password'],
])('turns to where %s is seen', async (key, page, error) => {
  const preview = new Preview((request) => Promise.resolve(drawn(request)))
  preview.turn('terms')
  preview.look('en', [])
  await vi.waitFor(() => expect(preview.answer).toBeDefined())
  preview.follow(key, pages)
  // The screen looks again whenever page or error have changed.
  for (let i = 0; i < 4; i++) {
    preview.look('en', [])
    await vi.waitFor(() => expect(preview.answer?.html).toBeDefined())
    await Promise.resolve()
  }
  expect([preview.page, preview.error]).toEqual([page, error])
})

it('stays where a text is seen already', async () => {
  const preview = new Preview((request) => Promise.resolve(drawn(request)))
  preview.turn('terms')
  preview.look('en', [])
  await vi.waitFor(() => expect(preview.answer).toBeDefined())
  preview.follow('g.step', pages)
  expect(preview.page).toBe('terms')
})

it('prefers this page, and pages that phones meet', () => {
  expect(placesOf('g.step', pages, 'error').map((place) => place.page)[0]).toBe('signin')
  expect(placesOf('g.step', pages, 'terms').map((place) => place.page)[0]).toBe('terms')
})
