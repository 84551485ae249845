import fc from 'fast-check'
import t from 'tap'
import { csvCell, csvLine } from '../../../src/analysis/insights/csv.ts'

t.test('cells are written so that every reader gets them back', async t => {
  const table: [value: unknown, cell: string][] = [
    [null, ''],
    [undefined, ''],
    [0, '0'],
    [-5, '-5'],
    [false, 'false'],
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\r\nlines', '"two\r\nlines"'],
    [' blank ', '" blank "'],
    [new Date('2026-11-23T08:00:00Z'), '2026-11-23T08:00:00.000Z'],
    [[{ action: 1, quote: 'x' }], '"[{""action"":1,""quote"":""x""}]"']
  ]
  for (const [value, cell] of table) t.equal(csvCell(value), cell)
  t.equal(csvLine(['a', null, 3]), 'a,,3\r\n')
})

t.test('no text begins like a formula', async t => {
  for (
    const text of [
      '=HYPERLINK("http://evil")',
      '+1',
      '-1+2',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      '\n=1',
      '＝1'
    ]
  ) {
    t.match(csvCell(text), /^"?'/, JSON.stringify(text))
  }
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary' }),
      async text => !/^"?[=+\-@\t\r\n]/.test(csvCell(text))
    )
  )
})
