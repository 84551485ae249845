import type { Tool, Toolbox } from '../../src/runner/tools/toolbox.ts'

/** An app without a wire: these tools, called like this. */
export function toolboxOf (tools: Tool[], call: Toolbox['call']): Toolbox {
  return {
    tools,
    setAside: [],
    definitions: new Map(),
    era: null,
    protocolVersion: null,
    serverInfo: null,
    refresh: async () => {},
    call,
    close: async () => {}
  }
}
