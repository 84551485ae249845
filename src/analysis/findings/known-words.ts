/** Words with digits, and what stands around values and names in the messages of programs. Data. */

const STANDARDS = [
  'RFC|ISO|DIN|IEC|IEEE|BCP|FIPS|PEP|ECMA|UTF|UCS|SHA|AES|DES|RSA|EAN|UPC|GTIN|ISBN|CP|WGS',
  'TLS|TLSv|SSL|SSLv|HTTP|IPv|OAuth|WPA|USB|Windows|EN'
].join('|')

/** `UTF-8`, `RFC3339`, `ISO-8601`, `SHA-256`, `HTTP/1.1`, `E.164`, `HS256`, `CVE-2026-1234`. */
export const STANDARD = new RegExp(
  [
    String.raw`^(?:(?:${STANDARDS})[-/]?\d[\d.]{0,7}(?:-\d{1,2})?|[EHX]\.\d{3}|MD5|ES\d{1,2}`,
    String.raw`(?:HS|RS|ES|PS)\d{3}|A\d|CVE-\d{4}-\d{4,7}|CWE-\d{1,5})$`
  ].join('|'),
  'i'
)

/** A number after one of these is a part of its name: `RFC 3339`, `TLS 1.2`, `§ 19`. */
export const STANDARD_BODIES = new Set([
  ...['RFC', 'ISO', 'DIN', 'EN', 'IEC', 'IEEE', 'BCP', 'FIPS', 'PEP', 'ECMA', 'WCAG'],
  ...['TLS', 'SSL', 'HTTP', 'OAuth', 'OpenAPI', 'JSON-RPC', 'SOAP', 'Unicode', '§', 'Art', 'BSI']
])

/** Words that happen to have a digit. In lower case. */
export const WORDS = new Set(
  `utf8 utf16 utf8mb4 sha1 sha224 sha256 sha384 sha512 sha3 md5 base32 base64 base64url int8 int16
  int32 int64 uint8 uint16 uint32 uint64 float32 float64 i32 i64 u8 u32 u64 ipv4 ipv6 oauth1 oauth2
  http2 http3 s3 ec2 r2 d1 k8s i18n l10n a11y x86 x64 x86_64 x86-64 amd64 arm64 win32 win64 h264
  h265 mp3 mp4 m4a html5 css3 es5 es6 log4j psycopg2 python2 python3 boto3 pkcs8 pkcs12 p12 x509
  b2b b2c c2c 2fa 3d 2d argon2 argon2id latin1 sqlite3 neo4j web3 co2 ed25519 secp256k1 chacha20
  poly1305 bip39 js2 e2e p2p h2 tls12 tls13 iso8601 rfc3339 rfc5322 rfc2822 e164 cp1252 jquery3
  crc32 adler32 murmur3 xxh64 unicode16 utf32 16bit 32bit 64bit sqlstate2 level2`
    .split(/\s+/)
)

/** Fields that come in several: `address_line_2`, `street2`. */
export const COUNTED =
  /^[a-z_]{0,40}(?:line|street|address|addr|phone|email|field|column|col|option|name|part|level|tier)_?\d$/i

/** `ERR_HTTP2_STREAM_ERROR`, `ORA-00942`, `TS2345`, `E11000`, `P2002`. */
export const CODE =
  /^(?:(?:ERR|ERROR|CODE|FEHLER|ORA|PLS|TS|CS|MSB|PGRST|E|FST|SQLITE|KB)[-_]?\d{2,6}|P\d{4}|[A-Z]{2,20}(?:_[A-Z]{1,20}\d?){1,8}(?:_[A-Z\d]{1,20})?)$/

/** Before a code that may look like a number or like an id. In lower case. */
export const BEFORE_CODE = new Set([
  ...[
    'status',
    'statuscode',
    'code',
    'http',
    'https',
    'errno',
    'sqlstate',
    'exit',
    'signal',
    'rpc'
  ],
  ...['hresult', 'errorcode', 'fehlercode', 'fehlernummer', 'statuskode', 'state', 'http/1.1'],
  ...['http/2', 'http/1.0', 'http/3']
])
/** Before a code too, but `Error: 3 rows failed` counts rows. */
export const BEFORE_BARE_CODE = new Set(['error', 'fehler', 'fault', 'err'])
/** Before a status of HTTP: `failed with 503`. */
export const BEFORE_STATUS = new Set([
  ...['with', 'returned', 'responded', 'got', 'received', 'answered', 'mit', 'lieferte'],
  ...['meldete', 'antwortete', 'returns', 'gave']
])
/** After a status of HTTP. */
export const REASONS = new Set([
  ...['Bad', 'Unauthorized', 'Payment', 'Forbidden', 'Not', 'Method', 'Request', 'Conflict'],
  ...['Gone', 'Length', 'Precondition', 'Payload', 'Content', 'URI', 'Unsupported', 'Range'],
  ...['Unprocessable', 'Validation', 'Locked', 'Failed', 'Too', 'Internal', 'Service', 'Gateway'],
  ...['HTTP', 'Insufficient', 'Network', 'Connection', 'Web', 'Origin', 'A', 'SSL', 'Upgrade']
])

