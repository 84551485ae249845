import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import {
  encryptionKeyProblems,
  readEncryptionKeys,
  seal,
  unseal,
  type EncryptionKey
} from '../../src/platform/seal.ts'

const key = (kid: string): EncryptionKey => ({ kid, secret: randomBytes(32) })
const old = key('old')
const fresh = key('new')

t.test('what is sealed opens in its place under its key, whichever stands first, and reads as nothing', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => {
    const { keyId, sealed } = seal(old, 'table/column/1', text.toWellFormed())
    return keyId === 'old' &&
      unseal([fresh, old], 'table/column/1', { keyId, sealed }) === text.toWellFormed()
  }))
})

t.test('the same secret is never sealed to the same text twice', async t => {
  const sealed = new Set(Array.from({ length: 1000 }, () => seal(old, 'place', 'secret').sealed))
  t.equal(sealed.size, 1000)
  t.equal(
    new Set([...sealed].map(text => Buffer.from(text, 'base64').subarray(0, 12).toString('hex')))
      .size,
    1000,
    'nonces'
  )
})

t.test('it opens nowhere else: not in another row, not under another name of the key, not with a bit changed', async t => {
  const { keyId, sealed } = seal(old, 'table/column/1', 'secret')
  const unreadable = { code: 'SECRET_UNREADABLE' }
  t.throws(() => unseal([old], 'table/column/2', { keyId, sealed }), unreadable)
  t.throws(
    () => unseal([{ ...old, kid: 'new' }], 'table/column/1', { keyId: 'new', sealed }),
    unreadable,
    'the key id is bound, too'
  )
  t.throws(
    () => unseal([{ ...fresh, kid: 'old' }], 'table/column/1', { keyId, sealed }),
    unreadable
  )
  for (let i = 0; i < Buffer.from(sealed, 'base64').length; i++) {
    const bytes = Buffer.from(sealed, 'base64')
    bytes.writeUInt8((bytes[i] ?? 0) ^ 1, i)
    t.throws(
      () => unseal([old], 'table/column/1', { keyId, sealed: bytes.toString('base64') }),
      unreadable,
      `byte ${i}`
    )
  }
  for (const short of ['', 'AAAA', sealed.slice(0, 20)]) {
    t.throws(() => unseal([old], 'table/column/1', { keyId, sealed: short }), unreadable, short)
  }
})

t.test('a key that is not there any more is named, with what to do', async t => {
  t.throws(() => unseal([fresh], 'table/column/1', seal(old, 'table/column/1', 'secret')), {
    code: 'SECRET_KEY_UNKNOWN',
    message: /"old".*ENCRYPTION_KEYS/
  })
})

t.test('keys are read from a list, and what makes it useless is said without a key in it', async t => {
  const [a, b] = [randomBytes(32), randomBytes(32)]
  t.strictSame(readEncryptionKeys(` a:${a.toString('base64')} , b:${b.toString('base64url')}`), [{
    kid: 'a',
    secret: a
  }, { kid: 'b', secret: b }])
  t.same(readEncryptionKeys(undefined), [])
  t.match(encryptionKeyProblems(`a:${a.toString('base64')},a:${b.toString('base64')}`), [
    /each key differently/
  ])
  const same = encryptionKeyProblems(`a:${a.toString('base64')},b:${a.toString('base64url')}`)
  t.match(same, [/same key twice/])
  t.notOk(same.join().includes(a.toString('base64')))
})
