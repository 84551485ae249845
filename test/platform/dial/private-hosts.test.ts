import t from 'tap'
import { forbiddenKind } from '../../../src/platform/dial/forbidden.ts'
import { kindOfAddress } from '../../../src/platform/dial/address-kind.ts'
import {
  hostOf,
  isPlainlyInternal,
  toPrivateHosts
} from '../../../src/platform/dial/private-hosts.ts'

t.test('addresses of the public internet are free, next to every range that is not', async t => {
  const free = [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '191.255.255.255',
    '192.0.1.0',
    '192.0.3.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '198.51.99.255',
    '198.51.101.0',
    '203.0.112.255',
    '203.0.114.0',
    '223.255.255.255',
    '168.63.129.15',
    '2606:4700::1111',
    '2001:200::1',
    '2001:db7::1',
    '2001:db9::1',
    '2a00::1',
    '3ffe::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1'
  ]
  for (const address of free) t.equal(kindOfAddress(address), null, address)
})

t.test('an entry allows what it names and nothing beside it', async t => {
  const policy = {
    internalAllowed: false,
    privateHosts: toPrivateHosts([
      'App.Example.com.',
      '10.1.0.0/16',
      '[fd00::7]',
      '169.254.7.7',
      'bücher.test'
    ])
  }
  const cases: [host: string, address: string, free: boolean][] = [
    ['app.example.com', '10.9.9.9', true],
    ['APP.example.com.', '127.0.0.1', true],
    ['app.example.com', '169.254.169.254', false],
    ['app.example.com', '::ffff:169.254.169.254', false],
    ['app.example.com', '224.0.0.1', false],
    ['xn--bcher-kva.test', '192.168.0.1', true],
    ['sub.app.example.com', '10.9.9.9', false],
    ['other.example.com', '10.1.255.255', true],
    ['other.example.com', '::ffff:10.1.2.3', true],
    ['other.example.com', '10.2.0.0', false],
    ['other.example.com', 'fd00::7', true],
    ['other.example.com', 'fd00::8', false],
    ['other.example.com', '169.254.7.7', true],
    ['other.example.com', '169.254.7.8', false]
  ]
  for (const [host, address, free] of cases) {
    t.equal(forbiddenKind(policy, host, address) === null, free, `${host} at ${address}`)
  }
})

t.test('an entry that is no host is refused by its name', async t => {
  for (
    const entry of [
      'http://app',
      'app:80',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/8/8',
      'a b',
      'user@app',
      '10.0.0.0/',
      ''
    ]
  ) {
    t.throws(() => toPrivateHosts([entry]), {
      message: `"${entry}" is no host name, address or range such as 10.1.0.0/16`
    })
  }
})

t.test('hosts that can only be internal are told from those that may be anything', async t => {
  const internal = [
    'http://app:3000',
    'http://localhost',
    'http://a.localhost',
    'http://10.0.0.5',
    'http://0x7f.1',
    'http://[::1]:1',
    'http://[fd00::1]',
    'http://app.default.svc',
    'http://app.default.svc.cluster.local',
    'http://app.internal.',
    'http://box.home.arpa',
    'http://100.64.0.1'
  ]
  const open = [
    'http://app.example.com',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://8.8.8.8',
    'http://169.254.169.254',
    'http://0.0.0.0',
    'http://[fe80::1]',
    'http://internal.example',
    'http://svc.example'
  ]
  for (const url of internal) t.ok(isPlainlyInternal(hostOf(url) ?? ''), url)
  for (const url of open) t.notOk(isPlainlyInternal(hostOf(url) ?? ''), url)
})
