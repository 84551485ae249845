import { createServer } from 'node:http'
import pg from 'pg'

/**
 * `GET due` as lean as it can be: no framework, no checks but the key's, one prepared statement,
 * what is read put into shape and nothing else. A process of its own: `node lean-due.ts <port> <url
 * of the database> <key>`.
 */

const [port = '', connectionString = '', key = ''] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString, max: 10 })
const text = `
  SELECT *, now() AS server_time FROM personas p WHERE NOT paused AND coalesce(not_before <= now(), true)
    AND NOT EXISTS (SELECT FROM runs r WHERE r.persona_id = p.id AND r.finished_at IS NULL)
    AND (last_active_at IS NULL OR (cadence = 'hourly' AND last_active_at < now() - interval '1 hour')
      OR (cadence <> 'hourly' AND last_active_at < now() - interval '24 hours'))
  ORDER BY last_active_at NULLS FIRST, id LIMIT 1000`

createServer(async (request, response) => {
  if (request.headers['x-service-key'] !== key) return response.writeHead(401).end()
  const { rows } = await pool.query({ name: 'due', text })
  const personas = rows.map(row => ({
    id: row.id,
    userId: row.id,
    email: row.email,
    name: row.name,
    archetype: row.archetype,
    systemPrompt: row.system_prompt,
    moduleMix: row.module_mix,
    tickCadence: row.cadence,
    timeZone: row.time_zone,
    locale: row.locale,
    patience: row.patience,
    app: row.app,
    passwordVersion: row.password_version,
    paused: row.paused,
    pauseReason: row.pause_reason,
    lastActiveAt: row.last_active_at,
    consecutiveFailures: row.consecutive_failures,
    notBefore: row.not_before,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at
  }))
  const body = JSON.stringify({ personas, serverTime: rows[0]?.server_time ?? new Date() })
  return response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body)
  }).end(body)
}).listen(Number(port), '127.0.0.1', () => process.send?.('listening'))
