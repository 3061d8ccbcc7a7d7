// npm run test:browser: builds the screens and the server, starts `gatehoused demo`, tells the stories to Chromium one
// after the other, and leaves pictures of every screen in test-results/.
//
//   GATEHOUSED=path   a server that is built already, with today's screens in it
//   npm run test:browser -- setup phones   only these stories
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { tap } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { demo } from './server.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const frontend = fileURLToPath(new URL('..', import.meta.url))
const results = `${frontend}test-results`
const wanted = process.argv.slice(2)

function must(command, args, cwd) {
  const done = spawnSync(command, args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' })
  if (done.status !== 0) process.exit(done.status ?? 1)
}

rmSync(results, { recursive: true, force: true })
mkdirSync(results)
if (!process.env.GATEHOUSED) {
  must('npm', ['run', 'build'], frontend)
  process.env.GATEHOUSED = `${results}/gatehoused`
  must(
    'go',
    ['build', '-o', process.env.GATEHOUSED, './app/gatehoused'],
    fileURLToPath(new URL('../..', import.meta.url)),
  )
}

const stories = readdirSync(here)
  .filter((name) => name.endsWith('.story.mjs'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.startsWith(part)))

const reasons = []

/** tell tells stories to Chromium against a demo of their own, and returns those that failed: file → names. */
async function tell(files, testNamePatterns) {
  const server = await demo()
  Object.assign(process.env, { SCREENS: server.screens, TOKEN: server.token, PHONES: server.phones })
  const failed = new Map()
  const told = run({ files, concurrency: 1, timeout: 240_000, testNamePatterns })
  told.on('test:fail', ({ file, name, details }) => {
    // A file fails with its tests.
    if (details.error.failureType === 'subtestsFailed') return
    failed.set(file, [...(failed.get(file) ?? []), name])
    reasons.push(`${name}: ${details.error.cause?.message ?? details.error.message}`)
  })
  const printed = told.compose(tap)
  printed.pipe(process.stdout, { end: false })
  await finished(printed)
  await server.stop()
  return failed
}

// A story that fails is told once more, alone and to a demo that no other story has touched: a machine that was too busy
// for it must not hide what the others say. It is named at the end all the same, and wants mending.
const failed = await tell(stories.map((name) => here + name))
const names = [...failed.values()].flat()
let hopeless = names.length > 3 || [...failed].some(([file, names]) => names.includes(file)) // a file that does not even load
if (names.length > 0 && !hopeless) {
  const patterns = names.map((name) => new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`))
  console.log(`== once more: ${names.join('; ')}`)
  hopeless = (await tell([...failed.keys()], patterns)).size > 0
}
if (names.length > 0) console.log(`== ${hopeless ? 'failed' : 'failed once'}:\n${reasons.join('\n')}`)
process.exit(hopeless ? 1 : 0)
