import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Branding } from '~/backend/types'
import { Look } from './look.svelte'

const accent = (color: string) => ({ color, ratio: color === '#ffd400' ? 1.4 : 5, needed: 4.5 })
const branding = (light: string, dark: string): Branding => ({
  accent_light: {
    ...accent(light),
    ...(light === '#ffd400' ? { problem: 'contrast', suggestion: '#7a6600' } : {}),
  },
  accent_dark: accent(dark),
})
let kept: Branding

async function answer(request: Request): Promise<Response> {
  if (request.method !== 'GET') {
    const body = (await request.json()) as { accent_light: string; accent_dark: string }
    const next = branding(body.accent_light, body.accent_dark)
    if (request.method === 'POST') return Response.json(next)
    kept = next
  }
  return Response.json(kept)
}

beforeEach(() => {
  kept = branding('#0f766e', '#2dd4bf')
  vi.stubGlobal('fetch', answer)
})
afterEach(() => vi.unstubAllGlobals())

it('keeps a colour that can be read', async () => {
  const look = new Look()
  await look.look()
  look.choose('light', '#7a6600')
  expect(await look.keep()).toBe(true)
  expect(kept.accent_light.color).toBe('#7a6600')
})

it('keeps none that cannot, and says which could', async () => {
  const look = new Look()
  await look.look()
  look.choose('light', '#ffd400')
  expect(await look.keep()).toBe(false)
  expect(look.verdict?.accent_light.suggestion).toBe('#7a6600')
  expect(kept.accent_light.color).toBe('#0f766e')
})

it('does not take a colour away from somebody who is choosing', async () => {
  const look = new Look()
  await look.look()
  look.choose('dark', '#123456')
  await look.look()
  expect(look.dark).toBe('#123456')
})
