import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Trouble } from '~/backend/errors'
import type { Text, TextLanguage, Texts as Answer } from '~/backend/types'
import { find } from './search.svelte'
import { Texts } from './texts.svelte'
import { done, grouped, lengthOf, marks, saved } from './words'

const text = (key: string, more: Partial<Text> = {}): Text => ({
  key,
  page: key.split('.')[0] ?? '',
  purpose: 'Page title',
  max: 50,
  variables: [],
  markdown: '',
  may_hide: false,
  plural: false,
  default: `English ${key}`,
  source: `English ${key}`,
  built_in: `English ${key}`,
  state: 'built_in',
  outdated: false,
  over: false,
  problems: [],
  ...more,
})

const language = (tag: string): TextLanguage => ({
  tag,
  name: tag,
  built_in: true,
  enabled: true,
  reviewed: false,
  rtl: false,
  keys: 4,
  plural_forms: [],
  published: 0,
  missing: 0,
  draft: 0,
  outdated: 0,
  over: 0,
})

// The server, as far as drafts go: words that equal what phones show are no draft.
class Server {
  rows: Text[] = [
    text('privacy.title', { outdated: true }),
    text('signin.title'),
    text('signin.body', { published: 'Welcome' }),
    text('start.title'),
  ]
  away = false
  asked: string[] = []

  answer = (tag: string): Answer => ({
    language: tag || 'en',
    default: 'en',
    languages: [language('en'), language('de')],
    texts: this.rows,
    standard: ['org_name'],
    version: 1,
    changes: this.rows.filter((row) => row.draft !== undefined).length,
    terms: { version: 0, date: '' },
  })

  save = (key: string, words: string) => {
    const row = this.rows.find((one) => one.key === key)
    return this.change(key, words === (row?.published ?? row?.built_in) ? undefined : words)
  }

  change = (key: string, draft: string | undefined): Promise<Text> => {
    this.asked.push(`${key}=${draft ?? '∅'}`)
    if (this.away) return Promise.reject(new Trouble('unreachable'))
    const row = this.rows.find((one) => one.key === key)
    if (!row) return Promise.reject(new Trouble('not_found'))
    const next: Text = { ...row, state: 'built_in' }
    if (draft === undefined) delete next.draft
    else Object.assign(next, { draft, state: 'draft' })
    this.rows = this.rows.map((one) => (one === row ? next : one))
    return Promise.resolve(next)
  }
}

let server: Server
const open = async () => {
  const texts = new Texts((tag) => Promise.resolve(server.answer(tag)), {
    save: (_, key, words) => server.save(key, words),
    back: (_, key) => server.change(key, ''),
    discard: (_, key) => server.change(key, undefined),
  })
  await texts.look()
  return texts
}
const at = (texts: Texts, key: string) => {
  texts.select(key)
  if (!texts.text) throw new Error(`no ${key}`)
  return texts.text
}
const settle = () => vi.advanceTimersByTimeAsync(1_000)

