import * as backend from '~/backend'
import type { Overview } from '~/backend/types'
import { Load } from '~/ui/load.svelte'
import type { Tone } from '~/ui/Mark.svelte'

/** How the server is: asked once for the sidebar and the overview, which show the same answer. */
export const server = new Load<Overview>((signal) => backend.overview(signal))

export const tones: Record<Overview['state'], Tone> = {
  not_set_up: 'attention',
  starting: 'busy',
  serving: 'good',
  stopped: 'broken',
}
