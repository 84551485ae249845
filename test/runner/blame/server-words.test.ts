import t from 'tap'
import { statusIn, wordsOf } from '../../../src/runner/blame/server-words.ts'

t.test('the words of a refusal are found in every common shape', async t => {
  for (
    const [body, words] of [
      ['', ''],
      ['Access is only allowed at localhost:4103\n', 'Access is only allowed at localhost:4103'],
      [
        '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Not acceptable"}}',
        'Not acceptable'
      ],
      [
        'event: message\ndata: {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params"}}\n\n',
        'Invalid params'
      ],
      [
        '{"error":"invalid_token","error_description":"The token has expired"}',
        'The token has expired: invalid_token'
      ],
      [
        '{"type":"about:blank","title":"Not valid","detail":"age is negative","status":422}',
        'Not valid: age is negative'
      ],
      [
        '{"detail":[{"type":"missing","loc":["body","title"],"msg":"Field required"}]}',
        'title: Field required'
      ],
      [
        '{"title":["This field is required."],"due":["Enter a date."]}',
        'title: This field is required.; due: Enter a date.'
      ],
      [
        '{"priority":["Not a choice."],"due":["Enter a date."]}',
        'priority: Not a choice.; due: Enter a date.'
      ],
      [
        '{"statusCode":400,"message":["a must be a string"],"error":"Bad Request"}',
        'a must be a string: Bad Request'
      ],
      [
        '{"errors":{"Title":["The Title field is required."]},"title":"One or more validation errors occurred."}',
        'One or more validation errors occurred.: Title: The Title field is required.'
      ],
      [
        '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>',
        '502 Bad Gateway'
      ],
      [
        '<html><style>b { color: red }</style><body><h1>Wait &amp; see</h1> a while</body></html>',
        'Wait & see a while'
      ],
      ['{broken', '{broken'],
      ['[]', '[]'],
      ['Authorization: Bearer abcdefgh was refused', 'Authorization: [key] was refused']
    ] as const
  ) t.equal(wordsOf(body), words, body)
})

t.test('they are one line of at most 300 characters', async t => {
  const long = wordsOf(`a\n\tb ${'ü😀'.repeat(400)}`)
  t.equal([...long].length, 300)
  t.ok(long.startsWith('a b ü') && long.endsWith('…'))
})

t.test('deep and wide JSON is no danger', async t => {
  t.ok(wordsOf(`${'{"error":'.repeat(5000)}1${'}'.repeat(5000)}`).length <= 300)
  t.ok(
    wordsOf(JSON.stringify({ errors: Array.from({ length: 5000 }, (_, n) => `no ${n}`) })).length <=
      300
  )
})

t.test('a status is read where words tell one, and no other number', async t => {
  for (
    const [words, status] of [
      ['GitHub API error: 422 Validation Failed', 422],
      ['Request failed with status code 404', 404],
      ['HTTP 503', 503],
      ['{"status":400}', 400],
      ['429 Too Many Requests', 429],
      ['Error (401)', 401],
      ['Internal error: could not save event (CAL-500)', null],
      ['500 notes', null],
      ['There are 404 notes', null],
      ['code 4041', null]
    ] as const
  ) t.equal(statusIn(words), status, words)
})

t.test('tags that never close are read once', async t => {
  for (
    const tag of [
      '<',
      '<title',
      '<script>',
      '<script',
      '</script',
      '<style>x</styl',
      '<!--',
      '&amp;',
      '<a <b'
    ]
  ) {
    t.ok(wordsOf('<html>' + tag.repeat(2_000_000 / tag.length)).length <= 300, tag)
  }
  t.equal(wordsOf('<html><h1>Wait</h1><script>let a = "<b>"'), 'Wait')
})
