import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Teardown } from './teardown.ts'

/** A TCP proxy that breaks what passes through it, switchable while connections are open. */

export type Fault =
  | { kind: 'none' }
  /** Everything arrives so much later, in order. */
  | { kind: 'delay', ms: number }
  /** Nothing arrives, and nobody is told: a cable that was pulled. */
  | { kind: 'black-hole' }
  /** A reset once so many bytes of answers have passed. */
  | { kind: 'cut', afterBytes: number }
  /** A reset as soon as somebody connects, or says anything. */
  | { kind: 'refuse' }

export interface FaultProxy {
  port: number
  readonly openConnections: number
  /** For all connections, open and new. */
  set(fault: Fault): void
  /** For those that are open now; new ones stay as they would be. */
  setOpen(fault: Fault): void
  /** Resets all open connections. */
  resetAll(): void
}

interface Link {
  fault: Fault
  client: Socket
  server: Socket
  answered: number
}

/** @param target `host:port` or only a port of this machine */
export async function startFaultProxy (
  t: Teardown,
  target: { host?: string, port: number }
): Promise<FaultProxy> {
  const links = new Set<Link>()
  let fault: Fault = { kind: 'none' }

  const proxy = createServer({ noDelay: true }, client => {
    if (fault.kind === 'refuse') return client.resetAndDestroy()
    const server = connect({ host: target.host ?? '127.0.0.1', port: target.port, noDelay: true })
    const link: Link = { fault, client, server, answered: 0 }
    links.add(link)
    join(link, client, server)
    join(link, server, client)
    const forget = () => {
      if (client.destroyed && server.destroyed) links.delete(link)
    }
    client.on('close', forget)
    server.on('close', forget)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    proxy.close()
    for (const link of links) cut(link)
  })
  return {
    port: (proxy.address() as AddressInfo).port,
    get openConnections () {
      return links.size
    },
    set (next) {
      fault = next
      for (const link of links) link.fault = next
    },
    setOpen (next) {
      for (const link of links) link.fault = next
    },
    resetAll () {
      for (const link of links) cut(link)
    }
  }
}

/** Passes on what comes from one side, as the link's fault of the moment allows. */
function join (link: Link, from: Socket, to: Socket): void {
  let passed = Promise.resolve()
  const inTurn = (pass: () => void) => {
    const delayMs = link.fault.kind === 'delay' ? link.fault.ms : 0
    const due = performance.now() + delayMs
    passed = passed.then(async () => {
      const left = due - performance.now()
      if (left > 0) await new Promise(resolve => setTimeout(resolve, left).unref())
      if (link.fault.kind !== 'black-hole') pass()
    })
  }
  from.on('error', () => {})
  from.on('data', chunk => inTurn(() => pass(link, from, to, chunk)))
  from.on('end', () =>
    inTurn(() => {
      to.end()
    }))
  from.on('close', () =>
    inTurn(() => {
      if (!to.destroyed && from.errored) to.resetAndDestroy()
    }))
}

function pass (link: Link, from: Socket, to: Socket, chunk: Buffer): void {
  const { fault } = link
  if (fault.kind === 'refuse') return cut(link)
  if (fault.kind !== 'cut' || from !== link.server) {
    to.write(chunk)
    return
  }
  const room = fault.afterBytes - link.answered
  link.answered += chunk.length
  if (chunk.length <= room) to.write(chunk)
  else to.write(chunk.subarray(0, Math.max(0, room)), () => cut(link))
}

function cut ({ client, server }: Link): void {
  client.resetAndDestroy()
  server.resetAndDestroy()
}
