/**
 * The rules that decide whose fault a call was, with a sentence for operators. Data;
 * `docs/ratings.md` has them.
 */
export const BLAME_SENTENCES = {
  output_contract:
    'The app broke its own contract: its output schema, a tool of its list, or its SQL.',
  rate_limited:
    'The app limits how often it is called: nobody’s fault the first time in a run, then the app’s.',
  server_error:
    'Something in the app went wrong, or took too long: a status of 500 and more, or its words.',
  account_refused: 'The app refused the persona’s account: 401 or 403.',
  invalid_params: 'The app refused the arguments by the code of the protocol for that, -32602.',
  arguments_refused:
    'The app refused the arguments: they were missing, invalid, or not what it expected.',
  not_allowed: 'The app’s words say that the persona’s account may not do this.',
  made_up:
    'The app did not find a value that stood neither in an earlier result of this run nor in its list of tools.',
  not_found:
    'The app did not find a value that it had shown before, or something that the call did not ask for.',
  query_refused: 'The persona wrote a query in a language such as SQL, and its syntax is wrong.',
  format_not_asked_for:
    'The app wants a format of an argument that the tool’s schema does not ask for.',
  bad_request: 'The app refused the request with status 400 or 422.',
  other: 'The app said that the call failed, and no other rule fits its words.',
  no_answer: 'The app did not answer, or its answer broke off.',
  too_large: 'The app answered with more than the runner takes in.',
  own_schema:
    'The arguments do not fit the tool’s input schema; the runner checked that before the call.',
  unknown_tool: 'The model called a tool that the app does not have.',
  denied_tool: 'The model called a tool that the policy does not allow.',
  too_many_calls: 'The model made more calls in one message than one person makes.',
  withheld: 'The call would have carried the system prompt to the app.',
  asks_user: 'The tool asks its user for something that a persona cannot give.',
  one_session: 'The app serves one session at a time, and another one had it.',
  interrupted: 'The runner was interrupted before the app answered.',
  run_ended: 'The run ended before the app answered.'
} as const

export type BlameRule = keyof typeof BLAME_SENTENCES

/** @returns null: none is known, or one that only another version knows */
export function knownRule (rule: string | null): BlameRule | null {
  return rule !== null && Object.hasOwn(BLAME_SENTENCES, rule) ? rule as BlameRule : null
}

export function blameSentence (rule: string | null): string | null {
  const known = knownRule(rule)
  return known === null ? null : BLAME_SENTENCES[known]
}
