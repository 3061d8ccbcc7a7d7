import { expect, it } from 'vitest'
import { keyAt, keysIn, point, show } from './frame'

const page = (title: string, lang = 'en', style = 'p{}') => `<!doctype html><html lang="${lang}"><head>
  <style>${style}</style></head><body class="page"><h1 data-key="signin.title">${title}</h1>
  <a href="https://example.org" data-key="signin.forgot">Forgot?</a><input placeholder="x" data-key="signin.identifier_hint signin.title">
  </body></html>`

const empty = () => document.implementation.createHTMLDocument()

it('shows a page and the next one in its place', () => {
  const shown = empty()
  show(shown, page('Sign in'))
  expect(shown.querySelector('h1')?.textContent).toBe('Sign in')
  const style = shown.head.querySelector('style')
  show(shown, page('Anmelden', 'de'))
  expect(shown.documentElement.lang).toBe('de')
  expect(shown.querySelector('h1')?.textContent).toBe('Anmelden')
  expect(shown.head.querySelector('style')).toBe(style)
  show(shown, page('Anmelden', 'de', 'p{color:red}'))
  expect(shown.head.querySelector('style')?.textContent).toBe('p{color:red}')
  expect(shown.head.querySelectorAll('style[data-editor]')).toHaveLength(1)
})

it('keeps the keyboard out of the page', () => {
  const shown = empty()
  show(shown, page('Sign in'))
  expect([...shown.querySelectorAll<HTMLElement>('a, input')].every((one) => one.tabIndex === -1)).toBe(true)
})

it('knows the texts of a page, also those in attributes, each once', () => {
  const shown = empty()
  show(shown, page('Sign in'))
  expect(keysIn(shown)).toEqual(['signin.title', 'signin.forgot', 'signin.identifier_hint'])
})

it('points to one text at a time', () => {
  const shown = empty()
  show(shown, page('Sign in'))
  expect(point(shown, 'in-focus', 'signin.forgot', false)).toBe(true)
  expect(point(shown, 'in-focus', 'signin.title', false)).toBe(true)
  expect(shown.querySelectorAll('[data-in-focus]')).toHaveLength(2)
  expect(shown.querySelector('a')?.hasAttribute('data-in-focus')).toBe(false)
  expect(point(shown, 'in-focus', 'terms.title', false)).toBe(false)
})

it('finds the text under a point, or around it', () => {
  const shown = empty()
  show(shown, page('<b>Sign</b> in'))
  const bold = shown.querySelector('b')
  Object.defineProperty(shown, 'elementFromPoint', { value: () => bold })
  expect(keyAt(shown, 1, 1)).toBe('signin.title')
})
