import type { Bench } from './bench.ts'
import { liveDay } from './arms/lived-day.ts'
import { createClaude } from '../src/runner/models/anthropic/claude.ts'
import { toTools } from '../src/runner/mcp/tools.ts'
import { priceOf, usdOf, type Price, type Usage } from '../src/runner/models/prices.ts'
import type { Toolbox } from '../src/runner/tools/toolbox.ts'
import { startScriptedClaude, type MessagesRequest } from 'scripted-claude/scripted-claude'
import { tokensOf } from 'scripted-claude/prompt-cache'
import { answerOf, APP_TOOLS } from './stand-ins/app-tools.ts'
import { dayScript } from './stand-ins/day-script.ts'
import { round } from './tools/figures.ts'

/** Priced as the provider does by its rule: cache writes 1.25 times the input, reads 0.1 times. */
const MODEL = 'claude-sonnet-5'
const CHEAP = 'claude-haiku-5-5'
const FAN_OUT = 16

interface Reply extends Usage {
  model: string
  isRating: boolean
}

export const bench: Bench = {
  name: 'cost',
  shows:
    'tokens and money of a run, by a stand-in that charges as the provider does, beside the same run without a cache',
  async run (report) {
    const bare = await measure(async live => {
      await live('Mara')
    })
    const whole = usd(withoutCache(bare.replies, bare.requests))
    const show = (
      what: string,
      { replies, waitedFor = 1 }: { replies: Reply[], waitedFor?: number }
    ) => {
      const sum = (kind: keyof Usage) =>
        Math.round(replies.reduce((all, reply) => all + reply[kind], 0) / waitedFor)
      const perRun = usd(replies) / waitedFor
      report.row(what, {
        requests: round(replies.length / waitedFor, 0),
        fullPrice: sum('inputTokens'),
        written: sum('cacheWriteTokens'),
        read: sum('cacheReadTokens'),
        output: sum('outputTokens'),
        usdPer1000: round(perRun * 1000, 2),
        'of no cache': round(perRun / whole, 3)
      })
      return perRun / whole
    }
    show('no cache, and a rating question of its own', {
      replies: withoutCache(bare.replies, bare.requests)
    })
    show('no cache, rating in the same conversation', { replies: bare.replies.map(uncached) })
    show('the first run of an app', bare)
    const second = await measure(async live => {
      await live('Mara')
      await live('Theo')
    }, { from: 'Theo' })
    const share = show('every run after it (another persona)', second)
    const again = await measure(async live => {
      await live('Mara')
      await live('Mara')
    }, { skip: bare.replies.length })
    show('the same persona again within five minutes', again)
    for (const callsPerTurn of [3, 6]) {
      show(
        `every run after the first, ${callsPerTurn} calls in one turn`,
        await measure(async live => {
          await live('Mara')
          await live('Theo')
        }, { from: 'Theo', callsPerTurn })
      )
    }
    const crowd = (primed: boolean) =>
      measure(
        live => Promise.all(Array.from({ length: FAN_OUT }, (_, i) => live(`Persona ${i}`))),
        { primed, delayMs: 50 }
      )
    const primed = await crowd(true)
    show(`${FAN_OUT} at once from cold, one goes ahead`, { ...primed, waitedFor: FAN_OUT })
    show(`${FAN_OUT} at once from cold, all at once`, { ...await crowd(false), waitedFor: FAN_OUT })
    show(`every run after the first, all of it by ${CHEAP}`, {
      replies: second.replies.map(reply => ({ ...reply, model: CHEAP }))
    })
    show(`the same, the rating alone by ${CHEAP}`, {
      replies: second.replies.map(reply =>
        reply.isRating ? ratedBy(CHEAP, second.replies, reply) : reply
      )
    })
    show(`the same, the acting alone by ${CHEAP}`, {
      replies: second.replies.map(reply =>
        reply.isRating ? ratedBy(MODEL, second.replies, reply) : { ...reply, model: CHEAP }
      )
    })

    report.check(
      'a run costs at most 1/4 of the same run without a cache and with a rating question of its own',
      share <= 0.25
    )
    const tools = tokensOf(APP_TOOLS)
    report.check(
      'the list of tools is written once per app: no later run writes as much as it',
      Math.max(...second.replies.map(reply => reply.cacheWriteTokens)) < tools / 2
    )
    const first = primed.replies.filter(reply => reply.cacheWriteTokens > tools / 2).length
    report.check(`of ${FAN_OUT} personas from cold one writes the list of tools`, first === 1)
  }
}

