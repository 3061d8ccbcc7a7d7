import { expect, it, vi } from 'vitest'
import { Trouble } from '~/backend/errors'
import type { Imported, ListFile } from '~/backend/types'
import { ListImport } from './listimport.svelte'

const answer = (more: Partial<Imported> = {}): Imported => ({
  applied: false,
  headings: ['Mail', 'Name'],
  match: { identifier: 'Mail' },
  rows: 2,
  changed: 2,
  there: 0,
  problems: [],
  wrong: 0,
  codes: [],
  sample: [],
  ...more,
})
const file = { name: 'staff.csv', bytes: new TextEncoder().encode('Mail,Name\na@b.c,A') }

it('tries a file before it takes it', async () => {
  const send = vi.fn(async (_: ListFile, dryRun: boolean) => answer({ applied: !dryRun }))
  const list = new ListImport(send)
  list.picked = file
  await list.pick()
  expect(send).toHaveBeenLastCalledWith({ file: btoa('Mail,Name\na@b.c,A'), match: {} }, true)
  expect(list.ready).toBe(true)
  expect(await list.take()).toMatchObject({ applied: true })
})

it('lets somebody say which column is needed when none is known', async () => {
  const send = vi.fn(async (body: ListFile) => {
    if (body.match?.['identifier']) return answer()
    const params = { headings: 'Wer\nName' }
    throw new Trouble('invalid', {}, '', [{ field: 'match.identifier', code: 'required', params }], 422)
  })
  const list = new ListImport(send)
  list.picked = file
  await list.pick()
  expect(list.missing).toBe('identifier')
  expect(list.headings).toEqual(['Wer', 'Name'])
  expect(list.ready).toBe(false)
  await list.choose('identifier', 'Wer')
  expect(list.missing).toBeUndefined()
  expect(list.ready).toBe(true)
})

it('takes nothing while a line is wrong, and forgets columns with the file', async () => {
  const problems = [{ line: 3, field: 'identifier', code: 'not_account' }]
  const send = vi.fn(async () => answer({ wrong: 1, problems }))
  const list = new ListImport(send)
  list.picked = file
  await list.choose('name', 'Name')
  expect(list.ready).toBe(false)
  await list.pick()
  expect(send).toHaveBeenLastCalledWith(expect.objectContaining({ match: {} }), true)
})
