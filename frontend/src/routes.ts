/** Where one is: kept in the part of the address after #, because the window answers every other path with 404. */

export const settingsPages = [
  'organization',
  'addresses',
  'sign-in',
  'accounts',
  'certificates',
  'enrollment',
  'privacy',
  'lists',
  'appearance',
] as const
export type SettingsPage = (typeof settingsPages)[number]

export const setupPages = [
  'organization',
  'domains',
  'url',
  'tls',
  'push_certificate',
  'people',
  'done',
] as const
export type SetupPage = (typeof setupPages)[number]

export const portalPages = ['texts', 'languages', 'pages', 'look', 'agreements', 'history'] as const
export type PortalPage = (typeof portalPages)[number]

export const cleanupParts = ['proposed', 'waking', 'kept', 'archived'] as const
export type CleanupPart = (typeof cleanupParts)[number]

export type Route =
  | { screen: 'overview' }
  | { screen: 'phones'; id?: string | undefined; filter?: string[] }
  | { screen: 'waiting'; id?: string | undefined }
  | { screen: 'people'; id?: string | undefined }
  | { screen: 'move'; id?: string | undefined }
  | { screen: 'portal'; page: PortalPage; language?: string | undefined; key?: string | undefined }
  | { screen: 'cleanup'; part?: CleanupPart | undefined }
  | { screen: 'duplicates' }
  | { screen: 'audit' }
  | { screen: 'settings'; page: SettingsPage }
  | { screen: 'rehearsal' }
  | { screen: 'setup'; page?: SetupPage | undefined }

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [screen, rest, third, fourth] = path.split('/')
  const id = rest ? decodeURIComponent(rest) : undefined
  switch (screen) {
    case 'phones':
      return { screen, id, filter: new URLSearchParams(query).getAll('filter') }
    case 'waiting':
    case 'people':
    case 'move':
      return { screen, id }
    case 'portal':
      return {
        screen,
        page: portalPages.find((page) => page === id) ?? 'texts',
        ...(third && fourth ? { language: decodeURIComponent(third), key: decodeURIComponent(fourth) } : {}),
      }
    case 'settings':
      return { screen, page: settingsPages.find((page) => page === id) ?? 'organization' }
    case 'cleanup':
      return { screen, part: cleanupParts.find((part) => part === id) }
    case 'duplicates':
    case 'audit':
    case 'rehearsal':
      return { screen }
    case 'setup':
      return { screen, page: setupPages.find((page) => page === id) }
    default:
      return { screen: 'overview' }
  }
}

export function address(route: Route): string {
  switch (route.screen) {
    case 'overview':
      return '#/overview'
    case 'phones':
      return `#/phones${tail(route.id)}${narrowed(route.filter ?? [])}`
    case 'waiting':
    case 'people':
    case 'move':
      return `#/${route.screen}${tail(route.id)}`
    case 'portal':
      return `#/portal/${route.page}${route.key ? tail(route.language) + tail(route.key) : ''}`
    case 'settings':
      return `#/settings/${route.page}`
    case 'cleanup':
      return `#/cleanup${tail(route.part)}`
    case 'duplicates':
    case 'audit':
    case 'rehearsal':
      return `#/${route.screen}`
    case 'setup':
      return `#/setup${tail(route.page)}`
  }
}

function tail(part: string | undefined): string {
  return part ? `/${encodeURIComponent(part)}` : ''
}

function narrowed(filter: string[]): string {
  return filter.length === 0 ? '' : `?${filter.map((one) => `filter=${encodeURIComponent(one)}`).join('&')}`
}
