/**
 * How texts speak that want to steer a model and not to tell a person something. Pure.
 *
 * A `STRONG` phrase is enough. Others stand in innocent texts too: a manual says "call the
 * function" (`MACHINE`: only a program can do that), a game says "you are now the banker"
 * (`STEERING`: somebody is told who to be and what to keep quiet). One of each close together is
 * suspicious. The rules find the usual wordings in German and English and the best known one in
 * other languages; they are no wall. The wall is `runner/tools/tool-policy.ts`, which asks nobody.
 */

export interface Rule {
  kind: string
  pattern: RegExp
}

const START = '(?<![\\p{L}\\p{N}])'

/**
 * A space stands for any white space, ` ?` for perhaps some. Where a word begins is looked at once
 * for all that begin with one.
 */
function rule (kind: string, ...ways: string[]): Rule {
  const [words, others] = [
    ways.filter(way => way.startsWith(START)),
    ways.filter(way => !way.startsWith(START))
  ]
  const beginning = `${START}(?:${words.map(way => way.slice(START.length)).join('|')})`
  const pattern = [...words.length === 0 ? [] : [beginning], ...others].join('|').replaceAll(
    ' ?',
    '\\s*'
  ).replaceAll(' ', '\\s+')
  return { kind, pattern: new RegExp(pattern, 'gimu') }
}

const END = '(?![\\p{L}\\p{N}])'
const EARLIER =
  '(?:previous|prior|preceding|above|earlier|foregoing|original|initial|system|safety|existing)'
const BISHERIG =
  '(?:vorherig|bisherig|vorig|früher|obig|vorangegangen|vorstehend|ursprünglich)e[nr]?'
const AI = '(?:ai|llm|(?:large )?language model|ai[ -](?:assistant|agent|model|system)|chatbot)s?'
const KI =
  '(?:ki(?:[ -](?:assistent|agent|modell|system)\\p{L}*)?|llm|sprachmodelle?|chatbots?)(?![-\\p{L}])'
const OWN_PROMPT =
  '(?:full |entire |complete |exact |own )?(?:system|initial|original|hidden|secret|internal|developer)[ -](?:prompt|message|instructions?|rules)'

