import { randomBytes } from 'node:crypto'
import type { SampleApp } from './sample-app/sample-app.ts'

interface DemoSettings {
  env: Record<string, string | undefined>
  adminKey: string
  seedSecret: string
  /** Opens the pages once, without a key. */
  signInToken: string
}

/** The product's usual port. */
const PREFERRED_PORT = '3070'

/**
 * The environment of the demo: everything it needs is made up on the spot, so that nobody has to
 * invent a key. Of the caller's environment only what concerns the model counts; the caller's
 * database and app are never touched.
 */
export function demoSettings (
  caller: Record<string, string | undefined>,
  sampleApp: SampleApp,
  standInUrl?: string
): DemoSettings {
  const adminKey = randomBytes(16).toString('hex')
  const seedSecret = randomBytes(16).toString('hex')
  return {
    adminKey,
    seedSecret,
    signInToken: randomBytes(16).toString('base64url'),
    env: {
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: caller.PORT ?? PREFERRED_PORT,
      DATA_DIR: 'memory://',
      SERVICE_KEY: randomBytes(16).toString('hex'),
      ADMIN_KEY: adminKey,
      PERSONA_SEED_SECRET: seedSecret,
      MCP_URL: sampleApp.mcpUrl,
      AUTH_URL: sampleApp.url,
      ANTHROPIC_API_KEY: standInUrl === undefined ? caller.ANTHROPIC_API_KEY : 'stand-in',
      ANTHROPIC_BASE_URL: standInUrl ?? caller.ANTHROPIC_BASE_URL,
      ANTHROPIC_MODEL: caller.ANTHROPIC_MODEL,
      // Nobody is paid for the stand-in's words.
      MODEL_PRICE: standInUrl === undefined ? caller.MODEL_PRICE : '0/0',
      PERSONA_CONCURRENCY: caller.PERSONA_CONCURRENCY ?? '8',
      LOG_LEVEL: 'warn'
    }
  }
}
