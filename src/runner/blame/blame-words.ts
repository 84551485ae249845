/**
 * How apps say why a call failed: the usual wordings of public servers and frameworks, in English
 * and German. Data; the rules that use them stand in `blame-rules.ts`. `\b` knows no umlauts, so no
 * pattern has one beside an umlaut.
 */

const anyOf = (...patterns: string[]) => new RegExp(patterns.join('|'), 'i')

/**
 * The app's own doing, though it sounds like a wrong argument: its own schema, a tool that it
 * listed, its SQL.
 */
export const OUTPUT_CONTRACT = anyOf(
  String.raw`\boutput (?:validation|schema)\b`,
  String.raw`\bstructured content\b`,
  String.raw`\btool \S+ (?:not found|disabled)\b`,
  String.raw`\bunknown tool\b`,
  String.raw`\binvalid input (?:syntax|value for enum)\b`
)

export const RATE_LIMITED = anyOf(
  String.raw`\brate[-_ ]?limit(?:s|ed|ing)?\b(?!["']?\s*(?:must|is required))`,
  String.raw`\btoo many requests\b`,
  String.raw`\bthrottl(?:ed|ing)\b`,
  String
    .raw`\b(?:quota|usage limit|request limit)\b[^.\n]{0,40}\b(?:exceeded|reached|exhausted|used up)\b`,
  String.raw`\bexceeded\b[^.\n]{0,40}\b(?:quota|limit of requests|usage limit)\b`,
  String.raw`\bRESOURCE_EXHAUSTED\b`,
  String.raw`\bzu viele anfragen\b`,
  String.raw`\banfragelimit\b`,
  String.raw`\bkontingent\b[^.\n]{0,40}(?:aufgebraucht|ersch(?:ö|oe)pft|(?:ü|ue)berschritten)`
)

/**
 * The wordings and shapes of libraries that check arguments. They win over single words such as
 * "not found" in them.
 */
export const VALIDATION = anyOf(
  String
    .raw`\b(?:invalid|bad|wrong) (?:arguments?|input|params?|parameters?|request (?:body|parameters?))\b`,
  String.raw`\binput (?:is not valid|validation)\b`,
  String.raw`\bvalidation (?:errors?|failed|failure|exception)\b`,
  String.raw`\b(?:validation_error|parameter_missing)\b`,
  // zod, pydantic and FastAPI, ajv, Python's jsonschema
  String.raw`"code"\s*:\s*"invalid_(?:type|value|format|string|enum_value|union|literal)"`,
  String.raw`"code"\s*:\s*"(?:too_small|too_big|unrecognized_keys)"`,
  String.raw`\btype=(?:missing|value_error|\w+_type|\w+_parsing)\b`,
  String.raw`"loc"\s*:\s*\[`,
  String.raw`"instancePath"\s*:`,
  String.raw`\bmust have required propert`,
  String.raw`\badditional propert`,
  String.raw`\bis a required property\b`,
  String.raw`\bis not (?:of type|one of)\b`,
  String.raw`\bextra (?:inputs|fields) (?:are )?not permitted\b`,
  String.raw`\bunrecognized key`,
  // mcp-go, GitHub's server, Rails, Laravel, Spring
  String.raw`\brequired (?:argument|parameter) \S+ (?:not found|is missing)\b`,
  String.raw`\bmissing required (?:argument|parameter|field|property|value|keyword)`,
  String.raw`\bparam is missing\b`,
  String.raw`\bcan't be blank\b`,
  String.raw`\bthe given data was invalid\b`,
  String.raw`\bMethodArgumentNotValid`,
  String.raw`\bvalue\b[^.\n]{0,60}\bnot allowed\b`,
  String.raw`\bnot an allowed value\b`,
  String.raw`\bis not a valid choice\b`,
  String
    .raw`\b(?:ung(?:ü|ue)ltig|falsch|fehlend)e[rsn]? (?:argument|parameter|eingabe|angabe|pflichtfeld)`,
  String.raw`\bpflichtfeld`,
  String.raw`\bvalidierungsfehler\b`,
  String.raw`\bwert\b[^.\n]{0,60}\bnicht (?:erlaubt|zul(?:ä|ae)ssig)`
)

