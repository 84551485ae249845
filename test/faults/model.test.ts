import t from 'tap'
import { inTap } from './in-tap.ts'
import { scenario } from './model.ts'

await inTap(t, scenario)
