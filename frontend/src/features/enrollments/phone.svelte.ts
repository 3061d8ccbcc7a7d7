import * as backend from '~/backend'
import type { Command, CommandType, EnrollmentDetail, Event, Privacy } from '~/backend/types'
import { Load } from '~/ui/load.svelte'

/** One phone, as the inspector shows it. */
export class Phone {
  detail: Load<EnrollmentDetail>
  timeline: Load<Event[]>
  commands: Load<Command[]>
  privacy: Load<Privacy>

  constructor(id: string) {
    this.detail = new Load((signal) => backend.enrollment(id, signal))
    this.timeline = new Load(async (signal) => (await backend.timeline(id, signal)).events)
    this.commands = new Load(async (signal) => (await backend.commands(id, signal)).commands)
    this.privacy = new Load((signal) => backend.privacy(id, signal))
  }

  leave() {
    this.detail.leave()
    this.timeline.leave()
    this.commands.leave()
    this.privacy.leave()
  }
}

/** What can be asked of phones, and what Apple forbids on personal ones, with the rule. */
export const commandTypes = new Load<CommandType[]>(
  async (signal) => (await backend.commandTypes(signal)).types,
)
