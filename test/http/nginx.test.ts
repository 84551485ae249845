import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ADMIN_KEY, startTestApp } from '../helpers/app.ts'
import { closedPort } from '../helpers/closed-port.ts'

/** The nginx example of docs/behind-a-proxy.md, without its certificate. */

const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(path => existsSync(path))
const LOCATION = /location \/ \{[^}]*\}/.exec(
  readFileSync(new URL('../../docs/behind-a-proxy.md', import.meta.url), 'utf8')
)?.[0] ?? ''

async function waitUntilOpen (url: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await fetch(url).then(() => true, () => false)) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`${url} does not answer`)
}

t.test('behind nginx the session is for https only, and forms are taken', {
  skip: NGINX === undefined && 'nginx is not installed'
}, async t => {
  const app = await startTestApp(t, { env: { PUBLIC_URL: 'https://personas.example.com' } })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-nginx-'))
  const port = await closedPort()
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name =>
    `${name}_temp_path ${folder}/${name};`
  ).join(' ')
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
    http { access_log off; ${paths} server { listen 127.0.0.1:${port}; ${
      LOCATION.replace('http://127.0.0.1:3070', origin)
    } } }`
  )
  const child = spawn(NGINX ?? '', [
    '-c',
    join(folder, 'nginx.conf'),
    '-e',
    join(folder, 'error.log')
  ], { stdio: 'ignore' })
  t.teardown(async () => {
    child.kill('SIGTERM')
    await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })
  const proxy = `http://127.0.0.1:${port}`
  await waitUntilOpen(`${proxy}/health`)
  const answer = await fetch(`${proxy}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: 'https://personas.example.com' },
    body: new URLSearchParams({ key: ADMIN_KEY, to: '/runs' })
  })
  t.equal(answer.status, 303)
  t.equal(answer.headers.get('location'), '/runs')
  t.match(answer.headers.get('set-cookie'), /^__Host-persona-runner=[\w-]+;.*Secure/)
  const foreign = await fetch(`${proxy}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: proxy },
    body: new URLSearchParams({ key: ADMIN_KEY })
  })
  t.equal(foreign.status, 403)
})
