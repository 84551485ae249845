import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { FIRST_APP } from '../../../personas/app-name.ts'
import { address, modulePath, releasePath } from '../../dashboard/address.ts'
import { readReleaseLines } from '../../dashboard/releases.ts'
import { tally, verdictWord } from '../../dashboard/verdict-words.ts'
import { getRelease, hasGoneLive } from '../../../analysis/releases/repository.ts'
import { describeRelease } from '../../../analysis/verdicts/describe-release.ts'
import { compareInApp } from '../../../analysis/verdicts/compare-app.ts'
import type { ReleaseVerdicts } from '../../../analysis/verdicts/look-schemas.ts'
import { readAppChoice } from './app-choice.ts'

const SHOWN = 100
const AppQuery = Type.Object({ app: Type.Optional(Type.String({ maxLength: 100 })) })
const ReleaseQuery = Type.Object({
  app: AppQuery.properties.app,
  with: Type.Optional(Type.String({ maxLength: 100 }))
})

/** What each release did to the modules of its app. */
export const releasePages: FastifyPluginAsyncTypebox = async app => {
  const { database: { db } } = app

  app.get(
    '/releases',
    { schema: { hide: true, querystring: AppQuery } },
    async (request, reply) => {
      const choice = await readAppChoice(db, request.query.app)
      const ofApp = choice.app ?? FIRST_APP
      const lines = await readReleaseLines(db, ofApp, SHOWN)
      const releases = await Promise.all(lines.map(async line => {
        const { modules, judgedWith } = await describeRelease(db, {
          app: ofApp,
          version: line.version
        })
        return {
          ...line,
          judgedWith,
          tally: tally(modules.map(({ verdict }) => verdict)),
          worst: modules[0]?.verdict
        }
      }))
      return reply.view('releases.eta', {
        title: 'Releases',
        nav: 'releases',
        releases,
        apps: choice.tabsFor('/releases'),
        word: verdictWord,
        links: { release: (version: string) => releasePath(version, choice.kept) }
      })
    }
  )

  app.get('/releases/:version', {
    schema: {
      hide: true,
      params: Type.Object({ version: Type.String({ maxLength: 100 }) }),
      querystring: ReleaseQuery
    }
  }, async (request, reply) => {
    const choice = await readAppChoice(db, request.query.app)
    const key = { app: choice.app ?? FIRST_APP, version: request.params.version }
    const [release, isLive, said, lines] = await Promise.all([
      getRelease(db, key),
      hasGoneLive(db, key),
      describeRelease(db, key),
      readReleaseLines(db, key.app, SHOWN)
    ])
    const others = lines.map(({ version }) => version).filter(version => version !== key.version)
    const wanted = request.query.with || undefined
    const version = others.find(other => other === wanted)
    const beside = version === undefined
      ? null
      : await describeRelease(db, { app: key.app, version })
    const pair = lines.filter(line => [key.version, version].includes(line.version) && line.isLive)
    const [after, before] = pair.map(line => line.version)
    const between = after === undefined || before === undefined
      ? null
      : await compareInApp(db, { app: key.app, before, after })
    return reply.view('release.eta', {
      title: `Release ${key.version}`,
      nav: 'releases',
      ...said,
      release,
      isLive,
      others,
      beside,
      between,
      rows: beside === null ? [] : sideBySide(said, beside),
      kept: choice.kept,
      hint: wanted === undefined || beside !== null
        ? null
        : `No other release is called “${wanted}”, so nothing is compared. Pick one of the list.`,
      word: verdictWord,
      links: {
        all: address('/releases', { app: choice.kept }),
        module: (module: string) => modulePath(module, choice.kept)
      }
    })
  })
}

/** The verdicts on two releases by module, in the order of the first. */
function sideBySide (one: ReleaseVerdicts, other: ReleaseVerdicts) {
  const modules = new Set([...one.modules, ...other.modules].map(({ module }) => module))
  return [...modules].map(module => ({
    module,
    cells: [one, other].map(({ modules }) => {
      const found = modules.find(each => each.module === module)
      const rating = found?.looks.find(({ day }) => day === found.seenOnDay)?.rating
      return found === undefined
        ? null
        : {
          verdict: found.verdict,
          step: rating ? `${rating.before.toFixed(1)} → ${rating.after.toFixed(1)}` : '–'
        }
    })
  }))
}
