import fastifyEnv from '@fastify/env'
import fp from 'fastify-plugin'
import { Config, explainConfig, withoutEmpty } from '../../platform/config.ts'
import { ConfigError } from '../../platform/errors.ts'
import { createAjv } from '../../platform/schema-check.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Readonly<Config>
  }
}

export interface EnvOptions {
  /** What `process.env` and `.env` hold together; `server.ts` is the only reader of either. */
  env: Record<string, string | undefined>
}

/**
 * Decorates `app.config`. A wrong environment stops the boot with one message that names every
 * wrong variable.
 */
export default fp<EnvOptions>(async (app, options) => {
  const env = withoutEmpty(options.env)
  try {
    await app.register(fastifyEnv, {
      schema: structuredClone(Config),
      data: { ...env },
      env: false,
      ajv: createAjv({
        allErrors: true,
        removeAdditional: true,
        useDefaults: true,
        coerceTypes: true,
        keywords: ['expects', 'secret', 'list']
      })
    })
  } catch (error) {
    throw new ConfigError(message(explainConfig(env, wrongVariables(error))), { cause: error })
  }
  const broken = explainConfig(env, [])
  if (broken.length > 0) throw new ConfigError(message(broken))
}, { name: 'env' })

const message = (lines: string[]) =>
  `The environment is not right:\n${lines.map(line => `  - ${line}`).join('\n')}`

function wrongVariables (error: unknown): string[] {
  const errors =
    (error as { errors?: { instancePath?: string, params?: { missingProperty?: string } }[] })
      .errors
  if (errors === undefined) throw error
  return errors.map(e => e.params?.missingProperty ?? e.instancePath?.slice(1) ?? '')
}