/** Before a number that is a version. In lower case. */
export const BEFORE_VERSION = new Set([
  ...[
    'version',
    'release',
    'node',
    'python',
    'php',
    'java',
    'ruby',
    'go',
    'postgresql',
    'postgres'
  ],
  ...['mysql', 'mariadb', 'sqlite', 'chrome', 'firefox', 'safari', 'ios', 'android', 'ubuntu']
])

/** A number in parentheses after one of these is a part of the type. In lower case. */
export const TYPES = new Set([
  'varying',
  'varchar',
  'char',
  'character',
  'numeric',
  'decimal',
  'bit'
])

/** Before a quoted name of the program's own, which is no value of a caller. In lower case. */
export const BEFORE_NAME = new Set([
  ...['column', 'columns', 'field', 'fields', 'property', 'properties', 'parameter', 'parameters'],
  ...['param', 'argument', 'arguments', 'relation', 'table', 'constraint', 'index', 'attribute'],
  ...['function', 'method', 'module', 'package', 'class', 'tool', 'type', 'enum', 'schema'],
  ...['variable', 'option', 'header', 'reading', 'setting', 'sequence', 'view', 'trigger', 'role'],
  ...['database', 'extension', 'operator', 'format', 'keyerror', 'invoke', 'because', 'import'],
  ...['references', 'feld', 'felder', 'spalte', 'tabelle', 'eigenschaft', 'werkzeug', 'typ'],
  ...['attribut', 'pflichtfeld', 'expected', '|', 'key', 'in', 'scope']
])
/** After one, in lower case. */
export const AFTER_NAME = [
  ...['is a required property', 'is required', 'is not defined', 'is not a function'],
  ...['is undefined', 'object has no attribute', 'field', 'parameter', 'property', 'column'],
  ...['argument', 'attribute', 'header', 'is not an object', 'is null', 'was unexpected'],
  ...['ist erforderlich', 'feld', 'parameter', 'ist ein pflichtfeld']
]
/** Names with a blank in them. */
export const CLAUSES = new Set(['field list', 'where clause', 'order clause', 'on clause'])

/** Before a name without quotation marks: `index: email_1`. */
export const BEFORE_BARE_NAME = new Set(['index', 'constraint', 'column', 'table', 'relation'])

/** After the first of these a value is written out. It ends with the second, or with the text. */
export const VALUES: [before: string, after: string[]][] = [
  [')=(', [') already', ') is ', ') conflicts', ')']],
  ['Failing row contains (', [').', ')']],
  ['dup key: ', []],
  [" near '", ["' at line "]],
  ['input_value=', [', input_type=', ']']],
  ['[parameters: ', [']\n', '] (', ']']]
]

export const MONTHS =
  'jan|january|januar|feb|february|februar|mar|march|märz|apr|april|may|mai|jun|june|juni|jul|july|juli|aug|august|sep|sept|september|oct|october|okt|oktober|nov|november|dec|december|dez|dezember'
export const WEEKDAYS =
  'mon|monday|montag|tue|tuesday|dienstag|wed|wednesday|mittwoch|thu|thursday|donnerstag|fri|friday|freitag|sat|saturday|samstag|sun|sunday|sonntag'

export const FILE_TYPES =
  /\.(?:pdf|png|jpe?g|gif|svg|webp|mp[34]|mov|zip|t?gz|csv|tsv|xlsx?|docx?|pptx?|txt|md|log|json|ya?ml|xml|html?|toml|ini|db|sqlite|bin|tmp|lock|pem|crt|m?[jt]sx?|c[jt]s|py|rb|go|rs|java|kt|php|sql|sh)(?::\d{1,7}){0,2}$/i
/** Named like a file. */
export const NO_FILE = /^(?:node|next|vue|nuxt|express|three|d3|moment|ember|asp)\.(?:js|go|py)$/i
