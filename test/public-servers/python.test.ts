import t from 'tap'
import { pythonServer, withoutPython } from '../helpers/python.ts'
import { liveShelfDay } from './shelf-day.ts'

const skip = withoutPython()

for (
  const [made, file] of [['the official SDK for Python', 'shelf_mcp'], [
    'FastMCP for Python',
    'shelf_fastmcp'
  ]] as const
) {
  t.test(
    `a day in a server of ${made}, in the new era`,
    { skip },
    t => liveShelfDay(t, pythonServer(file), { era: 'stateless' })
  )

  t.test(
    `a day in a server of ${made}, in the old era`,
    { skip },
    t => liveShelfDay(t, pythonServer(file), { era: 'session', behindRelay: true })
  )
}
