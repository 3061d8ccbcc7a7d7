import type { Finding, Overview } from '~/backend/types'
import type { Route } from '~/routes'
import type { Key } from '~/words/translate'

/** needs is what needs somebody: good findings are no news. */
export function needs(overview: Overview): Finding[] {
  return overview.findings.filter((finding) => finding.level === 'broken' || finding.level === 'attention')
}

/** notices are what somebody may want to do something about, one day. */
export function notices(overview: Overview): Finding[] {
  return overview.findings.filter((finding) => finding.level === 'notice')
}

/** wayOut is the button of a finding: where the next step is taken. */
export function wayOut(finding: Finding): { label: Key; route: Route } | undefined {
  switch (finding.action) {
    case 'settings':
      return { label: 'overview.go.settings', route: { screen: 'settings', page: 'addresses' } }
    case 'push_certificate':
      return { label: 'overview.go.push', route: { screen: 'settings', page: 'certificates' } }
    case 'tls':
      return { label: 'overview.go.tls', route: { screen: 'settings', page: 'certificates' } }
    case 'directory':
      return { label: 'overview.go.directory', route: { screen: 'settings', page: 'sign-in' } }
    case 'people':
      return { label: 'overview.go.people', route: { screen: 'people' } }
    case 'attempts':
      return { label: 'overview.go.waiting', route: { screen: 'waiting' } }
    case 'phones':
      return { label: 'overview.go.phones', route: { screen: 'phones', filter: finding.filter ?? [] } }
    case 'phone':
      return { label: 'overview.go.phone', route: { screen: 'phones', id: finding.params['enrollment'] } }
    case 'cleanup':
      return { label: 'overview.go.cleanup', route: { screen: 'cleanup' } }
    case 'archived':
      return { label: 'overview.go.archived', route: { screen: 'cleanup', part: 'archived' } }
    case 'duplicates':
      return { label: 'overview.go.duplicates', route: { screen: 'duplicates' } }
    case 'languages':
      return { label: 'overview.go.languages', route: { screen: 'portal', page: 'languages' } }
    case 'none':
      return undefined
  }
}
