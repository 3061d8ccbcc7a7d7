/** Everything the screens ask of the server about the portal: its words, its pages, how they look, who agreed. */
import { api, ask } from './client'
import type { ImportTexts, PreviewRequest, Publish, TextFormat } from './types'

type Signal = AbortSignal | undefined

export const texts = (language: string, signal?: Signal) =>
  ask(api.GET('/api/texts', { params: { query: { language } }, signal }))

const text = (language: string, key: string) => ({ params: { path: { language, key } } })
export const saveText = (language: string, key: string, words: string) =>
  ask(api.PUT('/api/texts/{language}/{key}', { ...text(language, key), body: { text: words } }))
export const backText = (language: string, key: string) =>
  ask(api.PUT('/api/texts/{language}/{key}', { ...text(language, key), body: { text: '', remove: true } }))
export const discardText = (language: string, key: string) =>
  ask(api.DELETE('/api/texts/{language}/{key}', text(language, key)))

export const drafts = (signal?: Signal) => ask(api.GET('/api/texts/drafts', { signal }))
export const publish = (body: Publish) => ask(api.POST('/api/texts/publish', { body }))
export const versions = (signal?: Signal) =>
  ask(api.GET('/api/texts/versions', { params: { query: { limit: 200 } }, signal }))
export const version = (number: number, signal?: Signal) =>
  ask(api.GET('/api/texts/versions/{version}', { params: { path: { version: number } }, signal }))
export const restore = (number: number) =>
  ask(
    api.POST('/api/texts/versions/{version}/restore', {
      params: { path: { version: number } },
      body: { publish: true },
    }),
  )

const language = (tag: string) => ({ params: { path: { tag } } })
export const addLanguage = (tag: string, from: string) =>
  ask(api.POST('/api/texts/languages', { body: { tag, ...(from ? { copy_from: from } : {}) } }))
export const changeLanguage = (tag: string, body: { enabled: boolean; reviewed: boolean }) =>
  ask(api.PUT('/api/texts/languages/{tag}', { ...language(tag), body }))
export const removeLanguage = (tag: string) => ask(api.DELETE('/api/texts/languages/{tag}', language(tag)))

export const exportTexts = (format: TextFormat, tag: string) =>
  ask(api.GET('/api/texts/export', { params: { query: { format, language: tag } } }))
export const importTexts = (body: ImportTexts) => ask(api.POST('/api/texts/import', { body }))

export const pages = (signal?: Signal) => ask(api.GET('/api/texts/pages', { signal }))
export const preview = (body: PreviewRequest, signal?: Signal) =>
  ask(api.POST('/api/texts/preview', { body, signal }))
export const previewLink = (body: PreviewRequest, signal?: Signal) =>
  ask(api.POST('/api/texts/preview-links', { body, signal }))

const colours = (light: string, dark: string) => ({ body: { accent_light: light, accent_dark: dark } })
export const branding = (signal?: Signal) => ask(api.GET('/api/branding', { signal }))
export const checkBranding = (light: string, dark: string) =>
  ask(api.POST('/api/branding/check', colours(light, dark)))
export const changeBranding = (light: string, dark: string) =>
  ask(api.PUT('/api/branding', colours(light, dark)))
export const setLogo = (dark: boolean, content: string) =>
  ask(api.PUT('/api/branding/logo', { params: { query: { dark } }, body: { content } }))
export const removeLogo = (dark: boolean) =>
  ask(api.DELETE('/api/branding/logo', { params: { query: { dark } } }))

export const consents = (person: string, signal?: Signal) =>
  ask(api.GET('/api/consents', { params: { query: { person } }, signal }))
export const consentText = (hash: string, signal?: Signal) =>
  ask(api.GET('/api/consents/texts/{hash}', { params: { path: { hash } }, signal }))
export const exportConsents = (format: 'csv' | 'xlsx' | 'json') =>
  ask(api.GET('/api/consents/export', { params: { query: { format } } }))
