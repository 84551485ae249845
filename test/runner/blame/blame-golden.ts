import type { BlameRule } from '../../../src/runner/tools/blame-sentences.ts'
import type { Blame } from '../../../src/runner/tools/toolbox.ts'

/**
 * What public servers and frameworks say of a call that failed, as they say it, and whose fault it
 * is.
 */
export interface Golden {
  /** Who says so. */
  source: string
  words: string
  /** HTTP status in place of an answer. */
  status?: number
  /** Of a JSON-RPC error. */
  code?: number
  input?: Record<string, unknown>
  /** Properties of the tool's input schema. */
  properties?: Record<string, object>
  /** What the app had shown before. */
  shown?: string[]
  wasLimited?: boolean
  blame: Blame | null
  rule: BlameRule
}

const sql = (text: string) => ({ sql: text })

export const GOLDEN: Golden[] = [
  // Arguments that were refused
  {
    source: 'typescript-sdk',
    code: -32602,
    words:
      'MCP error -32602: Input validation error: Invalid arguments for tool echo: [{"code":"invalid_type","expected":"string","received":"undefined","path":["message"],"message":"Required"}]',
    blame: 'persona',
    rule: 'invalid_params'
  },
  {
    source: 'typescript-sdk in a result',
    words: 'MCP error -32602: Invalid arguments for tool get-sum',
    blame: 'persona',
    rule: 'invalid_params'
  },
  {
    source: 'server-everything',
    words:
      '[{"code":"invalid_enum_value","received":"x","options":["error","success"],"path":["messageType"]}]',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'server-filesystem',
    words: 'Invalid arguments for read_text_file: Error: Cannot specify both head and tail',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'zod 4',
    words:
      '[{"expected":"number","code":"invalid_type","path":["limit"],"message":"Invalid input: expected number, received string"}]',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'fastmcp (python)',
    words:
      '1 validation error for call[create_note]\ntitle\n  Missing required argument [type=missing_argument, input_value={}, input_type=dict]',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'python-sdk',
    words:
      "Error executing tool add: 1 validation error for addArguments\nb\n  Input should be a valid integer [type=int_parsing, input_value='x', input_type=str]",
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'python-sdk low level',
    words: "Input validation error: 'title' is a required property",
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'fastmcp (typescript)',
    words:
      "Tool 'add' parameter validation failed: a: Invalid input: expected number, received string. Please check the parameter types.",
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'mcp-go',
    words: 'required argument "name" not found',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'mcp-go',
    words: 'argument "count" is not a number',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'github',
    words: 'missing required parameter: owner',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'github',
    words: 'parameter page is not of type float64',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'github rest',
    words:
      'failed to create issue: POST https://api.github.com/repos/o/r/issues: 422 Validation Failed [{Resource:Issue Field:title Code:missing_field}]',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'notion',
    words:
      '{"object":"error","status":400,"code":"validation_error","message":"body failed validation: body.parent.page_id should be a valid uuid, instead was `\\"x\\"`."}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'linear',
    words: 'Argument Validation Error - teamId must be a UUID.',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'slack',
    words: '{"ok":false,"error":"no_text"}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'slack',
    words: '{"ok":false,"error":"invalid_arguments"}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'stripe',
    words:
      '{"error":{"code":"parameter_missing","message":"Missing required param: currency.","param":"currency","type":"invalid_request_error"}}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'playwright',
    words: 'Error: Either "text" or "regex" must be provided',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'a browser server',
    words: 'Provide either text or regex',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'sentry',
    words: 'Input Error: The `organizationSlug` parameter is required.',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'atlassian',
    words: 'Error: Summary is required.',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'jira rest',
    status: 400,
    words: '{"errorMessages":[],"errors":{"issuetype":"Specify an issue type"}}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'spring ai',
    words: 'MethodArgumentNotValidException: Validation failed for argument [0]',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'asp.net core',
    status: 400,
    words:
      '{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1","title":"One or more validation errors occurred.","status":400,"errors":{"Title":["The Title field is required."]}}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: '.net mcp sdk',
    words: "The arguments dictionary is missing a value for the required parameter 'message'.",
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'fastapi',
    status: 422,
    words:
      '{"detail":[{"type":"missing","loc":["body","title"],"msg":"Field required","input":{}}]}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'django rest',
    status: 400,
    words: '{"title":["This field is required."]}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'django rest',
    words: '{"priority":["\\"urgent\\" is not a valid choice."]}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'rails',
    status: 400,
    words: 'param is missing or the value is empty: note',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'rails',
    status: 422,
    words: '{"errors":{"title":["can\'t be blank"]}}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'laravel',
    status: 422,
    words:
      '{"message":"The title field is required.","errors":{"title":["The title field is required."]}}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'nestjs',
    status: 400,
    words: '{"statusCode":400,"message":["title must be a string"],"error":"Bad Request"}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'fastify (ajv)',
    status: 400,
    words:
      '{"statusCode":400,"code":"FST_ERR_VALIDATION","error":"Bad Request","message":"body must have required property \'title\'"}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'ajv',
    words:
      '[{"instancePath":"/limit","schemaPath":"#/properties/limit/maximum","keyword":"maximum","message":"must be <= 100"}]',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  { source: 'joi', words: '"title" is required', blame: 'persona', rule: 'arguments_refused' },
  {
    source: 'rfc 9457',
    status: 422,
    words:
      '{"type":"https://example.net/validation-error","title":"Your request is not valid.","status":422,"errors":[{"detail":"must be a positive integer","pointer":"#/age"}]}',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'json-rpc in a 400',
    status: 400,
    words: '{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"Invalid params: title"}}',
    blame: 'persona',
    rule: 'invalid_params'
  },
  { source: 'a 400 without a word', status: 400, words: '', blame: 'persona', rule: 'bad_request' },
  {
    source: 'jsonschema',
    words: "Additional properties are not allowed ('colour' was unexpected)",
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'german app',
    words: 'Das Feld „Titel“ ist erforderlich.',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'german app',
    words: 'Ungültiger Wert: Menge muss größer als 0 sein.',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'german app',
    words: 'Bitte geben Sie einen Namen an.',
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'german app',
    status: 422,
    words: '{"fehler":"Die Angabe der Kundennummer fehlt."}',
    blame: 'persona',
    rule: 'arguments_refused'
  },

  // Formats, asked for and not
  {
    source: 'sample app',
    words: 'The phone number "030 1" is not in E.164 format.',
    input: { phone: '030 1' },
    properties: { phone: { type: 'string' } },
    blame: 'app',
    rule: 'format_not_asked_for'
  },
  {
    source: 'sample app in german',
    words: 'Die Telefonnummer „030 1“ ist nicht im E.164-Format.',
    input: { phone: '030 1' },
    properties: { phone: { type: 'string' } },
    blame: 'app',
    rule: 'format_not_asked_for'
  },
  {
    source: 'the same with a pattern',
    words: 'The phone number "030 1" is not in E.164 format.',
    input: { phone: '030 1' },
    properties: { phone: { type: 'string', pattern: '^\\+[1-9]' } },
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'the same with a description',
    words: 'The phone number "030 1" is not in E.164 format.',
    input: { phone: '030 1' },
    properties: { phone: { type: 'string', description: 'in E.164' } },
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'a calendar',
    words: 'Invalid date: use YYYY-MM-DD',
    input: { start: 'tomorrow' },
    properties: { start: { type: 'string', format: 'date' } },
    blame: 'persona',
    rule: 'arguments_refused'
  },
  {
    source: 'a calendar that does not say so',
    words: 'Invalid date: use YYYY-MM-DD',
    input: { start: 'tomorrow' },
    properties: { start: { type: 'string' } },
    blame: 'app',
    rule: 'format_not_asked_for'
  },

  // Not found
  {
    source: 'a notes server',
    words: 'Note with id note-77 not found',
    input: { id: 'note-77' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'the same, shown before',
    words: 'Note with id note-77 not found',
    input: { id: 'note-77' },
    shown: ['[{"id":"note-77","title":"Milk"}]'],
    blame: 'app',
    rule: 'not_found'
  },
  {
    source: 'not shown by a part',
    words: 'Note with id 7 not found',
    input: { id: 7 },
    shown: ['17 notes, 70 tags'],
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'server-memory',
    words: 'Entity with name Anna Berg not found',
    input: { observations: [{ entityName: 'Anna Berg', contents: ['likes tea'] }] },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'server-memory in -32603',
    code: -32603,
    words: 'MCP error -32603: Entity with name Anna not found',
    input: { observations: [{ entityName: 'Anna', contents: ['x'] }] },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'server-filesystem',
    words: "ENOENT: no such file or directory, open '/data/diary.txt'",
    input: { path: '/data/diary.txt' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'server-filesystem, listed before',
    words: "ENOENT: no such file or directory, open '/data/diary.txt'",
    input: { path: '/data/diary.txt' },
    shown: ['/data/diary.txt\n/data/b.txt'],
    blame: 'app',
    rule: 'not_found'
  },
  {
    source: 'github',
    words:
      'failed to get issue: GET https://api.github.com/repos/acme/web/issues/9: 404 Not Found []',
    input: { owner: 'acme', repo: 'web', issue_number: 9 },
    shown: ['acme/web'],
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'github graphql',
    words: "Could not resolve to a Repository with the name 'acme/nope'.",
    input: { owner: 'acme', repo: 'nope' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'notion',
    words:
      '{"object":"error","status":404,"code":"object_not_found","message":"Could not find page with ID: 2f1c. Make sure the relevant pages and databases are shared with your integration."}',
    input: { page_id: '2f1c' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'linear',
    words: 'Entity not found: Issue - Could not find referenced Issue.',
    input: { id: 'ENG-99' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'slack',
    words: '{"ok":false,"error":"channel_not_found"}',
    input: { channel_id: 'C0GENERAL' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'stripe',
    words:
      '{"error":{"code":"resource_missing","message":"No such customer: \'cus_123\'","param":"customer","type":"invalid_request_error"}}',
    input: { customer: 'cus_123' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'playwright',
    words: 'Error: Ref e12 not found in the current page snapshot. Try capturing new snapshot.',
    input: { element: 'Save', ref: 'e12' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'playwright, seen before',
    words: 'Error: Ref e12 not found in the current page snapshot. Try capturing new snapshot.',
    input: { element: 'Save', ref: 'e12' },
    shown: ['- button "Save" [ref=e12]'],
    blame: 'app',
    rule: 'not_found'
  },
  {
    source: 'mcp resource',
    code: -32002,
    words: 'MCP error -32002: Resource not found',
    input: { uri: 'note://9' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'mcp resource, shown',
    code: -32002,
    words: 'MCP error -32002: Resource not found',
    input: { uri: 'note://9' },
    shown: ['note://9'],
    blame: 'app',
    rule: 'not_found'
  },
  {
    source: 'a 404 in json',
    status: 404,
    words: '{"detail":"Not found."}',
    input: { id: 'a9' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'a 404 of a proxy',
    status: 404,
    words: '<html><head><title>404 Not Found</title></head></html>',
    input: { id: 'a9' },
    blame: 'app',
    rule: 'other'
  },
  {
    source: 'postgres',
    words: 'relation "invoices" does not exist',
    input: sql('SELECT * FROM invoices'),
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'postgres of the app itself',
    words: 'relation "todo_items" does not exist',
    input: { title: 'Milk' },
    blame: 'app',
    rule: 'not_found'
  },
  {
    source: 'a list without arguments',
    words: 'No projects found',
    blame: 'app',
    rule: 'not_found'
  },
  {
    source: 'german app',
    words: 'Kunde K-1007 wurde nicht gefunden.',
    input: { kundennummer: 'K-1007' },
    blame: 'persona',
    rule: 'made_up'
  },
  {
    source: 'german app',
    words: 'Der Termin existiert nicht.',
    input: { terminId: '55' },
    shown: ['Termin 55: Zahnarzt'],
    blame: 'app',
    rule: 'not_found'
  },

  // Accounts
  { source: 'http', status: 401, words: '', blame: 'account', rule: 'account_refused' },
  {
    source: 'http',
    status: 403,
    words: 'Your plan has no seats left',
    blame: 'account',
    rule: 'account_refused'
  },
  {
    source: 'github',
    words: 'failed to create issue: 403 Resource not accessible by personal access token []',
    blame: 'account',
    rule: 'not_allowed'
  },
  { source: 'github', words: 'Bad credentials', blame: 'account', rule: 'not_allowed' },
  {
    source: 'notion',
    words:
      '{"object":"error","status":401,"code":"unauthorized","message":"API token is invalid."}',
    blame: 'account',
    rule: 'account_refused'
  },
  {
    source: 'slack',
    words: '{"ok":false,"error":"missing_scope","needed":"chat:write"}',
    blame: 'account',
    rule: 'not_allowed'
  },
  {
    source: 'slack',
    words: '{"ok":false,"error":"invalid_auth"}',
    blame: 'account',
    rule: 'not_allowed'
  },
  {
    source: 'server-filesystem',
    words: 'Access denied - path outside allowed directories: /etc/passwd not in /data',
    input: { path: '/etc/passwd' },
    blame: 'account',
    rule: 'not_allowed'
  },
  {
    source: 'linux',
    words: "EACCES: permission denied, open '/data/x'",
    blame: 'account',
    rule: 'not_allowed'
  },
  {
    source: 'postgres',
    words: 'permission denied for table users',
    blame: 'account',
    rule: 'not_allowed'
  },
  {
    source: 'postgres, read only',
    words: 'cannot execute INSERT in a read-only transaction',
    blame: 'account',
    rule: 'not_allowed'
  },
  {
    source: 'django rest',
    words: '{"detail":"You do not have permission to perform this action."}',
    blame: 'account',
    rule: 'not_allowed'
  },
  {
    source: 'german app',
    words: 'Dafür haben Sie keine Berechtigung.',
    blame: 'account',
    rule: 'not_allowed'
  },
  {
    source: 'german app',
    words: 'Zugriff auf das Projekt verweigert',
    blame: 'account',
    rule: 'not_allowed'
  },

  // Rates
  {
    source: 'github, the first',
    words: '403 API rate limit exceeded for user ID 1.',
    blame: null,
    rule: 'rate_limited'
  },
  {
    source: 'github, the second',
    words: '403 API rate limit exceeded for user ID 1.',
    wasLimited: true,
    blame: 'app',
    rule: 'rate_limited'
  },
  { source: 'http', status: 429, words: '', wasLimited: true, blame: 'app', rule: 'rate_limited' },
  {
    source: 'slack',
    words: '{"ok":false,"error":"ratelimited"}',
    blame: null,
    rule: 'rate_limited'
  },
  {
    source: 'google',
    words: 'Quota exceeded for quota metric "Read requests"',
    blame: null,
    rule: 'rate_limited'
  },
  {
    source: 'german app',
    words: 'Zu viele Anfragen. Bitte warten Sie.',
    blame: null,
    rule: 'rate_limited'
  },

  // The app itself
  {
    source: 'typescript-sdk',
    code: -32602,
    words: 'MCP error -32602: Tool todo.list not found',
    blame: 'app',
    rule: 'output_contract'
  },
  {
    source: 'typescript-sdk',
    code: -32602,
    words: 'MCP error -32602: Output validation error: no structured content',
    blame: 'app',
    rule: 'output_contract'
  },
  {
    source: 'postgres of the app itself',
    words: 'invalid input syntax for type uuid: "x"',
    blame: 'app',
    rule: 'output_contract'
  },
  {
    source: 'sample app',
    words: 'Internal error: could not save event (CAL-500)',
    blame: 'app',
    rule: 'server_error'
  },
  {
    source: 'http',
    status: 503,
    words: 'upstream connect error',
    blame: 'app',
    rule: 'server_error'
  },
  {
    source: 'sentry',
    words: 'API request failed: 502 Bad Gateway',
    blame: 'app',
    rule: 'server_error'
  },
  {
    source: 'axios',
    words: 'Request failed with status code 500',
    blame: 'app',
    rule: 'server_error'
  },
  {
    source: 'node',
    words: 'connect ECONNREFUSED 127.0.0.1:5432',
    blame: 'app',
    rule: 'server_error'
  },
  {
    source: 'node',
    words: "Cannot read properties of undefined (reading 'id')",
    blame: 'app',
    rule: 'server_error'
  },
  {
    source: 'node',
    words: 'Unexpected token < in JSON at position 0',
    blame: 'app',
    rule: 'server_error'
  },
  {
    source: 'python',
    words: "Error executing tool save: 'NoneType' object has no attribute 'id'",
    blame: 'app',
    rule: 'other'
  },
  {
    source: 'playwright',
    words: 'TimeoutError: browserType.launch: Timeout 30000ms exceeded.',
    blame: 'app',
    rule: 'server_error'
  },
  { source: 'sqlite', words: 'database is locked', blame: 'app', rule: 'server_error' },
  {
    source: 'german app',
    words: 'Interner Fehler. Der Auftrag ist nicht gespeichert.',
    blame: 'app',
    rule: 'server_error'
  },
  {
    source: 'a conflict',
    words: 'A note with this title already exists',
    blame: 'app',
    rule: 'other'
  },
  { source: 'no words', words: '', blame: 'app', rule: 'other' },

  // Queries
  {
    source: 'postgres server',
    words: 'syntax error at or near "FORM"',
    input: sql('SELECT * FORM users'),
    blame: 'persona',
    rule: 'query_refused'
  },
  {
    source: 'an app that builds its SQL from texts',
    words: 'syntax error at or near "Brien"',
    input: { title: "O'Brien" },
    blame: 'app',
    rule: 'other'
  }
]
