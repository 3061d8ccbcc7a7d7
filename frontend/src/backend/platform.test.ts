import { beforeEach, expect, it } from 'vitest'
import { takeToken, token } from './platform'

beforeEach(() => {
  sessionStorage.clear()
  history.replaceState(null, '', '/')
})

it.each([
  ['/?token=SECRET', '/'],
  ['/?token=SECRET#/phones', '/#/phones'],
  ['/#token=SECRET', '/'],
  ['/#/phones?token=SECRET', '/#/phones'],
  ['/?token=SECRET#/phones?filter=state', '/#/phones?filter=state'],
])('takes the token out of %s', (from, to) => {
  history.replaceState(null, '', from)
  takeToken()
  expect(token()).toBe('SECRET')
  expect(location.pathname + location.search + location.hash).toBe(to)
})

it('leaves an address without a token alone', () => {
  history.replaceState(null, '', '/?a=1#/phones?state=quiet')
  takeToken()
  expect(token()).toBe('')
  expect(location.search + location.hash).toBe('?a=1#/phones?state=quiet')
})
