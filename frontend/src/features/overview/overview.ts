import type { Finding, FunnelStep, Overview } from '~/backend/types'
import type { Route } from '~/routes'
import type { Key } from '~/words/translate'

export const steps = ['knocked', 'signed_in', 'offered', 'identified', 'done'] as const

/** needs is what needs somebody: good findings are no news. */
export function needs(overview: Overview): Finding[] {
  return overview.findings.filter((finding) => finding.level !== 'good')
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
    case 'none':
      return undefined
  }
}

export interface Bar {
  step: (typeof steps)[number]
  /** everybody who got at least this far. */
  reached: number
  stuck: number
  share: number
}

/**
 * bars turns "who stands where" into "who got how far": somebody who has a profile has signed in before. So each bar is
 * at most as tall as the one before it, and where it drops is where people are lost.
 */
export function bars(funnel: FunnelStep[]): Bar[] {
  const at = (step: string) => funnel.find((one) => one.step === step)
  const total = funnel.reduce((sum, one) => sum + one.count, 0)
  return steps.map((step, i) => {
    const reached = steps.slice(i).reduce((sum, later) => sum + (at(later)?.count ?? 0), 0)
    return { step, reached, stuck: at(step)?.stuck ?? 0, share: total === 0 ? 0 : reached / total }
  })
}