export const STRONG: Rule[] = [
  rule(
    'override',
    // "Disregard the previous instructions from the supplier" speaks of somebody's instructions,
    // not of the reader's.
    `${START}(?:ignore|disregard|forget|override|bypass) (?:(?:all|any|every|completely|of|the|your|these|those) ){0,4}${EARLIER} (?:system )?(?:instructions?|prompts?|directives?|guidelines|commands)${END}(?! (?:from|on|in|about|for|regarding|of|given|by|at|sent|that|when))`,
    `${START}(?:ignore|disregard|override) (?:all (?:of )?)?your (?:\\p{L}+ )?(?:instructions|prompt|programming|guidelines)${END}`,
    `${START}forget everything (?:above|before this|you(?:'ve| have| were) (?:been )?(?:told|instructed))`,
    `${START}(?:ignorier(?:e|en|t)?|vergiss|missachte|verwirf|übergeh(?:e)?) (?:\\p{L}+ ){0,3}?${BISHERIG} (?:\\p{L}+ )?(?:anweisung(?:en)?|instruktion(?:en)?|vorgaben|befehle?|prompts?)${END}(?! (?:des|der|von|vom|zu|zur|zum|im|in|auf|aus|für))`,
    `${START}(?:ignoriere|vergiss|missachte) (?:alle )?deine (?:\\p{L}+ )?(?:anweisungen|instruktionen|regeln|vorgaben)`,
    `${START}vergiss alles, was (?:man )?dir `,
    `${START}ignora(?:r|te)? (?:todas |tutte )?(?:las |le |as )?(?:instrucciones|istruzioni|instruções) (?:anteriores|previas|precedenti|prévias)`,
    `${START}(?:ignore[zr]?|oublie[zr]?) (?:toutes )?(?:les |tes |vos )?(?:instructions|consignes) (?:précédentes|antérieures)`,
    `${START}ignore (?:todas )?as instruções anteriores`,
    `${START}negeer (?:alle )?(?:vorige|eerdere|voorgaande|bovenstaande) (?:instructies|opdrachten)`,
    `${START}zignoruj (?:wszystkie )?(?:poprzednie|wcześniejsze) (?:instrukcje|polecenia)`,
    `${START}(?:игнорируй|забудь|проигнорируй)(?:те)? (?:все )?(?:предыдущие|прежние) (?:инструкции|указания)`,
    `${START}önceki (?:tüm )?(?:talimatları|komutları) (?:yok say|unut)`,
    '忽略(?:之前|以上|先前|前面)(?:的)?(?:所有)?(?:的)?(?:指令|指示|说明)',
    '(?:以前|これまで|上記)の(?:すべての)?(?:指示|命令)を(?:無視|忘れ)'
  ),
  rule(
    'role_tag',
    '<\\|(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|eot_id)\\|>',
    '\\[/?INST\\]',
    '<</?SYS>>',
    '<(?:start|end)_of_turn>',
    '</?(?:app-data|tool_results?|function_results?|tool_response|untrusted[\\w-]*)(?:\\s[^>]{0,80})?>',
    `</?(?:system|assistant|developer|admin|operator)(?:[_ -](?:prompt|message|override|reminder|instruction)s?)?>[^<]{0,200}?${START}(?:you|your|du|deine?|ignore|must|instructions?|anweisung(?:en)?)${END}`,
    `^\\W{0,6}(?:system|developer)(?:[ _-](?:message|prompt|note|override|update|notice|instruction)s?)?\\W{0,3}:[^\\n]{0,200}${START}(?:ignore|disregard|override|new instructions?|you must (?:now |immediately )?(?:call|use|send|delete|reveal|obey)|language model|assistant (?:must|should)|du musst|neue anweisung(?:en)?)${END}`
  ),
  rule(
    'model_address',
    `${START}(?:if|since|as|because) you(?:'re| are) (?:an? )?(?:${AI}|automated agent|bot)${END}`,
    `${START}(?:note|message|instructions?|notice|memo|hint|order|request)s? (?:to|for) (?:the|any|all|every|whichever) ${AI}(?:,? (?:reading|processing|summari[sz]ing|handling|that|which|who)[^.\\n:]{0,40})? ?[:,!.]`,
    `${START}(?:attention|dear|hey|hello|listen),? (?:${
      AI.replace('(?:ai|', '(?:ai(?=[:,!])|')
    })${END} ?[:,!]`,
    `${START}${AI} (?:reading|processing|summari[sz]ing) (?:this|these)${END}`,
    `${START}(?:hinweis|anweisung|nachricht|mitteilung|botschaft|befehl|achtung|wichtig)(?:en|e)?:? (?:an|für) (?:die|den|das|alle|jede[ns]?) ${KI}(?:,? (?:die|der|das|welche)[^.\\n:]{0,40})? ?[:!,]`,
    `${START}(?:wenn|falls|da|weil|sofern) du (?:eine?|ein) ${KI}[^.\\n]{0,30} bist${END}`,
    `${START}(?:achtung|hallo|liebe|lieber|liebes|hey),? ${KI}(?<!ki-system) ?[,:!]`,
    `${START}als (?:ki|sprachmodell|ki-\\p{L}+) (?:musst|sollst|darfst|bist) du${END}`
  ),
  rule(
    'prompt_request',
    `${START}(?:reveal|print|show|repeat|output|display|send|share|tell|give|disclose|leak|dump|recite|write|include|paste|copy|append|translate|encode)${END}[^.\\n]{0,50} your ${OWN_PROMPT}`,
    `${START}what (?:is|are|does) your system prompt`,
    `${START}(?:repeat|print|output|copy) (?:everything|the (?:text|words)) (?:above|before this)[^.\\n]{0,40}(?:verbatim|starting with|word for word|code block)`,
    `${START}(?:gib|zeig|nenn|wiederhol|verrat|send|schreib|druck|kopier|schick|füg|trag|übersetz)e?${END}[^.\\n]{0,60} dein(?:e|en|em)? (?:(?:vollständig|komplett|ganz|genau)e?[nrs]? )?(?:system-?prompts?|system-?anweisung(?:en)?|(?:ursprünglich|geheim|intern|versteckt|anfänglich)e?[nrs]? (?:anweisung(?:en)?|instruktion(?:en)?|prompts?))`
  ),
  rule(
    'exfiltration',
    '!\\[[^\\]]{0,100}\\]\\(https?://[^)\\s]{1,300}?(?:\\{|\\[|<|%7b)[^)\\n]{0,60}(?:prompt|history|conversation|token|secret|passwor[dt]|memory|diary|tagebuch|instructions|credentials|session|cookie)',
    `${START}(?:send|post|forward|upload|submit|transmit|append|report|sende|schicke?|übermittle|übertrage|lade)${END}[^\\n]{0,80} (?:your|the|this|deine?n?|die|das|den) (?:\\p{L}+ )?(?:system ?prompt|conversation(?: history)?|chat history|unterhaltung|gesprächsverlauf|diary|tagebuch)${END}[^\\n]{0,80}https?://`
  )
]

