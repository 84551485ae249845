import {
  addReply,
  type CallEnd,
  type DayJournal,
  type EndedCall,
  type PlannedCall,
  type ReplyAccount,
  type Spent
} from '../../src/runner/agent/day-journal.ts'
import type { JournaledMessage } from '../../src/runner/agent/history.ts'
import { RunLostError } from '../../src/platform/errors.ts'

export interface RecordedCall {
  call: PlannedCall
  end: CallEnd | 'started'
}

/**
 * One run in memory, by the rules of the journal in the database: one attempt at a time may write,
 * an outcome is never changed, and what a resumed attempt knows is what was written before it
 * opened.
 */
export class MemoryRun {
  readonly #keep: <T>(value: T) => T
  readonly messages: JournaledMessage[] = []
  readonly replies: ReplyAccount[] = []
  spent: Spent = { replies: 0, inputTokens: 0, outputTokens: 0, usd: null, unansweredUsd: 0 }
  readonly #calls = new Map<number, RecordedCall>()
  #attempt = 0

  /**
   * @param checks false: what is written is not looked at nor copied, which takes longer than all
   *   else about it
   */
  constructor ({ checks = true } = {}) {
    this.#keep = checks ? storedCopy : value => value
  }

  /** In the order of their positions. */
  get calls (): RecordedCall[] {
    return [...this.#calls.values()].sort((a, b) => a.call.ordinal - b.call.ordinal)
  }

  #ended (): EndedCall[] {
    return this.calls.flatMap(({ call, end }) => end === 'started' ? [] : [{ ...call, ...end }])
  }

  /**
   * Opens the journal for the next attempt; the one before can write no more.
   * @param writes after so many the worker is as good as dead: it writes nothing more
   */
  open ({ writes = Infinity } = {}): DayJournal {
    const attempt = ++this.#attempt
    const recorded = new Map([...this.#calls].map(([ordinal, { end }]) => [ordinal, end]))
    let left = writes
    const write = <T>(value: T): T => {
      if (attempt !== this.#attempt || left-- <= 0) throw new RunLostError('run_memory', attempt)
      return this.#keep(value)
    }
    const { messages, replies } = this
    const account = {
      get: () => this.spent,
      add: (reply: ReplyAccount) => {
        this.spent = addReply(this.spent, reply)
      },
      charge: (usd: number) => {
        this.spent = { ...this.spent, unansweredUsd: this.spent.unansweredUsd + usd }
      }
    }
    const calls = this.#calls
    const newest = () => this.#attempt
    return {
      messages,
      get spent () {
        return account.get()
      },
      async append (message, reply) {
        const stored = write({ ...message, seq: messages.length })
        messages.push(stored)
        if (reply !== undefined) {
          replies.push(reply)
          account.add(reply)
        }
        return stored
      },
      async chargeUnanswered (mostUsd) {
        write(null)
        account.charge(mostUsd ?? 0)
      },
      recordedCall: ordinal => recorded.get(ordinal),
      endedCalls: () => this.#ended(),
      async makeSure () {
        if (attempt !== newest()) throw new RunLostError('run_memory', attempt)
      },
      async startCall (call) {
        write(call)
        if (!calls.has(call.ordinal)) calls.set(call.ordinal, { call, end: 'started' })
      },
      async finishCall (call, end) {
        write([call, end])
        if (calls.get(call.ordinal)?.end === 'started' || !calls.has(call.ordinal)) {
          calls.set(call.ordinal, { call, end })
        }
      },
      async withdrawCall (call) {
        write(call)
        if (calls.get(call.ordinal)?.end === 'started') calls.delete(call.ordinal)
      }
    }
  }
}

/** Postgres takes neither NUL nor half a character in JSON. */
function storedCopy<T> (value: T): T {
  JSON.stringify(value, (key, item: unknown) => {
    for (const text of [key, item]) {
      if (typeof text === 'string' && !isStorable(text)) {
        throw new Error(`cannot be stored: ${text}`)
      }
    }
    return item
  })
  return structuredClone(value)
}

function isStorable (text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000')
}
