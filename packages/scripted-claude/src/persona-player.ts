import { characterOf } from './player/character.ts'
import { readConversation } from './player/conversation.ts'
import { closing, nextTurn } from './player/next-turn.ts'
import { reflect } from './player/reflection.ts'
import type { Script } from './scripted-reply.ts'

/**
 * Plays a persona through its day and its reflection. Everything comes from the request alone: who
 * it is from the system prompt, what it likes from the opening, what it may do from the tools, and
 * what it felt from the results. So the same persona on the same day does the same, whatever
 * process asks, and a run that goes on after a crash goes on in character.
 */
export const playPersona: Script = request => {
  const conversation = readConversation(request)
  const character = characterOf(conversation.system)
  if (conversation.reflectPrompt !== null) {
    return { text: reflect(conversation, character, conversation.reflectPrompt) }
  }
  return conversation.isToldToStop
    ? closing(conversation, character)
    : nextTurn(conversation, character)
}
