/** Everything the screens ask of the server, one function for one intention. */
import { api, ask } from './client'
import type {
  CheckField,
  CommandRequest,
  Directory,
  EnrollmentQuery,
  ExportBody,
  ListFile,
  MoveFile,
  MoveLettersBody,
  MovePhone,
  MoveTerms,
  NewPerson,
  PrivacyBody,
  PushUpload,
  Remarks,
  Selected,
  SetUp,
  Settings,
  StaleQuery,
  StaleRule,
  TrailExport,
  TrailQuery,
  ViewBody,
} from './types'

type Signal = AbortSignal | undefined

export const overview = (signal?: Signal) => ask(api.GET('/api/overview', { signal }))
export const charts = (time_zone: string, signal?: Signal) =>
  ask(api.GET('/api/overview/charts', { params: { query: { time_zone } }, signal }))
export const version = (signal?: Signal) => ask(api.GET('/api/version', { signal }))
export const check = (signal?: Signal) => ask(api.GET('/api/check', { signal }))

export const setup = (signal?: Signal) => ask(api.GET('/api/setup', { signal }))
export const setUp = (body: SetUp) => ask(api.POST('/api/setup', { body }))
export const checkAnswer = (field: CheckField, value: string, signal?: Signal) =>
  ask(api.POST('/api/setup/check', { body: { field, value }, signal }))

export const settings = (signal?: Signal) => ask(api.GET('/api/settings', { signal }))
export const changeSettings = (body: Settings, force = false) =>
  ask(api.PUT('/api/settings', { body, params: { query: { force } } }))

export const tls = (signal?: Signal) => ask(api.GET('/api/tls', { signal }))
export const importTLS = (certificate: string, key: string) =>
  ask(api.POST('/api/tls', { body: { certificate, key } }))
export const trustAnchor = (signal?: Signal) => ask(api.GET('/api/trust-anchor', { signal }))

export const pushCertificate = (signal?: Signal) => ask(api.GET('/api/push-certificate', { signal }))
export const importPush = (body: PushUpload, force = false) =>
  ask(api.POST('/api/push-certificate', { body, params: { query: { force } } }))

export const directory = (signal?: Signal) => ask(api.GET('/api/directory', { signal }))
export const changeDirectory = (directory: Directory, bindPassword?: string) =>
  ask(
    api.PUT('/api/directory', {
      body: { directory, ...(bindPassword === undefined ? {} : { bind_password: bindPassword }) },
    }),
  )
export const testDirectory = (identifier: string, password: string) =>
  ask(api.POST('/api/directory/test', { body: { identifier, ...(password ? { password } : {}) } }))

export const people = (search: string, signal?: Signal) =>
  ask(api.GET('/api/people', { params: { query: { search } }, signal }))
export const addPerson = (body: NewPerson) => ask(api.POST('/api/people', { body }))

/** importPeople makes accounts of a list, all or none; a dry run only says what would happen. */
export const importPeople = (body: ListFile, dryRun: boolean) =>
  ask(api.POST('/api/people/import', { body, params: { query: { dry_run: dryRun } } }))
/** importRemarks writes names, tags, notes and own fields of a list of phones, all or none. */
export const importRemarks = (body: ListFile, dryRun: boolean) =>
  ask(api.POST('/api/enrollments/import', { body, params: { query: { dry_run: dryRun } } }))

const person = (identifier: string) => ({ params: { path: { identifier } } })
export const removePerson = (identifier: string) =>
  ask(api.DELETE('/api/people/{identifier}', person(identifier)))
export const unlockPerson = (identifier: string) =>
  ask(api.POST('/api/people/{identifier}/unlock', person(identifier)))
export const newCode = (identifier: string) =>
  ask(api.POST('/api/people/{identifier}/code', person(identifier)))
export const setPassword = (identifier: string, password: string) =>
  ask(api.PUT('/api/people/{identifier}/password', { ...person(identifier), body: { password } }))
export const setManagedAccount = (identifier: string, account: string) =>
  ask(
    api.PUT('/api/people/{identifier}/managed-account', {
      ...person(identifier),
      body: { managed_account: account },
    }),
  )

