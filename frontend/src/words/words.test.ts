import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogues, stretch, type Message } from './catalogues'
import de from './de.json'
import en from './en.json'
import purposes from './purposes/de.json'
import { has, translate } from './translate'

const texts = (message: Message): string[] =>
  typeof message === 'string' ? [message] : Object.values(message)
const variables = (message: Message) =>
  [...new Set(texts(message).flatMap((text) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1])))].sort()

function files(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

describe('the catalogues', () => {
  it('have the same keys', () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort())
  })

  it.each(Object.keys(en).filter(has))('%s has the same variables in German', (key) => {
    expect(variables(de[key])).toEqual(variables(en[key]))
  })

  it('have every plural form their language needs', () => {
    for (const { lang, messages } of Object.values(catalogues)) {
      const forms = new Intl.PluralRules(lang).resolvedOptions().pluralCategories
      for (const [key, message] of Object.entries(messages)) {
        if (typeof message !== 'string') expect(Object.keys(message).sort(), key).toEqual([...forms].sort())
      }
    }
  })

  it('say nothing empty, blame nobody and do not shout', () => {
    for (const [key, message] of [...Object.entries(en), ...Object.entries(de)]) {
      for (const text of texts(message)) {
        expect(text.trim(), key).not.toBe('')
        expect(text, key).not.toMatch(/!|successfully|erfolgreich/)
      }
    }
  })
})

describe('the screens', () => {
  const sources = files('src', /(\.svelte|\.ts)$/)

  it('use every variable of the words they show', () => {
    for (const source of sources) {
      for (const [, key = '', rest] of source.matchAll(/\bt\('([\w.-]+)'\s*(\)|,)/g)) {
        if (!has(key)) continue
        if (rest === ')') expect(variables(en[key]), key).toEqual([])
      }
    }
  })

  it('have no words that nobody says', () => {
    // The window's own menus and dialogs read the same catalogue, in Go.
    const all = [...sources, ...files('../app', /\.go$/)].join('\n').replaceAll('"', "'")
    const computed =
      /^(because|export|cleanup|stale|then|column|choice|operator|condition|filter\.(wrong|value)|state|stuck|finding|event|remedy|phone\.same|duplicates\.reason|lists\.every|inventory\.every|audit\.(family|column|export|fault|period)|look|agreements|portal|pages|handoff\.format|texts\.(page|problem|variable|sample|mark|filter|source)|privacy\.ask|attempt\.(at|silent|origin)|error|problem|fact|held|command|step|actor|tested|rehearsed|level|server|settings|phones\.filter|enrollment\.platform|push\.kind|setup|move\.(state|because|next|how|kind|field|settle))\./
    const silent = Object.keys(en).filter((key) => !computed.test(key) && !all.includes(`'${key}'`))
    expect(silent).toEqual([])
  })
})

describe('the portal’s texts', () => {
  const portal = JSON.parse(readFileSync('../backend/text/locales/en.json', 'utf8')) as Record<
    string,
    { purpose: string; variables?: string[] }
  >

  it('have a purpose in every language of the screens', () => {
    expect(Object.keys(purposes)).toEqual(Object.keys(portal))
  })

  it('have variables that the screens have words for', () => {
    const names = [...new Set(Object.values(portal).flatMap((text) => text.variables ?? []))]
    expect(names.filter((name) => !has(`texts.variable.${name}`))).toEqual([])
  })

  it('are on pages that have a name', () => {
    const go =
      readFileSync('../backend/text/survey.go', 'utf8') + readFileSync('../backend/portal/pages.go', 'utf8')
    const [, groups = ''] = /var pages = map\[string\]string\{([^}]*)\}/s.exec(go) ?? []
    const [, order = ''] = /var order = \[\]string\{([^}]*)\}/s.exec(go) ?? []
    const names = [
      ...[...groups.matchAll(/: "(\w+)"/g)].map((match) => match[1] ?? ''),
      ...[...order.matchAll(/"(\w+)"/g)].map((match) => match[1] ?? ''),
    ]
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !has(`texts.page.${name}`))).toEqual([])
  })
})

describe('what the server says', () => {
  const go = files('../backend', /^(?!.*_test).*\.go$/).join('\n')
  const codes = (pattern: RegExp) => [...new Set([...go.matchAll(pattern)].map((match) => match[1] ?? ''))]

  it('has words for every kind of event', () => {
    const kinds = codes(/event\.Kind = "([\w.]+)"/g)
    expect(kinds.length).toBeGreaterThan(20)
    expect(kinds.filter((kind) => !has(`event.${kind}`))).toEqual([])
  })

  it('has words for every finding that is written out', () => {
    const findings = codes(/(?:event\.)?Finding\{\{?Code: "([\w.]+)"/g)
    expect(findings.length).toBeGreaterThan(8)
    expect(findings.filter((code) => !has(`finding.${code}`))).toEqual([])
    expect(codes(/\bfound\("(\w+)"/g).filter((code) => !has(`finding.${code}`))).toEqual([])
  })

  it('has words for every state of a phone, its reasons and its next steps', () => {
    const said = [...go.matchAll(/return say\((\w+), "(\w+)", "(\w+)"\)/g)]
    expect(said.length).toBeGreaterThan(8)
    for (const [, , reason = '', next = ''] of said) {
      expect(has(`because.${reason}`), reason).toBe(true)
      if (next !== 'none') expect(has(`then.${next}`), next).toBe(true)
    }
  })

  it('has words for every code of a refusal', () => {
    const paper = JSON.parse(readFileSync('src/backend/openapi.json', 'utf8')) as {
      components: { schemas: { Problem: { properties: { code: { enum: string[] } } } } }
    }
    const refusals = paper.components.schemas.Problem.properties.code.enum
    expect(refusals.filter((code) => !has(`error.${code}`))).toEqual([])
  })
})

describe('translate', () => {
  it('puts numbers in as the language writes them and chooses the plural', () => {
    expect(translate('en', 'phones.count', { count: 1 })).toBe('One phone')
    expect(translate('en', 'phones.count', { count: 1312 })).toBe('1,312 phones')
    expect(translate('de', 'phones.count', { count: 1312 })).toBe('1.312 Geräte')
  })

  it('leaves a variable standing that it did not get, so that a test sees it', () => {
    expect(translate('en', 'phones.wake')).toContain('{{name}}')
  })

  it('stretches pseudo texts and keeps their variables', () => {
    expect(stretch('Wake {{name}}')).toMatch(/^\[Wàkë \{\{name\}\}~+\]$/)
  })
})
