import t from 'tap'
import { ownServer } from '../helpers/public-server.ts'
import { liveShelfDay } from './shelf-day.ts'

t.test('a day in a server made with fastmcp', t =>
  liveShelfDay(t, ownServer('fastmcp'), { era: 'session' }))

t.test('a day in a server made with @hono/mcp', t =>
  liveShelfDay(t, ownServer('hono'), { era: 'session' }))
