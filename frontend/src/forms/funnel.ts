import type { FunnelStep } from '~/backend/types'

/** The steps of an enrollment, as the server names them. */
export const steps = ['knocked', 'signed_in', 'offered', 'identified', 'done'] as const
export type Step = (typeof steps)[number]

export interface Bar {
  step: Step
  /** everybody who got at least this far. */
  reached: number
  /** those who stand here now. */
  here: number
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
    const { count: here = 0, stuck = 0 } = at(step) ?? {}
    return { step, reached, here, stuck, share: total === 0 ? 0 : reached / total }
  })
}