beforeEach(() => {
  server = new Server()
  localStorage.clear()
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

describe('the list', () => {
  it('follows the pages as people meet them, and begins with the first text', async () => {
    const texts = await open()
    expect(texts.groups.map((group) => group.page)).toEqual(['start', 'signin', 'privacy'])
    expect(texts.key).toBe('start.title')
    texts.step(1)
    expect(texts.key).toBe('signin.title')
    texts.step(-1)
    texts.step(-1)
    expect(texts.key).toBe('start.title')
  })

  it('shows only some, and keeps the one in focus', async () => {
    const texts = await open()
    texts.select('signin.title')
    texts.filter = 'outdated'
    expect(texts.shown.map((one) => one.key)).toEqual(['signin.title', 'privacy.title'])
    expect(texts.count('outdated')).toBe(1)
  })

  it('remembers where one was', async () => {
    const texts = await open()
    texts.select('signin.body')
    await texts.choose('de')
    const again = await open()
    expect(again.language).toBe('de')
    expect(again.key).toBe('signin.body')
  })
})

describe('drafts', () => {
  it('are saved a moment after the last letter, once', async () => {
    const texts = await open()
    for (const words of ['H', 'He', 'Hello']) texts.drafts.write('en', at(texts, 'signin.title'), words)
    expect(texts.field(at(texts, 'signin.title'))).toBe('Hello')
    expect(server.asked).toEqual([])
    await settle()
    expect(server.asked).toEqual(['signin.title=Hello'])
    expect(at(texts, 'signin.title').draft).toBe('Hello')
    expect(texts.drafts.waits('en', 'signin.title')).toBe(false)
  })

  it('vanish when somebody types what phones show', async () => {
    const texts = await open()
    texts.drafts.write('en', at(texts, 'signin.body'), 'Welcome, all')
    await settle()
    texts.drafts.write('en', at(texts, 'signin.body'), 'Welcome')
    await settle()
    expect(server.asked).toEqual(['signin.body=Welcome, all', 'signin.body=∅'])
  })

  it('leave a field empty that was emptied, until one leaves it', async () => {
    const texts = await open()
    texts.drafts.write('en', at(texts, 'signin.body'), '')
    await settle()
    expect(server.asked).toEqual(['signin.body='])
    expect(texts.field(at(texts, 'signin.body'))).toBe('')
    texts.select('signin.title')
    texts.select('signin.body')
    expect(texts.field(at(texts, 'signin.body'))).toBe('English signin.body')
  })

  it('outlive a server that is away, and a crash', async () => {
    const texts = await open()
    server.away = true
    texts.drafts.write('en', at(texts, 'signin.title'), 'Hello')
    await settle()
    expect(texts.drafts.trouble?.code).toBe('unreachable')
    expect(texts.field(at(texts, 'signin.title'))).toBe('Hello')

    const again = await open()
    expect(again.field(at(again, 'signin.title'))).toBe('Hello')
    server.away = false
    await vi.advanceTimersByTimeAsync(20_000)
    expect(at(again, 'signin.title').draft).toBe('Hello')
    expect(again.drafts.trouble).toBeUndefined()
  })

  it('of a text that is gone do not keep the others waiting', async () => {
    localStorage.setItem('gatehouse.unsaved-texts', '{"en/attic.title":"x","en/signin.title":"Hello"}')
    const texts = await open()
    await settle()
    expect(at(texts, 'signin.title').draft).toBe('Hello')
    expect(texts.drafts.unsaved).toEqual({})
  })

  it('are thrown away, or go back to what is built in', async () => {
    const texts = await open()
    await texts.drafts.back('en', at(texts, 'signin.body'))
    expect(at(texts, 'signin.body').draft).toBe('')
    expect(saved(at(texts, 'signin.body'))).toBe('English signin.body')
    await texts.drafts.discard('en', at(texts, 'signin.body'))
    expect(saved(at(texts, 'signin.body'))).toBe('Welcome')
  })
})

describe('undo', () => {
  it('takes what was typed in one go as one change, and makes it again', async () => {
    const texts = await open()
    texts.drafts.write('en', at(texts, 'signin.title'), 'Hello')
    await settle()
    texts.drafts.write('en', at(texts, 'signin.title'), 'Hello you')
    await settle()
    texts.select('signin.body')
    texts.drafts.write('en', at(texts, 'signin.body'), 'Hi')
    await settle()
    expect(await texts.drafts.undo()).toEqual({ language: 'en', key: 'signin.body' })
    expect(saved(at(texts, 'signin.body'))).toBe('Welcome')
    expect(await texts.drafts.undo()).toEqual({ language: 'en', key: 'signin.title' })
    expect(at(texts, 'signin.title').draft).toBeUndefined()
    expect(await texts.drafts.undo()).toBeUndefined()
    expect(await texts.drafts.redo()).toEqual({ language: 'en', key: 'signin.title' })
    expect(at(texts, 'signin.title').draft).toBe('Hello you')
  })

  it('forgets what could be made again when something else is written', async () => {
    const texts = await open()
    texts.drafts.write('en', at(texts, 'signin.title'), 'Hello')
    await settle()
    await texts.drafts.undo()
    texts.drafts.write('en', at(texts, 'signin.body'), 'Hi')
    await settle()
    expect(await texts.drafts.redo()).toBeUndefined()
  })
})

describe('a text', () => {
  it('says what deserves a look, the most urgent first', () => {
    expect(marks(text('a', { over: true, draft: 'x', outdated: true }))).toEqual([
      'over',
      'outdated',
      'draft',
    ])
    expect(marks(text('a', { state: 'missing' }))).toEqual(['missing'])
    expect(marks(text('a'))).toEqual([])
  })

  it('is as long as its letters, or as its longest plural form', () => {
    expect(lengthOf('Größe 🙂')).toBe(7)
    expect(lengthOf('one: a day\nother: {{count}} days', true)).toBe(14)
    expect(lengthOf('')).toBe(0)
  })

  it('counts for its language until somebody has seen to it', () => {
    expect(done({ keys: 10, missing: 1, outdated: 1, over: 0 })).toBe(0.8)
    expect(done({ keys: 0, missing: 0, outdated: 0, over: 0 })).toBe(0)
  })

  it('stands with the others of its page', () => {
    expect(
      grouped([text('error.a'), text('start.a'), text('error.b')]).map((group) => group.texts.length),
    ).toEqual([1, 2])
  })
})

describe('the search', () => {
  const everything = () => [
    { ...server.answer('en'), texts: [text('signin.title', { published: 'Sign in to {{org_short}}' })] },
    {
      ...server.answer('fr'),
      texts: [text('signin.title', { published: 'Connectez-vous à votre société préférée' })],
    },
  ]

  it('finds words in all languages, without case and accents', () => {
    const [found] = find(everything(), 'SOCIETE PREF')
    expect(found?.language).toBe('fr')
    expect(found?.parts).toEqual(['Connectez-vous à votre ', 'société préf', 'érée'])
  })

  it('finds a text by its key', () => {
    expect(find(everything(), 'signin.t')).toHaveLength(2)
  })

  it('shows what stands around a word in a long text', () => {
    const long = [
      { ...server.answer('en'), texts: [text('a', { published: 'word '.repeat(20) + 'needle' })] },
    ]
    expect(find(long, 'needle')[0]?.parts[0].startsWith('…')).toBe(true)
  })
})
