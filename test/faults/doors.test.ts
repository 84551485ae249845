import t from 'tap'
import { inTap } from './in-tap.ts'
import { scenario } from './doors.ts'

await inTap(t, scenario, {
  skip: process.env.TEST_DATABASE_URL === undefined
    ? false
    : 'about embedded storage; the other half runs it'
})
