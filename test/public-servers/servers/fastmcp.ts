import { FastMCP, UserError } from 'fastmcp'
import { z } from 'zod'
import { PORT, SHELF } from './shelf.ts'

const server = new FastMCP({ name: 'shelf', version: '1.0.0' })
for (const { name, description, shape, run } of SHELF) {
  server.addTool({
    name,
    description,
    parameters: z.object(shape),
    async execute (input) {
      const { text, isError } = run(input)
      if (isError) throw new UserError(text)
      return text
    }
  })
}
await server.start({ transportType: 'httpStream', httpStream: { port: PORT, host: '127.0.0.1' } })
