// npm run test:browser: builds the screens and the server, starts `gatehoused demo`, tells the stories to Chromium one
// after the other, and leaves pictures of every screen in test-results/.
//
//   GATEHOUSED=path   a server that is built already, with today's screens in it
//   npm run test:browser -- setup phones   only these stories
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
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
const server = await demo()
const told = spawn(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-timeout=240000', ...stories.map((name) => here + name)],
  {
    stdio: 'inherit',
    env: { ...process.env, SCREENS: server.screens, TOKEN: server.token, PHONES: server.phones },
  },
)
told.on('exit', async (status) => {
  await server.stop()
  process.exit(status ?? 1)
})
