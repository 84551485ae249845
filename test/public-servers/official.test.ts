import t from 'tap'
import { ownServer } from '../helpers/public-server.ts'
import { liveShelfDay } from './shelf-day.ts'

t.test('a day in a server of the official SDK 2 that refuses the old era', t =>
  liveShelfDay(t, ownServer('official', 'reject'), { era: 'stateless' }))

t.test('a day in one that speaks both, as it is', t =>
  liveShelfDay(t, ownServer('official', 'both'), { era: 'stateless' }))

t.test('a day in one that speaks both, in the old era', t =>
  liveShelfDay(t, ownServer('official', 'both'), { era: 'session', behindRelay: true }))
