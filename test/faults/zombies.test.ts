import t from 'tap'
import { inTap, NEEDS_SERVER } from './in-tap.ts'
import { scenario } from './zombies.ts'

await inTap(t, scenario, { skip: NEEDS_SERVER })
