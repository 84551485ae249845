import type { CallEnd, DayJournal } from './day-journal.ts'

/** So many calls in a row of tools that do not exist, and the model has lost its way. */
const MAX_IN_A_ROW = 3

/** What is recorded of a call of a tool that does not exist. */
export const NO_SUCH_TOOL = 'no such tool'

const isUnknown = ({ result, errorMessage }: CallEnd) =>
  result === 'rejected' && errorMessage === NO_SUCH_TOOL

/** Once it is so it stays so, whatever was called behind that. */
export function keepsCallingUnknownTools (journal: Pick<DayJournal, 'endedCalls'>): boolean {
  let inARow = 0
  return journal.endedCalls().some(call => {
    inARow = isUnknown(call) ? inARow + 1 : 0
    return inARow >= MAX_IN_A_ROW
  })
}