export const enrollments = (query: EnrollmentQuery, signal?: Signal) =>
  ask(api.GET('/api/enrollments', { params: { query }, signal }))

/** bytes is a file that was asked for as such; the generated types do not know. */
const bytes = (content: unknown) => new Uint8Array(content as ArrayBuffer)
const phone = (id: string) => ({ params: { path: { id } } })
export const enrollment = (id: string, signal?: Signal) =>
  ask(api.GET('/api/enrollments/{id}', { ...phone(id), signal }))
export const events = (query: TrailQuery, signal?: Signal) =>
  ask(api.GET('/api/events', { params: { query }, signal }))
/** verifyEvents compares the whole trail with its chain; noted is an end of it that somebody wrote down before. */
export const verifyEvents = (noted: string) =>
  ask(api.POST('/api/events/verify', { body: noted ? { noted } : {} }))
export const exportEvents = async (body: TrailExport) =>
  bytes(await ask(api.POST('/api/events/export', { body, parseAs: 'arrayBuffer' })))
export const timeline = (id: string, signal?: Signal) =>
  ask(api.GET('/api/enrollments/{id}/timeline', { ...phone(id), signal }))
export const commands = (id: string, signal?: Signal) =>
  ask(api.GET('/api/enrollments/{id}/commands', { ...phone(id), signal }))
export const commandTypes = (signal?: Signal) => ask(api.GET('/api/command-types', { signal }))
export const sendCommand = (body: CommandRequest) => ask(api.POST('/api/commands', { body }))
/** refresh asks phones anew what they are like. */
export const refresh = (body: Selected) => ask(api.POST('/api/refresh', { body }))
export const wake = (body: Selected) => ask(api.POST('/api/wake', { body }))
export const enrollmentColumns = (signal?: Signal) => ask(api.GET('/api/enrollments/columns', { signal }))
export const facets = (signal?: Signal) => ask(api.GET('/api/enrollments/facets', { signal }))
export const find = (text: string) => ask(api.POST('/api/enrollments/find', { body: { text } }))
export const remark = (id: string, body: Remarks) =>
  ask(api.PUT('/api/enrollments/{id}/remarks', { ...phone(id), body }))
export const tag = (which: Selected, add: string[], remove: string[]) =>
  ask(api.POST('/api/enrollments/tags', { body: { ...which, add, remove } }))
export const keep = (which: Selected, reason: string) =>
  ask(api.POST('/api/enrollments/keep', { body: { ...which, reason } }))

export const privacy = (id: string, signal?: Signal) =>
  ask(api.GET('/api/enrollments/{id}/privacy', { ...phone(id), signal }))
/** writeList writes the list of phones to the folder of the settings now. */
export const writeList = () => ask(api.POST('/api/enrollments/standing-export'))
/** exportPrivacy gives all that is kept about a phone as a file for its owner: its bytes, as the server wrote them. */
export const exportPrivacy = async (id: string, body: PrivacyBody) =>
  bytes(
    await ask(
      api.POST('/api/enrollments/{id}/privacy/export', { ...phone(id), body, parseAs: 'arrayBuffer' }),
    ),
  )
/** exportPhones gives a list of phones as a file: its bytes, as the server wrote them. */
export const exportPhones = async (body: ExportBody) =>
  bytes(await ask(api.POST('/api/enrollments/export', { body, parseAs: 'arrayBuffer' })))
export const stale = (query: StaleQuery, signal?: Signal) =>
  ask(api.GET('/api/stale', { params: { query }, signal }))
export const wakeStale = (body: StaleRule) => ask(api.POST('/api/stale/wake', { body }))
export const archive = (which: Selected | { rule: StaleRule }) =>
  ask(api.POST('/api/enrollments/archive', { body: which }))
/** retire removes the work account from phones; stay takes that back. */
export const retire = (body: Selected) => ask(api.POST('/api/enrollments/retire', { body }))
export const stay = (body: Selected) => ask(api.POST('/api/enrollments/retire/undo', { body }))
export const restore = (body: Selected) => ask(api.POST('/api/enrollments/restore', { body }))
export const purge = (ids: string[]) => ask(api.POST('/api/enrollments/purge', { body: { ids } }))
export const cleanup = (signal?: Signal) => ask(api.GET('/api/cleanup', { signal }))
export const planCleanup = (body: { rule: StaleRule; most?: number }) =>
  ask(api.POST('/api/cleanup/reports', { body }))
