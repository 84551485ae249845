/** The same day in every arm: six calls one after the other, a closing sentence, a rating. Pure. */

export const CALLS = 6

export interface Asked {
  tools: { name: string }[]
  replies: number
}
export interface Said {
  text?: string
  toolCalls?: { name: string, input: unknown }[]
}

const INPUTS = [{ name: 'todo_list', input: { limit: 20 } }, {
  name: 'todo_create',
  input: { title: 'Call the plumber', due: '2026-11-25' }
}]

/**
 * @param callsPerTurn above 1, calls that do not depend on one another go in one turn
 * @param calls how many tool calls the day has
 */
export function dayScript (
  { tools, replies }: Asked,
  { callsPerTurn = 1, calls = CALLS } = {}
): Said {
  const turns = Math.ceil(calls / callsPerTurn)
  if (replies < turns) {
    const first = replies * callsPerTurn
    const numbers = Array.from(
      { length: Math.min(callsPerTurn, calls - first) },
      (_, i) => first + i
    )
    return {
      text: 'Let me have a look.',
      toolCalls: numbers.flatMap(number => callOf(tools, number))
    }
  }
  return {
    text: replies === turns
      ? 'A quiet day, and the list of things to do did what I wanted.'
      : RATING
  }
}

/** Peers put a prefix before the names of an app's tools. */
function callOf (tools: Asked['tools'], number: number): { name: string, input: unknown }[] {
  const call = INPUTS[number % INPUTS.length]
  const tool = tools.find(tool => call !== undefined && tool.name.endsWith(call.name))
  return call === undefined || tool === undefined ? [] : [{ name: tool.name, input: call.input }]
}

export const RATING = JSON.stringify({
  ratings: [{
    module: 'todo',
    notes: 'It did what I expected, see #1 and #2.',
    evidence: [{ action: 1, quote: 'Water the plants' }, { action: 2, quote: 'saved' }],
    comparedToLastTime: 'first',
    rating: 4
  }],
  costliestModule: null,
  diary: {
    did: 'Looked at my list and added the plumber.',
    annoyed: 'Nothing much.',
    plan: 'Call the plumber.',
    memory: 'The list is quick.'
  }
})