interface Measured {
  replies: Reply[]
  requests: MessagesRequest[]
}
type Live = (name: string) => Promise<void>

/**
 * @param options.from leaves out what came before this persona's first request; `skip` the first so
 *   many requests
 */
async function measure (
  days: (live: Live) => Promise<unknown>,
  { from = '', skip = 0, callsPerTurn = 1, primed = true, delayMs = 0 } = {}
): Promise<Measured> {
  const stand = await startScriptedClaude({
    script: ({ tools = [] }, { index }) => ({
      ...dayScript({ tools, replies: index }, { callsPerTurn }),
      delayMs
    })
  })
  const all: { name: string, reply: Reply }[] = []
  const claude = createClaude({ apiKey: 'stand-in', baseUrl: stand.url, model: MODEL })
  const live: Live = name =>
    liveDay(
      {
        ...claude,
        async complete (request, options) {
          // An array of its own is another list of tools to whoever primes the cache.
          const reply = await claude.complete(
            primed ? request : { ...request, tools: [...request.tools] },
            options
          )
          all.push({
            name,
            reply: {
              ...reply.usage,
              model: MODEL,
              isRating: reply.content.some(block =>
                block.type === 'text' && String(block.text).startsWith('{"ratings"')
              )
            }
          })
          return reply
        }
      },
      toolbox(),
      `You are ${name}. ${'You like it simple, and you say what you think. '.repeat(8)}`
    )
  try {
    await days(live)
  } finally {
    await stand.close()
  }
  if (stand.refusals.length > 0) throw new Error(`refused: ${stand.refusals[0]}`)
  const kept = all.filter(({ name }, i) => i >= skip && (from === '' || name === from))
  return { replies: kept.map(({ reply }) => reply), requests: stand.requests }
}

function toolbox (): Toolbox {
  const { tools } = toTools(APP_TOOLS, false)
  return {
    tools,
    setAside: [],
    definitions: new Map(),
    era: null,
    protocolVersion: null,
    serverInfo: null,
    refresh: async () => {},
    call: async name => ({
      result: 'ok',
      text: answerOf(name),
      errorMessage: null,
      blame: null,
      latencyMs: 1
    }),
    close: async () => {}
  }
}

const priceFor = (model: string): Price => {
  const price = priceOf(model)
  if (price === undefined) throw new Error(`${model} has no price`)
  return price
}

const usd = (replies: Reply[]) =>
  replies.reduce((sum, reply) => sum + usdOf(priceFor(reply.model), reply), 0)

const promptOf = ({ inputTokens, cacheWriteTokens, cacheReadTokens }: Usage) =>
  inputTokens + cacheWriteTokens + cacheReadTokens
const uncached = (reply: Reply): Reply => ({
  ...reply,
  inputTokens: promptOf(reply),
  cacheWriteTokens: 0,
  cacheReadTokens: 0
})

/** A question of its own tells the whole day again, without the tools. */
function withoutCache (replies: Reply[], requests: MessagesRequest[]): Reply[] {
  return replies.map((reply, i) => {
    return reply.isRating
      ? { ...uncached(reply), inputTokens: tokensOf([requests[i]?.system, requests[i]?.messages]) }
      : uncached(reply)
  })
}

/**
 * Another model has a cache of its own: the list of tools is in it from earlier ratings, the day is
 * not.
 */
function ratedBy (model: string, replies: Reply[], rating: Reply): Reply {
  const shared = Math.max(0, replies[0]?.cacheReadTokens ?? 0)
  return {
    ...rating,
    model,
    inputTokens: 0,
    cacheReadTokens: shared,
    cacheWriteTokens: promptOf(rating) - shared
  }
}
