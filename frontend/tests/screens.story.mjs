// Every screen in light and dark, English and German, three widths and from right to left: looked at by axe, and kept as
// pictures for whoever changed something.
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

const screens = {
  overview: ['#/overview', 'main h2'],
  phones: ['#/phones', '[role=grid] [role=row][aria-rowindex="3"]'],
  phone: [
    '#/phones',
    '[role=grid] [role=row][aria-rowindex="3"]',
    async (page) => {
      await page.locator('[role=row][aria-rowindex="4"]').click()
      await page.locator('aside dd').first().waitFor()
    },
  ],
  cleanup: ['#/cleanup', 'main input[type=range]'],
  waiting: ['#/waiting', 'main button[aria-pressed]'],
  attempt: [() => `#/waiting/${attempt}`, 'aside dd'],
  people: ['#/people', '[role=grid] [role=row][aria-rowindex="3"]'],
  person: [
    '#/people',
    '[role=grid] [role=row][aria-rowindex="3"]',
    async (page) => {
      await page.locator('[role=row][aria-rowindex="4"]').click()
      await page.locator('aside dd').first().waitFor()
    },
  ],
  'person-add': [
    '#/people',
    '[role=grid]',
    async (page) => {
      await page.keyboard.press('n')
      await page.getByRole('dialog').waitFor()
    },
  ],
  texts: ['#/portal/texts/de/signin.body', '.cm-content'],
  languages: ['#/portal/languages', 'main table'],
  pages: ['#/portal/pages', 'main form input'],
  look: ['#/portal/look', 'main input[type=color]'],
  agreements: ['#/portal/agreements', 'main h2'],
  history: ['#/portal/history', 'main h2, main [role=grid]'],
  organization: ['#/settings/organization', 'main form input'],
  addresses: ['#/settings/addresses', 'main form input'],
  'sign-in': [
    '#/settings/sign-in',
    'main form input',
    async (page) => {
      await page.getByRole('switch').check()
    },
  ],
  accounts: ['#/settings/accounts', 'main form input'],
  certificates: ['#/settings/certificates', 'main dl'],
  enrollment: ['#/settings/enrollment', 'main form input'],
  privacy: ['#/settings/privacy', 'main form input'],
  appearance: ['#/settings/appearance', 'main dl'],
  rehearsal: ['#/rehearsal', 'main form input'],
  setup: ['#/setup/url', 'main form input'],
  palette: [
    '#/overview',
    'main h2',
    async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('option').first().waitFor()
    },
  ],
}
const looks = [
  { name: 'light-en-1280', dark: false, lang: 'en-GB', width: 1280, height: 800, axe: true },
  { name: 'dark-de-1280', dark: true, lang: 'de-DE', width: 1280, height: 800, axe: true },
  { name: 'light-de-900', dark: false, lang: 'de-DE', width: 900, height: 600 },
  { name: 'dark-en-1920', dark: true, lang: 'en-GB', width: 1920, height: 1080 },
  { name: 'rtl-en-1280', dark: false, lang: 'en-GB', width: 1280, height: 800, rtl: true },
  { name: 'large-text-1280', dark: false, lang: 'en-GB', width: 1280, height: 800, large: true },
]

let browser
let attempt
before(async () => {
  browser = await launch()
  const answer = await fetch(`${demo.screens}/api/attempts`, {
    headers: { Authorization: `Bearer ${demo.token}` },
  })
  attempt = (await answer.json()).attempts[0].reference
})
after(() => browser.close())

for (const look of looks) {
  test(`every screen, ${look.name}`, async () => {
    const page = await open(browser, demo, '', look)
    if (look.large) await page.addStyleTag({ content: 'html { font-size: 200% }' })
    if (look.rtl) await page.evaluate(() => (document.documentElement.dir = 'rtl'))
    for (const [name, [route, there, also]] of Object.entries(screens)) {
      await page.evaluate((to) => (location.hash = to), typeof route === 'string' ? route : route())
      await page.locator(there).first().waitFor()
      await also?.(page)
      await picture(page, `${name}-${look.name}`)
      await fits(page, `${name} ${look.name}`)
      if (look.axe) await sound(page, `${name} ${look.name}`)
      await page.keyboard.press('Escape')
      await page.keyboard.press('Escape')
    }
    await close(page)
  })
}