export const NOT_ALLOWED = anyOf(
  String.raw`\bpermissions?\b[^.\n]{0,30}\b(?:denied|required|missing)\b`,
  String
    .raw`\b(?:no|missing|insufficient|lacks?|without|have)(?: the)? (?:required |necessary )?permissions?\b`,
  String
    .raw`\b(?:no|missing|insufficient|lacks?|without)(?: the)? (?:required |necessary )?(?:rights?|privileges?|scopes?)\b`,
  String.raw`\bforbidden\b`,
  String.raw`\bunauthori[sz]ed\b`,
  String.raw`\bnot authori[sz]ed\b`,
  String.raw`\bunauthenticated\b`,
  String.raw`\baccess\b[^.\n]{0,40}\bdenied\b`,
  String.raw`\bauthentication (?:is )?(?:required|failed)\b`,
  String.raw`\bbad credentials\b`,
  String.raw`\bnot (?:logged|signed) in\b`,
  String.raw`\bplease (?:log|sign) in\b`,
  String.raw`\b(?:is|are|was|were|action|operation|operations|you're) not (?:allowed|permitted)\b`,
  String.raw`\bonly allowed\b`,
  String.raw`\bnot accessible by\b`,
  String
    .raw`\b(?:invalid|expired|missing|bad|revoked)[ _](?:token|credentials?|key|scope|auth|grant)\b`,
  String
    .raw`\b(?:invalid|expired|missing|bad|revoked)[ _](?:access|api|auth|bearer|refresh)[ _-]?(?:token|credentials?|key)\b`,
  String.raw`\b(?:api )?key (?:is )?(?:invalid|expired)\b`,
  String.raw`\btoken\b[^.\n]{0,20}\b(?:invalid|expired|revoked)\b`,
  String.raw`\b(?:missing_scope|not_authed|restricted_action|not_in_channel)\b`,
  String.raw`\bE(?:ACCES|PERM)\b`,
  String.raw`\bread-only transaction\b`,
  String.raw`\bkeine (?:berechtigung|rechte|zugriffsrechte|erlaubnis)\b`,
  String.raw`\bnicht (?:berechtigt|erlaubt|gestattet|autorisiert|angemeldet)\b`,
  String.raw`\bfehlende (?:berechtigung|rechte)\b`,
  String.raw`\bzugriff\b[^.\n]{0,40}\bverweigert\b`,
  String
    .raw`\b(?:ung(?:ü|ue)ltige[rs]?|abgelaufene[rs]?) (?:token|zugangsdaten|anmeldung|sitzung)\b`,
  String.raw`\bberechtigung fehlt\b`,
  String.raw`\banmeldung erforderlich\b`
)

export const NOT_FOUND = anyOf(
  String.raw`\bnot[ _]found\b`,
  String.raw`_not_found\b`,
  String.raw`\bno such\b`,
  String.raw`\b(?:does|do|did)(?: not|n't) exist\b`,
  String.raw`\bnot exist\b`,
  String.raw`\b(?:cannot|can't|can not|could not|couldn't|unable to) (?:find|locate|resolve)\b`,
  String.raw`\b(?:cannot|could not|couldn't) be found\b`,
  String.raw`\bno \S+(?: \S+)? (?:found|exists)\b`,
  String.raw`\bENOENT\b`,
  String.raw`\bresource_missing\b`,
  String
    .raw`\bunknown (?:id|user|channel|project|issue|page|note|item|entity|record|resource|file|repository)\b`,
  String.raw`\bunknown (?:customer|contact|event|list|board|database|table|uri)\b`,
  String.raw`\bthere is no\b`,
  String.raw`\bno longer exists\b`,
  String.raw`\bnicht gefunden\b`,
  String.raw`\bexistiert nicht\b`,
  String.raw`\bexistieren nicht\b`,
  String.raw`\bgibt es nicht\b`,
  String.raw`\bnicht vorhanden\b`,
  String.raw`\bkeine?n? \S+(?: \S+){0,4} gefunden\b`,
  String.raw`\bunbekannte[rs]? (?:id|kunde|kennung|eintrag|nutzer|benutzer|projekt|notiz)\b`
)

export const INTERNAL = anyOf(
  String.raw`\binternal (?:server )?error\b`,
  String.raw`\b(?:timed out|timeouterror|deadline exceeded)\b`,
  String.raw`\btime-?out (?:of|exceeded|after|error|while|waiting|reached)\b`,
  String.raw`\b(?:request|gateway|connection) time-?out\b`,
  String.raw`\bE(?:TIMEDOUT|CONNREFUSED|CONNRESET|NOTFOUND|PIPE|MFILE|NOSPC)\b`,
  String.raw`\bEAI_AGAIN\b`,
  String.raw`\bconnection (?:refused|reset|closed|error|terminated|lost)\b`,
  String.raw`\bfetch failed\b`,
  String.raw`\bbad gateway\b`,
  String.raw`\bservice unavailable\b`,
  String.raw`\btemporarily unavailable\b`,
  String.raw`\btraceback\b`,
  String.raw`\b(?:Type|Reference|Range|Attribute|Key|Index|Operational|Integrity)Error\b`,
  String.raw`\bNull(?:Reference|Pointer)Exception\b`,
  String.raw`\bSQLSTATE\b`,
  String.raw`\bcannot read propert`,
  String.raw`\bunexpected (?:token|end of json|error)\b`,
  String.raw`\bnil pointer\b`,
  String.raw`\bpanic:`,
  String.raw`\bunhandled\b`,
  String.raw`\bdeadlock\b`,
  String.raw`\bdatabase is locked\b`,
  String.raw`\bsomething went wrong\b`,
  String.raw`\binvalid (?:response|json response|server response|state)\b`,
  String.raw`\bintern(?:er|al) (?:server)?fehler\b`,
  String.raw`\bunerwarteter fehler\b`,
  String.raw`\bzeit(?:ü|ue)berschreitung\b`,
  String.raw`\bnicht erreichbar\b`
)

