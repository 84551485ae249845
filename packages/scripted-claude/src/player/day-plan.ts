import type { Character } from './character.ts'
import type { Conversation } from './conversation.ts'
import type { PlayableTool, ToolKind } from './playable-tool.ts'
import { diceFor } from './seeded-dice.ts'
import type { Dice } from './seeded-dice.ts'

/**
 * With what falls out for want of an id and what is added by retries, this makes the 3 to 8 calls
 * that the prompt asks for.
 */
const STEPS = { min: 4, max: 7 }
const SHARE: Record<ToolKind, number> = { look: 0.9, add: 0.9, open: 0.7 }
const ORDER: ToolKind[] = ['look', 'add', 'open']

/**
 * In so many of its favourites a persona adds something every day: it is what it opens the app for.
 */
const DEAREST = 2

/**
 * The tools that the persona means to use today, each once, in order. The same for every request of
 * one day.
 */
export function planDay (conversation: Conversation, character: Character): PlayableTool[] {
  const dice = diceFor('plan', conversation.system, conversation.dayPrompt)
  const wanted = dice.between(STEPS.min, STEPS.max)
  const steps: PlayableTool[] = []
  for (const module of shuffledModules(conversation, dice)) {
    if (steps.length >= wanted) break
    steps.push(...stepsIn(conversation.tools.filter(tool => tool.module === module), dice))
  }
  const dearest = dearestSteps(conversation, steps, dice)
  const kept = new Set([...new Set([...dearest, ...steps])].slice(0, wanted))
  const chosen = [...new Set([...steps, ...dearest])].filter(step => kept.has(step))
  return character.looksAroundFirst
    ? chosen.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
    : chosen
}

function dearestSteps (
  { tools, favourites }: Conversation,
  steps: PlayableTool[],
  dice: Dice
): PlayableTool[] {
  return favourites.slice(0, DEAREST).flatMap(favourite => {
    const adds = (tool: PlayableTool) =>
      tool.kind === 'add' && tool.module.toLowerCase() === favourite
    const choices = tools.filter(adds)
    return choices.length === 0 ? [] : [steps.find(adds) ?? dice.pick(choices)]
  })
}

/** Favourites mostly come first, and anything may come. */
function shuffledModules ({ tools, favourites }: Conversation, dice: Dice): string[] {
  const left = [...new Set(tools.map(tool => tool.module))]
  const drawn: string[] = []
  while (left.length > 0) {
    const tickets = left.flatMap(module =>
      Array.from({ length: weightOf(module, favourites) }, () => module)
    )
    const module = dice.pick(tickets)
    drawn.push(module)
    left.splice(left.indexOf(module), 1)
  }
  return drawn
}

function weightOf (module: string, favourites: string[]): number {
  const rank = favourites.indexOf(module.toLowerCase())
  return rank === -1 ? 1 : Math.max(6, 24 - 6 * rank)
}

/** At most one tool of each kind, looking before changing. */
function stepsIn (tools: PlayableTool[], dice: Dice): PlayableTool[] {
  return ORDER.flatMap(kind => {
    const choices = tools.filter(tool => tool.kind === kind)
    if (choices.length === 0 || !dice.chance(SHARE[kind])) return []
    // A list needs no idea what to look for, so it is what people open first.
    const first = kind === 'look' && dice.chance(0.75)
      ? choices.find(tool => !Array.isArray(tool.schema['required']))
      : undefined
    return [first ?? dice.pick(choices)]
  })
}
