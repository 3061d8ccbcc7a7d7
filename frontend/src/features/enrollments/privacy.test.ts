import { expect, it } from 'vitest'
import type { Held, Privacy } from '~/backend/types'
import { called, inGroups, wordsFor } from './privacy'

const held = (name: string, group: Held['group']): Held => ({
  name,
  group,
  kind: 'text',
  value: 'x',
  why: 'support',
})

it('has a word for everything that the server keeps', () => {
  // As mdm/held.go and admin/privacy.go name them; an app keeps its own name.
  const names = `person person_name managed_account group enrollment_id former_id same authenticated_at enrolled_at last_seen_at
    identity_not_after push_token_at woken_at push_outcome push_gone_at ended_by ended_at archived_at DeviceName ProductName
    ModelNumber OSVersion BuildVersion DeviceCapacity AvailableDeviceCapacity BatteryLevel PasscodePresent PasscodeCompliant
    HardwareEncryptionCaps IsUserEnrollment nickname tags notes keep_reason commands answers attempt typed_identifier language
    consent_privacy consent_terms status_report events`
  expect(names.split(/\s+/).filter((name) => called(name) === name)).toEqual([])
  expect(called('org.example.app')).toBe('org.example.app')
})

it('shows groups in their order, and none that is empty', () => {
  const all = [held('notes', 'remarks'), held('Model', 'device'), held('person', 'account')]
  expect(inGroups(all).map((one) => one.group)).toEqual(['account', 'device', 'remarks'])
})

it('gives the server a word for each code', () => {
  const panel: Privacy = { held: [held('Model', 'device')], never: ['location'], at: '2026-11-26T08:00:00Z' }
  const words = wordsFor(panel)
  expect(words).toMatchObject({
    Model: 'Model',
    device: 'Device',
    support: 'to help',
    'never.location': 'Where the phone is',
  })
})