/** Single words about an argument. */
export const ARGUMENTS = anyOf(
  String.raw`\binvalid\b`,
  String.raw`\binvalid_\w+`,
  String.raw`\bmalformed\b`,
  String.raw`\b(?:is|are|field|be|was) required\b`,
  String
    .raw`\brequire[sd]\b[:.]? (?:a|an|at least|exactly|either|one|field|parameter|argument|property)\b`,
  String.raw`\brequired (?:field|property|value|parameter|argument)`,
  String.raw`\b(?:is|are) missing\b`,
  String.raw`\bmissing (?:argument|parameter|field|property|value|key)`,
  String.raw`\bno_text\b`,
  String
    .raw`\b(?:must|should) (?:be|not be|have|contain|match|include|start|end|provide|specify|not)\b`,
  String.raw`\bmust either\b`,
  String.raw`\bexpected\b[^.\n]{0,80}\b(?:got|received|found|but|type|format|one of)\b`,
  String.raw`\bexpected\b[^.\n]{0,80}\b(?:string|number|integer|boolean|array|object|date)\b`,
  String.raw`\bexpected (?:a|an|one of)\b`,
  String
    .raw`\b(?:provide|specify|supply|pass) (?:either|at least|exactly|one of|only one|a|an|the)\b`,
  String.raw`\bplease (?:provide|specify|enter|choose)\b`,
  String
    .raw`\b(?:cannot|can't|may not|must not) be (?:empty|blank|null|negative|zero|both|used together|in the past)\b`,
  String.raw`\bmutually exclusive\b`,
  String.raw`\bat least one\b`,
  String.raw`\b(?:is )?too (?:short|long|large|small|big)\b`,
  String.raw`\bout of range\b`,
  String.raw`\bnot a valid\b`,
  String.raw`\bis not valid\b`,
  String.raw`\bis not an? (?:string|number|integer|boolean|array|object|date)\b`,
  String
    .raw`\b(?:unknown|unexpected|unsupported) (?:argument|parameter|field|property|option|key|keyword)\b`,
  String.raw`\b(?:unknown|unexpected|unsupported) (?:value|type|column|operator|filter)\b`,
  String.raw`\bdoes(?: not|n't) match\b`,
  String.raw`\b(?:cannot|could not|couldn't|failed to|unable to) parse\b`,
  String.raw`\bung(?:ü|ue)ltig`,
  String.raw`\bkeine? g(?:ü|ue)ltige`,
  String.raw`\berforderlich\b`,
  String.raw`\bdarf nicht\b`,
  String.raw`\bd(?:ü|ue)rfen nicht\b`,
  String.raw`\bmuss\b`,
  String.raw`\bm(?:ü|ue)ssen\b`,
  String.raw`\berwartet`,
  String.raw`\bfehlt\b`,
  String.raw`\bfehlen\b`,
  String.raw`\bbitte (?:geben|gib|w(?:ä|ae)hlen|trage)`,
  String.raw`\bzu (?:kurz|lang|gro(?:ß|ss)|klein)\b`,
  String.raw`\bunbekannte[rs]? (?:parameter|feld|argument|option)\b`
)

/** About how the content of an argument is written. */
export const FORMAT = anyOf(
  String.raw`\bformat(?:s|ted)?\b`,
  String.raw`\bpattern\b`,
  String.raw`\bE\.?164\b`,
  String.raw`\bISO[- ]?8601\b`,
  String.raw`\bRFC[- ]?\d{3,4}\b`,
  String.raw`\b(?:YYYY|TT\.MM|DD/MM|HH:MM)`,
  String.raw`\b(?:in)?valid (?:e-?mail|phone|date|time|url|uri|uuid|iban|time ?zone|currency)`,
  String
    .raw`(?:\bung|\bg)(?:ü|ue)ltige[rsn]? (?:e-?mail|telefonnummer|datum|uhrzeit|zeit|adresse|url|iban)`,
  String.raw`\bschreibweise\b`
)

export const QUERY_SYNTAX = anyOf(
  String.raw`\bsyntax error\b`,
  String.raw`\berror in the (?:jql|sql) (?:query|syntax)\b`,
  String.raw`\bsyntaxfehler\b`
)
