import type { Arm, Places } from './arm.ts'
import { openArm as openWhole } from './ours-whole.ts'

/** A whole run in an app of MCP 2026-07-28. */
export const openArm = (places: Places): Promise<Arm> =>
  openWhole({ ...places, mcpUrl: places.statelessMcpUrl })
