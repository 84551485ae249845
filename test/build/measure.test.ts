import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { drawRooms } from '../../build/drawing.ts'
import { measure } from '../../build/measure.ts'

const ROOT = join(import.meta.dirname, '../..')

t.test('docs/architecture.md draws the rooms as the imports are', async t => {
  const document = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
  const drawn = drawRooms(join(ROOT, 'src'))
  t.ok(document.includes(drawn), `run npm run measure -- --write; the rooms are now:\n${drawn}`)
})

t.test('nine of ten functions have at most 150 tokens', async t => {
  const { tokensP90 } = measure(join(ROOT, 'src'))
  t.ok(tokensP90 <= 150, `the tenth largest in a hundred has ${tokensP90} tokens`)
})

t.test('a file is measured without its comments', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-measure-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'one.ts'),
    [
      '/** Adds. */',
      'export const add = (a: number, b: number) => a + b // not counted',
      '',
      'const url = `https://example.com/$' + '{add(1, 2)}`',
      ''
    ].join('\n')
  )
  const { files, lines, codeLines, tokensMedian, exportsPer1000, docCommentsPer1000 } = measure(
    folder
  )
  t.same([files, lines, codeLines], [1, 4, 2])
  t.equal(tokensMedian, '( a : number , b : number ) => a + b'.split(' ').length)
  t.same([exportsPer1000, docCommentsPer1000], [250, 250])
})
