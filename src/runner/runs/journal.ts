import type { RawBuilder } from 'kysely'
import {
  finishedAction,
  listRunActions,
  startedAction,
  withdrawnAction,
  type PlannedAction
} from '../actions/repository.ts'
import { addReply, type DayJournal, type PlannedCall, type Spent } from '../agent/day-journal.ts'
import type { JournaledMessage, NewMessage } from '../agent/history.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { moduleByName } from '../modules/derive.ts'
import type { ModuleOf } from '../modules/modules-of.ts'
import { insertMessage, listMessages, toMessage } from './messages.ts'
import { heldForReply, heldForUnanswered, heldRun, writeHeld, type TakenRun } from './repository.ts'
import { interruptedCall, recordedCall, type RecordedCall, type RunRecord } from './run-record.ts'
import type { Run } from './schemas.ts'
import { settled, unanswered } from './spending.ts'

/** The journal of a run in the database. */

function spentOf ({ tokens, usd, unansweredUsd }: Run, messages: JournaledMessage[]): Spent {
  return {
    replies: messages.filter(message => message.role === 'assistant').length,
    inputTokens: tokens.input + tokens.cacheWrite,
    outputTokens: tokens.output,
    usd,
    unansweredUsd
  }
}

/** The least time between a worker's last heartbeat and a takeover, in milliseconds. */
const SURELY_HELD_MS = 5000
const LOOKS = 3

/** The journal of a run, with what the run's own row has to say. */
export interface RunJournal extends DayJournal {
  /**
   * Writes to the run's row, in one statement with what is journaled next. @param held as
   * `writeHeld` takes it
   */
  hold(held: RawBuilder<unknown>): Promise<void>
  /**
   * Stores what waits for the next thing that goes out; for the end of a day, when nothing does.
   */
  flush(): Promise<void>
  endedCalls(): RecordedCall[]
  /** All that the run leaves behind; stored once `flush` resolves. */
  record(): RunRecord
}

/**
 * Opens the journal of a run that this worker has taken, with all that earlier attempts wrote.
 * Every write is one statement that makes sure of the lease first (`writeHeld`), so that a worker
 * that was stopped and comes back writes nothing. What is given to it is written together, when
 * something is about to go out: a turn of one call takes two statements instead of four.
 * @param moduleOf the module of each tool, as it is at the beginning of the run
 * @param onHeld told with every write whether somebody asked for the run's end
 */
export async function openJournal (
  db: Queryable,
  { lease, run }: Pick<TakenRun, 'lease' | 'run'>,
  onHeld: (held: { cancelRequested: boolean }) => void,
  moduleOf: ModuleOf = moduleByName
): Promise<RunJournal> {
  // A run has no rows before its first attempt.
  const isFirst = lease.attempt === 1
  const messages = isFirst ? [] : (await listMessages(db, lease.runId)).map(toMessage)
  const rows = isFirst ? [] : await listRunActions(db, lease.runId)
  const recorded = new Map(
    rows.map(row => [row.ordinal, row.result === 'started' ? row.result : recordedCall(row)])
  )
  const ended = new Map(
    rows.filter(row => row.result !== 'started').map(row => [row.ordinal, recordedCall(row)])
  )
  const interrupted = new Map(
    rows.filter(row => row.result === 'started').map(row => [row.ordinal, recordedCall(row)])
  )
  const inOrder = (calls: Iterable<RecordedCall>) =>
    [...calls].sort((a, b) => a.ordinal - b.ordinal)

  let heldAt = -Infinity
  const write = async (parts: RawBuilder<unknown>[], held = heldRun(lease)) => {
    const askedAt = performance.now()
    onHeld(await writeHeld(db, lease, held, ...parts))
    heldAt = askedAt
  }
  /** By the names that the parts have in the statement. */
  let waiting = new Map<string, RawBuilder<unknown>>()
  let holding: RawBuilder<unknown> | undefined
  const flush = async () => {
    if (waiting.size === 0 && holding === undefined) return
    const [parts, held] = [[...waiting.values()], holding]
    // A statement that failed is not tried again here: it may have been committed all the same. The
    // next attempt will see.
    waiting = new Map()
    holding = undefined
    await write(parts, held)
  }
  const put = async (parts: Record<string, RawBuilder<unknown>>, held?: RawBuilder<unknown>) => {
    const isTaken = Object.keys(parts).some(name => waiting.has(name)) ||
      (held !== undefined && holding !== undefined)
    if (isTaken) await flush()
    for (const [name, part] of Object.entries(parts)) waiting.set(name, part)
    holding = held ?? holding
  }
  /** The news of a commit may come long after it too, when the process was stopped in between. */
  const makeSure = async () => {
    await flush()
    for (let look = 0; performance.now() - heldAt >= SURELY_HELD_MS; look++) {
      if (look === LOOKS) {
        throw new Error(
          `The database took longer than ${SURELY_HELD_MS} ms to answer, ${LOOKS} times.`
        )
      }
      await write([])
    }
  }
  const planned = (call: PlannedCall): PlannedAction => ({
    ...call,
    module: moduleOf(call.toolName),
    tickId: lease.runId,
    personaId: run.personaId
  })
  let spent = spentOf(run, messages)

  return {
    messages,
    get spent () {
      return spent
    },
    async append (given: NewMessage, reply) {
      const stored = { ...given, seq: messages.length } as JournaledMessage
      const message = insertMessage(stored)
      if (reply === undefined) {
        await put({ message })
      } else {
        const held = heldForReply(lease, { ...reply, acting: stored.phase === 'acting' })
        await put({ message, settled: settled(lease, reply.usd) }, held)
      }
      messages.push(stored)
      if (reply !== undefined) spent = addReply(spent, reply)
      return stored
    },
    async chargeUnanswered (mostUsd) {
      await put({ settled: unanswered(lease) }, heldForUnanswered(lease, mostUsd ?? 0))
      await flush()
      spent = { ...spent, unansweredUsd: spent.unansweredUsd + (mostUsd ?? 0) }
    },
    recordedCall: ordinal => recorded.get(ordinal),
    endedCalls: () => inOrder(ended.values()),
    makeSure,
    async startCall (call) {
      await put({ started: startedAction(planned(call)) })
      interrupted.set(call.ordinal, interruptedCall(planned(call)))
      await flush()
    },
    async finishCall (call, end) {
      await put({ finished: finishedAction(planned(call), end) })
      interrupted.delete(call.ordinal)
      ended.set(call.ordinal, { ...interruptedCall(planned(call)), ...end })
    },
    async withdrawCall (call) {
      await put({ withdrawn: withdrawnAction(planned(call)) })
      await flush()
      interrupted.delete(call.ordinal)
    },
    hold: held => put({}, held),
    flush,
    record: () => ({
      calls: inOrder([...ended.values(), ...interrupted.values()]),
      replies: messages.filter(message => message.role === 'assistant').map(message =>
        message.content
      )
    })
  }
}
