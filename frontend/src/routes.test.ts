import { describe, expect, it } from 'vitest'
import { address, parse, type Route } from './routes'

describe('routes', () => {
  it.each<Route>([
    { screen: 'overview' },
    { screen: 'waiting', id: 'K7-31Q' },
    { screen: 'phones', id: 'A/B ü', filter: ['state:is:quiet', 'name:contains:a&b=c?'] },
    { screen: 'people', id: 'anna@example.org' },
    { screen: 'portal', page: 'history' },
    { screen: 'portal', page: 'texts', language: 'pt-BR', key: 'signin.title' },
    { screen: 'settings', page: 'certificates' },
    { screen: 'cleanup', part: 'archived' },
    { screen: 'rehearsal' },
    { screen: 'setup', page: 'url' },
  ])('come back from their address: $screen', (route) => {
    expect(parse(address(route))).toEqual(route)
  })

  it('lead to the overview from nowhere', () => {
    expect(parse('')).toEqual({ screen: 'overview' })
    expect(parse('#/attic')).toEqual({ screen: 'overview' })
    expect(parse('#/settings/attic')).toEqual({ screen: 'settings', page: 'organization' })
  })
})