export const acceptCleanup = (id: string, every: 'day' | 'week') =>
  ask(api.POST('/api/cleanup/reports/{id}/accept', { ...phone(id), body: { every } }))
export const stopCleanup = () => ask(api.POST('/api/cleanup/stop'))
export const gaps = (signal?: Signal) => ask(api.GET('/api/gaps', { signal }))
export const batches = (signal?: Signal) => ask(api.GET('/api/batches', { signal }))
export const undoBatch = (id: string) => ask(api.POST('/api/batches/{id}/undo', phone(id)))
export const duplicates = (signal?: Signal) => ask(api.GET('/api/enrollments/duplicates', { signal }))
/** link says that a phone is one that was enrolled before; release lets go of another person's record. */
export const link = (id: string, former: string, release = false) =>
  ask(api.POST('/api/enrollments/{id}/link', { ...phone(id), body: { former, release } }))
export const unlink = (id: string) => ask(api.POST('/api/enrollments/{id}/unlink', phone(id)))
export const views = (signal?: Signal) => ask(api.GET('/api/views', { signal }))
export const saveView = (body: ViewBody) => ask(api.POST('/api/views', { body }))
export const changeView = (id: string, body: ViewBody) =>
  ask(api.PUT('/api/views/{id}', { ...phone(id), body }))
export const dropView = (id: string) => ask(api.DELETE('/api/views/{id}', phone(id)))

export const attempts = (open: boolean, signal?: Signal) =>
  ask(api.GET('/api/attempts', { params: { query: { open, limit: 500 } }, signal }))
export const attempt = (id: string, signal?: Signal) =>
  ask(api.GET('/api/attempts/{id}', { ...phone(id), signal }))

export const rehearse = (identifier: string, password: string) =>
  ask(api.POST('/api/rehearsals', { body: { identifier, password } }))
export const rehearsal = (id: string, signal?: Signal) =>
  ask(api.GET('/api/rehearsals/{id}', { ...phone(id), signal }))

/** move is how far people have moved here from an older management, and where each phone of its list is. */
export const move = (signal?: Signal) => ask(api.GET('/api/move', { signal }))
/** importMove takes the list that the old management exports; a dry run only says what would happen. */
export const importMove = (body: MoveFile, dryRun: boolean) =>
  ask(api.POST('/api/move/import', { body, params: { query: { dry_run: dryRun } } }))
export const setMoveTerms = (body: MoveTerms) => ask(api.PUT('/api/move', { body }))
/** matchMove says whose phones records are; acceptMove, that they are whose they may be; lookMove looks again. */
export const matchMove = (ids: string[], person: string) =>
  ask(api.POST('/api/move/people', { body: { ids, person } }))
export const acceptMove = (ids: string[]) =>
  ask(api.POST('/api/move/people', { body: { ids, accept: true } }))
export const lookMove = () => ask(api.POST('/api/move/people', { body: {} }))
export const writeMove = (body: MoveLettersBody) => ask(api.POST('/api/move/letters', { body }))
/** settleMove says of records that they have moved, or will not; '' takes it back. */
export const settleMove = (ids: string[], as: '' | 'moved' | 'left_out', enrollment = '') =>
  ask(api.POST('/api/move/settle', { body: { ids, as, enrollment } }))
export const removeMoved = (ids: string[], dry_run: boolean) =>
  ask(api.POST('/api/move/removals', { body: { ids, dry_run } }))
export const undoRemoval = (id: string) => ask(api.POST('/api/move/removals/{id}/undo', phone(id)))
export const closeMove = () => ask(api.DELETE('/api/move'))
export const exportMove = async (states: MovePhone['state'][], format: 'csv' | 'xlsx', language: string) =>
  bytes(
    await ask(
      api.POST('/api/move/export', {
        body: { states, format, language, local: true },
        parseAs: 'arrayBuffer',
      }),
    ),
  )
