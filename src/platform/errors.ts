/**
 * Every error that leaves a module of ours, with its stable code, on one screen. A code is part of
 * the interface: it stands in HTTP bodies, in `runs.error_code` and in logs, and docs/errors.md
 * tells an operator what to do about each.
 */

/**
 * What others run (`model`, or `app` with its sign-in) is out of order for everybody and not for
 * one persona: runs wait for it instead of failing.
 */
export interface Outage {
  service: 'model' | 'app'
  /** How long the service asked to be left alone, in milliseconds. */
  retryAfterMs?: number
}

export abstract class AppError extends Error {
  abstract readonly code: string
  /** The HTTP status where this error reaches a client. */
  readonly status: number = 500
  /** When to try again; undefined: that is not a matter of time. */
  readonly retryAfterSeconds: number | undefined
  /** Undefined: whatever happened concerns this one request or persona. */
  readonly outage: Outage | undefined

  constructor (message: string, options?: ErrorOptions & { outage?: Outage | undefined }) {
    super(message, options)
    this.outage = options?.outage
  }
}

/* What a client sent */
export class BadRequestError extends AppError {
  readonly code = 'BAD_REQUEST'
  override readonly status = 400
}
export class UnauthorizedError extends AppError {
  readonly code = 'UNAUTHORIZED'
  override readonly status = 401
}
export class ForbiddenError extends AppError {
  readonly code = 'FORBIDDEN'
  override readonly status = 403
}
export class MisdirectedError extends AppError {
  readonly code = 'MISDIRECTED'
  override readonly status = 421
  constructor (host: string) {
    super(
      `This server does not answer to the name ${host}. Use the address in PUBLIC_URL, or add the name to ALLOWED_HOSTS and restart.`
    )
  }
}

export class RouteNotFoundError extends AppError {
  readonly code = 'ROUTE_NOT_FOUND'
  override readonly status = 404
  constructor (method: string, url: string) {
    super(`There is no ${method} ${url.split('?')[0]}. GET /docs lists all routes.`)
  }
}