export const MACHINE: Rule[] = [
  rule(
    'tool_order',
    `${START}(?:call|invoke|execute|run|use|trigger) (?:the )?(?:tool|function|command)${END}`,
    `${START}(?:call|invoke|execute|run|trigger|use|rufe?|führe|starte|nutze|benutze|verwende)${END}[^.\\n]{0,25}${START}[a-z]+[._][a-z_]{3,}`,
    `${START}(?:rufe?|führe|nutze|benutze|verwende|starte)${END}[^.\\n]{0,20} (?:werkzeug|tool|funktion)${END}`
  ),
  rule(
    'secrets_asked',
    `${START}(?:give|send|tell|show|list|reveal|print|provide|paste|insert|post|share|forward|upload|find|collect|read)${END}[^.\\n]{0,60} (?:tokens?|api keys?|passwords?|credentials|authorization headers?|bearer|cookies?|secrets?)${END}`,
    `${START}(?:nenne?|schicke?|sende|zeige?|gib|trage?|füge?|verrate|sammle|lies|poste|schreibe?)${END}[^.\\n]{0,60} (?:\\p{L}*tokens?|api-?schlüssel|passw(?:ort|örter)|zugangsdaten|cookies?|geheimnisse?)${END}`
  ),
  rule(
    'model_named',
    `${START}(?:ai[ -](?:assistant|agent|model)|language model|llm|chatbot|sprachmodell|ki[ -](?:assistent|agent|modell)|prompt injection|system ?prompt)`,
    `${START}(?:dear|attention) (?:assistant|agent|model)${END}`
  ),
  rule(
    'elsewhere',
    `${START}(?:send|post|forward|upload|submit|report|call|sende|schicke?|rufe?|lade)${END}[^\\n]{0,80}https?://`
  )
]

export const STEERING: Rule[] = [
  rule(
    'secrecy',
    `${START}(?:do not|don't|never|without) (?:tell|mention|inform|alert|notify|ask|reveal)(?:ing)?${END}[^.\\n]{0,40} (?:user|operator|human|anyone|owner|developer|about this|this)${END}`,
    `${START}(?:sage?|erwähne|verrate|melde|informiere)${END}[^.\\n]{0,50} (?:nicht|nichts|davon|niemandem)${END}`,
    `${START}ohne (?:nachzufragen|rückfrage|nachfrage|den (?:be)?nutzer zu fragen)`,
    `${START}(?:silently|secretly|heimlich|unauffällig)${END}`
  ),
  rule(
    'new_role',
    `${START}you are (?:now|no longer)${END}`,
    `${START}from now on,? you${END}`,
    `${START}act as (?:an? |the )?(?:unrestricted|admin|system|root|developer)`,
    `${START}pretend (?:to be|you are|that you)${END}`,
    `${START}(?:developer|debug|god|maintenance|admin|entwickler|wartungs)[ -]?(?:mode|modus)${END}`,
    `${START}(?:jailbreak|DAN mode)`,
    `${START}du bist (?:jetzt|ab sofort|nun|nicht (?:mehr|länger)|ab jetzt)${END}`,
    `${START}ab (?:sofort|jetzt) (?:bist|musst|sollst|befolgst|arbeitest|gehorchst) du${END}`
  ),
  rule(
    'obedience',
    `${START}you (?:must|have to|are required to|need to) (?:now |immediately |first |also )?(?:call|use|send|obey|comply|follow|delete|execute|reply|respond|output|run|transfer|invite|remove)${END}`,
    `${START}th(?:is|ese) (?:instructions? )?(?:overrides?|supersedes?|takes? precedence)`,
    `${START}new (?:system )?instructions?(?: for you)? ?:`,
    `${START}(?:neue|wichtige) (?:system-?)?anweisung(?:en)?(?: für dich)? ?:`,
    `${START}your (?:new|real|actual|only|next) (?:task|goal|mission|objective|instructions?|job) (?:is|are)${END}`,
    `${START}deine (?:neue|eigentliche|wahre|einzige|nächste) aufgabe (?:ist|lautet)`,
    `${START}du (?:musst|sollst|wirst) (?:jetzt|nun|sofort|zuerst|unverzüglich)${END}`,
    `${START}(?:bestätige|antworte) nur mit${END}`,
    `${START}(?:reply|respond|answer) only with${END}`
  ),
  rule(
    'authority',
    `${START}(?:administrator|admin|security team|anthropic|operator|system|compliance)[ -]?(?:override|authori[sz]ation|has (?:approved|authori[sz]ed)|directive|freigabe)${END}`,
    `${START}(?:i am|this is|ich bin|hier ist|hier spricht) (?:the |your |der |dein |die )?(?:system|developer|operator|administrator|admin|entwickler|betreiber)${END}`
  )
]
