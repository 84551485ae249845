import t from 'tap'
import { scenario } from './clock.ts'
import { inTap } from './in-tap.ts'

await inTap(t, scenario)
