import fc from 'fast-check'
import t from 'tap'
import { fullLength, withoutBinaries } from '../../../src/runner/mcp/binaries.ts'
import { resultToText } from '../../../src/runner/mcp/result.ts'

/** What comes out of a text that comes in, cut at these places. */
async function through (text: string, cuts: number[] = []): Promise<string> {
  const bytes = Buffer.from(text)
  const places = [...new Set([0, ...cuts.map(cut => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b
  )
  const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
  const out: Uint8Array[] = []
  for await (
    const chunk of withoutBinaries((async function* () {
      yield* chunks
    })())
  ) out.push(chunk)
  return Buffer.concat(out).toString()
}

const image = (length: number) => ({
  content: [{ type: 'text', text: 'see "this"\\' }, {
    type: 'image',
    mimeType: 'image/png',
    data: 'QUJD'.repeat(length / 4)
  }]
})

t.test('a long picture is cut to its size, and all beside it stays', async t => {
  const out = await through(JSON.stringify(image(4_000_000)))
  t.ok(out.length < 5000, `${out.length} bytes`)
  const result = JSON.parse(out) as { content: { data?: string }[] }
  t.equal(fullLength(result.content[1]?.data ?? ''), 4_000_000)
  t.equal(resultToText(result), 'see "this"\\\n[image image/png, 3000 kB, not shown]')
})

t.test('wherever the bytes are cut into chunks, the same comes out', async t => {
  const json = JSON.stringify({
    data: { blob: 'AAAA'.repeat(3000), text: 'a"b\\', data: 'QQ==' },
    é: ['blob', 'data', 'A'.repeat(9000)],
    blob: 'x y'.repeat(3000)
  })
  const whole = await through(json)
  const cuts = fc.array(fc.nat(40_000), { maxLength: 40 })
  await fc.assert(fc.asyncProperty(cuts, async cuts => await through(json, cuts) === whole), {
    numRuns: 200
  })
  t.match(JSON.parse(whole), {
    data: { blob: /^A{4096}~7904$/, text: 'a"b\\', data: 'QQ==' },
    blob: 'x y'.repeat(3000)
  }, 'words are left alone')
  t.equal(
    (JSON.parse(whole) as Record<string, string[]>)['é']?.[2]?.length,
    9000,
    'and what no holder names'
  )
})

t.test('any JSON without long base64 comes out as it went in', async t => {
  const cuts = fc.array(fc.nat(1000), { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(fc.json(), cuts, async (json, cuts) => await through(json, cuts) === json),
    { numRuns: 500 }
  )
  t.pass()
})

t.test('an odd quote in a comment of an event stream spoils nothing behind it', async t => {
  const out = await through(
    `: it"s alive\n\ndata: ${JSON.stringify({ data: 'A'.repeat(100_000) })}\n\n`
  )
  t.match(out, /^: it"s alive\n\ndata: \{"data":"A{4096}~95904"\}\n\n$/)
})