export class RateLimitedError extends AppError {
  readonly code = 'RATE_LIMITED'
  override readonly status = 429
  override readonly retryAfterSeconds: number
  constructor (what: string, retryAfterSeconds: number) {
    super(`Too many requests within a minute ${what}. Try again in ${retryAfterSeconds} s.`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export class OverloadedError extends AppError {
  readonly code = 'OVERLOADED'
  override readonly status = 503
  override readonly retryAfterSeconds = 2
  constructor (limit: number) {
    super(`This process works on ${limit} requests already. Try again in 2 s.`)
  }
}

export class PageNotFoundError extends AppError {
  readonly code = 'PAGE_NOT_FOUND'
  override readonly status = 404
  constructor (path: string) {
    super(`There is no page at ${path}.`)
  }
}

export class PersonaNotFoundError extends AppError {
  readonly code = 'PERSONA_NOT_FOUND'
  override readonly status = 404
  constructor (id: string) {
    super(`No persona has the id or email "${id}". List them with GET /api/v1/admin/personas.`)
  }
}

export class AppNotFoundError extends AppError {
  readonly code = 'APP_NOT_FOUND'
  override readonly status = 404
  constructor (name: string) {
    super(`No app has the name "${name}". List them with GET /api/v1/admin/apps.`)
  }
}

export class AppInUseError extends AppError {
  readonly code = 'APP_IN_USE'
  override readonly status = 409
  constructor (name: string) {
    super(
      `Personas live in the app "${name}". Delete them first; GET /api/v1/admin/personas?app=${name} lists them.`
    )
  }
}

export class AppOfEnvironmentError extends AppError {
  readonly code = 'APP_OF_ENVIRONMENT'
  override readonly status = 409
  constructor (name: string) {
    super(
      `The app "${name}" is what the environment says: change MCP_URL and the variables beside it, and restart. Put another app under another name.`
    )
  }
}

export class PersonaOfAppError extends AppError {
  readonly code = 'PERSONA_OF_APP'
  override readonly status = 409
  constructor (email: string, app: string) {
    super(
      `The persona ${email} lives in another app than "${app}", and stays there. Give one in "${app}" another email.`
    )
  }
}

export class RunNotFoundError extends AppError {
  readonly code = 'RUN_NOT_FOUND'
  override readonly status = 404
  constructor (id: string) {
    super(`No run has the id "${id}". List them with GET /api/v1/admin/runs.`)
  }
}

export class RowConflictError extends AppError {
  readonly code = 'ROW_CONFLICT'
  override readonly status = 409
  constructor (ids: string[], advice: string) {
    const some = `${ids.slice(0, 3).join(', ')}${
      ids.length > 3 ? ` and ${ids.length - 3} more` : ''
    }`
    super(
      `Already stored with other content: ${some}. Nothing of this batch was written. ${advice}`
    )
  }
}

export class RunOpenError extends AppError {
  readonly code = 'RUN_OPEN'
  override readonly status = 409
  constructor (personaId: string) {
    super(
      `Persona ${personaId} already has an open run; wait for it or cancel it with POST /api/v1/admin/runs/:id/cancel.`
    )
  }
}

export class RunNotOpenError extends AppError {
  readonly code = 'RUN_NOT_OPEN'
  override readonly status = 409
  constructor (id: string, state: string) {
    super(`Run ${id} is already ${state}; only an open run can be cancelled.`)
  }
}

export class EmailTakenError extends AppError {
  readonly code = 'EMAIL_TAKEN'
  override readonly status = 409
  constructor (email: string) {
    super(`Another persona already has the email ${email}.`)
  }
}

export class ReleaseExistsError extends AppError {
  readonly code = 'RELEASE_EXISTS'
  override readonly status = 409
  constructor (version: string, at: string) {
    super(
      `Release ${version} is already stored, live at ${at}, and says something else. Give a new release a new version, or change this one with PATCH /api/v1/admin/releases/${version}.`
    )
  }
}

const prefix = (field: string | undefined) => field === undefined ? '' : `${field}: `

export class ReleaseNotFoundError extends AppError {
  readonly code = 'RELEASE_NOT_FOUND'
  override readonly status = 404
  /** @param field of the request that named it, where several could have */
  constructor (app: string, version: string, field?: string) {
    super(
      `${
        prefix(field)
      }The app ${app} has no release ${version}. GET /api/v1/admin/releases?app=${app} lists them.`
    )
  }
}

export class ReleaseNotLiveError extends AppError {
  readonly code = 'RELEASE_NOT_LIVE'
  override readonly status = 409
  /** @param field of the request that named it, where several could have */
  constructor (version: string, field?: string) {
    super(
      `${
        prefix(field)
      }Release ${version} goes live in the future, so nobody has lived in it yet. If its time is wrong, change it with PATCH /api/v1/admin/releases/${version}.`
    )
  }
}

export class FindingNotFoundError extends AppError {
  readonly code = 'FINDING_NOT_FOUND'
  override readonly status = 404
  constructor (id: string) {
    super(`There is no finding ${id}. GET /api/v1/admin/findings lists them.`)
  }
}

/** The message says what is in the way, and what to do instead. */
export class FindingConflictError extends AppError {
  readonly code = 'FINDING_CONFLICT'
  override readonly status = 409
}

export class ToolNotAsSeenError extends AppError {
  readonly code = 'TOOL_NOT_AS_SEEN'
  override readonly status = 409
  constructor (name: string) {
    super(
      `The tool ${name} is not known with this definition: the app has changed it again, or never showed it. Nothing was accepted. Look at GET /api/v1/admin/tools.`
    )
  }
}

/* What is not set up */
export class ConfigError extends AppError {
  readonly code = 'CONFIG_INVALID'
}
export class RunnerOffError extends AppError {
  readonly code = 'RUNNER_OFF'
  override readonly status: number
  constructor (missing: string[], status = 503) {
    super(
      `The runner is off, because ${missing.join(' and ')} ${
        missing.length === 1 ? 'is' : 'are'
      } not set. Set ${
        missing.length === 1 ? 'it' : 'them'
      } in the environment or in .env and restart.`
    )
    this.status = status
  }
}

export class NotReadyError extends AppError {
  readonly code = 'NOT_READY'
  override readonly status = 503
  override readonly retryAfterSeconds = 5
}
export class PausedByEnvironmentError extends AppError {
  readonly code = 'PAUSED_BY_ENVIRONMENT'
  override readonly status = 409
  constructor () {
    super(
      'This process was started with RUNNER_PAUSED=true. Unset it and restart; the admin route cannot override it.'
    )
  }
}

export class EncryptionOffError extends AppError {
  readonly code = 'ENCRYPTION_OFF'
  override readonly status = 409
  /** @param field of the request that holds the secret; it can be left out */
  constructor (field?: string) {
    const what = field === undefined ? 'Secrets are' : `${field} is a secret. Secrets are`
    const orElse = field === undefined ? '' : ` Or leave ${field} out.`
    super(
      `${what} stored encrypted only, and ENCRYPTION_KEYS is not set. Set it to kid:KEY, with a KEY made by openssl rand -base64 32, and restart.${orElse}`
    )
  }
}

export class AccountKindError extends AppError {
  readonly code = 'ACCOUNT_KIND'
  override readonly status = 409
  /** @param field of the request that cannot be stored, and can be left out */
  constructor (configured: string, takes: string, field?: string) {
    const prefix = field === undefined
      ? ''
      : `${field} is for accounts of the kind "password" only. `
    const orElse = field === undefined
      ? ''
      : ` Leave ${field} out, or have the personas of the app sign in with passwords.`
    super(
      `${prefix}The accounts of this app are of the kind "${configured}" (ACCOUNTS, or the settings of its own), which ${takes}.${orElse}`
    )
  }
}

export class AccountNotFoundError extends AppError {
  readonly code = 'ACCOUNT_NOT_FOUND'
  override readonly status = 404
  constructor (personaId: string) {
    super(
      `No account is stored for persona ${personaId}. Store one with PUT /api/v1/admin/personas/${personaId}/account.`
    )
  }
}

export class SecretKeyUnknownError extends AppError {
  readonly code = 'SECRET_KEY_UNKNOWN'
  constructor (place: string, keyId: string) {
    super(
      `${place} is encrypted under the key "${keyId}", which is not in ENCRYPTION_KEYS. Put the key back until npm run secrets:rotate has ended, or store the secret anew.`
    )
  }
}

export class SecretUnreadableError extends AppError {
  readonly code = 'SECRET_UNREADABLE'
  constructor (place: string, keyId: string, options: ErrorOptions) {
    super(
      `${place} does not open under the key "${keyId}": another key has this id now, or the row was changed from outside. Store the secret anew.`,
      options
    )
  }
}

export class DataFolderInUseError extends AppError {
  readonly code = 'DATA_FOLDER_IN_USE'
  constructor (folder: string) {
    super(
      `The data folder ${folder} is in use by another process. Embedded storage serves one process only: stop the other one, or set DATABASE_URL to a Postgres server and run as many as you like.`
    )
  }
}

export class DataFolderUnusableError extends AppError {
  readonly code = 'DATA_FOLDER_UNUSABLE'
  constructor (folder: string, reason: string, options: ErrorOptions) {
    super(
      `The data folder ${folder} cannot be used: ${reason}. Give the user who runs this process the right to write there, or set DATA_DIR to another folder.`,
      options
    )
  }
}

export class DataFolderForeignError extends AppError {
  readonly code = 'DATA_FOLDER_FOREIGN'
  constructor (folder: string, uid: number) {
    super(
      `The folder ${folder} belongs to another user (uid ${uid}), who could change what is stored in it. Give it to the user who runs this process (chown), or set DATA_DIR to another one.`
    )
  }
}

/* What went wrong in a run: the code ends up in `runs.error_code` */
export class LoginFailedError extends AppError {
  readonly code = 'LOGIN_FAILED'
}
export class AuthUnreachableError extends AppError {
  readonly code = 'AUTH_UNREACHABLE'
}
export class McpUnreachableError extends AppError {
  readonly code = 'MCP_UNREACHABLE'
}
export class McpUnauthorizedError extends AppError {
  readonly code = 'MCP_UNAUTHORIZED'
}
export class McpNoToolsError extends AppError {
  readonly code = 'MCP_NO_TOOLS'
}

/** The app has tools, and the persona may use none of them. No request went to the model. */
export class ToolsAllDeniedError extends AppError {
  readonly code = 'TOOLS_ALL_DENIED'
  /** @param mend the line of configuration that gives the persona tools */
  constructor (reasons: string, mend: string) {
    super(
      `No tool of the app is left that a persona may use. To allow them: ${mend}. Set aside: ${reasons}`
    )
  }
}

/** The list of tools alone would end the day at its first turn. No request went to the model. */
export class ToolListTooLargeError extends AppError {
  readonly code = 'TOOL_LIST_TOO_LARGE'
  constructor (
    { tokens, limit, largest, mend }: {
      tokens: number
      limit: number
      largest: string
      mend: string
    }
  ) {
    super(
      `The app's list of tools takes about ${tokens} tokens, and more than a third of MAX_INPUT_TOKENS (${limit}) ends a day at its first turn. ` +
        `The largest: ${largest}. Deny what personas do not need, such as ${mend}; or set MAX_INPUT_TOKENS to ${
          tokens * 3
        } or more.`
    )
  }
}

/** Nothing was sent. */
export class DialForbiddenError extends AppError {
  readonly code = 'DIAL_FORBIDDEN'
  /** @param allow the entry of PRIVATE_HOSTS that would let it pass */
  constructor (
    setting: string,
    { host, address, what, allow }: { host: string, address: string, what: string, allow: string }
  ) {
    const found = host === address ? '' : ` is at ${address}, which`
    super(
      `${setting} leads to where the runner does not connect: ${host}${found} is ${what}. If the app does live there, set PRIVATE_HOSTS=${allow} and restart.`
    )
  }
}

/** The app answered, and what it answered was not followed. */
export class DialRedirectedError extends AppError {
  readonly code = 'DIAL_REDIRECTED'
  constructor (
    setting: string,
    { from, status, to }: { from: string, status: number, to: string }
  ) {
    super(
      `${from} answers with a redirect (${status}) to ${to}, and the runner follows none. Set ${setting} to where the app answers itself.`
    )
  }
}

/** What would make a refused request one that the model takes: without this tool, or shorter. */
type Remedy = { kind: 'leave_out', toolName: string } | { kind: 'shorten' }

interface ModelErrorOptions extends ErrorOptions {
  outage?: Outage | undefined
  remedy?: Remedy | undefined
  mayBeCharged?: boolean
}

export class ModelError extends AppError {
  readonly code:
    | 'MODEL_UNAUTHORIZED'
    | 'MODEL_NOT_FOUND'
    | 'MODEL_RATE_LIMITED'
    | 'MODEL_OVERLOADED'
    | 'MODEL_UNREACHABLE'
    | 'MODEL_REFUSED_REQUEST'
    | 'MODEL_BAD_ANSWER'

  /** Undefined: sending it again in another form is no use. */
  readonly remedy: Remedy | undefined
  /** The provider may have written a reply, although none came here whole. */
  readonly mayBeCharged: boolean

  constructor (code: ModelError['code'], message: string, options: ModelErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.remedy = options.remedy
    this.mayBeCharged = options.mayBeCharged ?? false
  }
}

/**
 * This worker no longer owns the run: another attempt has taken it over, or it was ended. Stop
 * quietly, write nothing.
 */
export class RunLostError extends AppError {
  readonly code = 'RUN_LOST'
  constructor (runId: string, attempt: number) {
    super(`Run ${runId} is no longer held by attempt ${attempt}.`)
  }
}

/** The code to store for whatever was thrown; what we did not foresee is `INTERNAL`. */
export function codeOf (error: unknown): string {
  return error instanceof AppError ? error.code : 'INTERNAL'
}

/** The first line of whatever was thrown. Database drivers put whole statements behind it. */
export function messageOf (error: unknown): string {
  // pg-boss tells of errors by plain objects.
  const message = (error as { message?: unknown } | null | undefined)?.message
  return (typeof message === 'string' ? message : String(error)).split('\n')[0] ?? ''
}
