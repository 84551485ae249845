import type { MessagesRequest, RequestTool } from 'scripted-claude/messages-request'
import { characterOf } from 'scripted-claude/player/character'
import { readConversation, type Conversation } from 'scripted-claude/player/conversation'
import { reflect } from 'scripted-claude/player/reflection'
import { propertiesOf, requiredIn, valueFor } from 'scripted-claude/player/schema-values'
import { diceFor } from 'scripted-claude/player/seeded-dice'
import { settingFor } from 'scripted-claude/player/setting'
import type { Script } from 'scripted-claude/scripted-claude'
import { legalName } from '../../src/runner/tools/tool-names.ts'

/**
 * Plays a persona in an app that nobody wrote a player for: calls that the test gives, by the app's
 * own names, then one of every other tool with input made from its schema, a call a turn; and rates
 * by what came back, with words from it.
 */

export interface Call {
  tool: string
  input: Record<string, unknown>
}

const MOST_CALLS = 8

/** @param onlyGiven no other tool is tried */
export function curiousPlayer (given: Call[], onlyGiven: boolean): Script {
  return (request, { index }) => {
    const conversation = readConversation(request)
    const character = characterOf(conversation.system)
    if (conversation.reflectPrompt !== null) {
      return { text: reflect(conversation, character, conversation.reflectPrompt) }
    }
    const call =
      planOf(request, conversation, given).slice(0, onlyGiven ? given.length : MOST_CALLS)[index]
    return call === undefined ? { text: 'I have seen enough for today.' } : { toolCalls: [call] }
  }
}

interface Planned {
  name: string
  input: Record<string, unknown>
}

function planOf (
  { tools = [] }: MessagesRequest,
  conversation: Conversation,
  given: Call[]
): Planned[] {
  const first = given.map(({ tool, input }) => ({ name: legalName(tool), input }))
  const others = tools.filter(({ name }) => !first.some(call => call.name === name))
    .map(tool => ({ name: tool.name, input: inputFor(tool, conversation) }))
  return [...first, ...others]
}

/** All that is required, whatever it means. */
function inputFor (
  { name, input_schema: schema }: RequestTool,
  conversation: Conversation
): Record<string, unknown> {
  const dice = diceFor('curious', name)
  const setting = settingFor(conversation, characterOf(conversation.system), dice, null)
  const required = propertiesOf(schema, '').filter(property =>
    requiredIn(schema).includes(property.name)
  )
  return Object.fromEntries(required.map(property => [property.name, valueFor(setting, property)]))
}
