import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { decideFinding } from '../../../analysis/findings/decide.ts'
import { describeFinding } from '../../../analysis/findings/detail.ts'
import { listFindingEvents, listFindings } from '../../../analysis/findings/read-findings.ts'
import { FindingId } from '../../../analysis/findings/schemas.ts'
import { STATES } from '../../../analysis/findings/states.ts'
import {
  actionPath,
  address,
  modulePath,
  personaPath,
  releasePath
} from '../../dashboard/address.ts'
import {
  dayBars,
  decisionWords,
  eventWords,
  outcomeWords,
  severityWords,
  stateBadge
} from '../../dashboard/finding-words.ts'
import { isReplayed, verifyFinding } from '../../../runner/verification/verify-finding.ts'
import { readFindingText } from '../finding-view.ts'
import { readAppChoice } from './app-choice.ts'

const SHOWN = 50
const ListQuery = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 100 })),
  module: Type.Optional(Type.String({ maxLength: 200 })),
  state: Type.Optional(Type.String({ maxLength: 20 })),
  after: Type.Optional(FindingId)
})
const STATE_TABS = ['open', ...STATES, 'all'] as const
const OneFinding = Type.Object({ id: FindingId })

/** What is wrong with an app: a list, what hurts most first, and a page of each. */
export const findingPages: FastifyPluginAsyncTypebox = async app => {
  const { database: { db } } = app

  app.get(
    '/findings',
    { schema: { hide: true, querystring: ListQuery } },
    async ({ query: { module, after, ...query } }, reply) => {
      const choice = await readAppChoice(db, query.app)
      const state = STATE_TABS.find(name => name === query.state) ?? 'open'
      const kept = { app: choice.kept, module: module || undefined }
      const { findings, nextCursor } = await listFindings(db, {
        ...(state !== 'all' && { state }),
        ...(choice.app !== undefined && { app: choice.app }),
        ...(kept.module !== undefined && { module: kept.module }),
        ...(after !== undefined && { cursor: after }),
        limit: SHOWN
      })
      const here = (filters: object) => address('/findings', { ...kept, state, ...filters })
      return reply.view('findings.eta', {
        title: 'Findings',
        nav: 'findings',
        findings,
        module: kept.module,
        apps: choice.tabsFor('/findings'),
        tabs: STATE_TABS.map(name => ({
          name,
          href: here({ state: name }),
          isCurrent: name === state
        })),
        hint: query.state === undefined || state === query.state
          ? null
          : `There is no state “${query.state}”; open findings are shown.`,
        pager: {
          first: after === undefined ? null : here({}),
          next: nextCursor === null ? null : here({ after: nextCursor })
        },
        words: { state: stateBadge, severity: severityWords },
        links: { everyModule: here({ module: undefined }) }
      })
    }
  )

  app.get(
    '/findings/:id',
    { schema: { hide: true, params: OneFinding } },
    async ({ params: { id } }, reply) => {
      const [finding, events] = await Promise.all([
        describeFinding(db, id),
        listFindingEvents(db, id)
      ])
      const text = await readFindingText(app, finding)
      return reply.view('finding.eta', {
        title: finding.title,
        nav: 'findings',
        finding,
        events,
        text,
        replays: isReplayed(finding.kind),
        bars: dayBars(finding.days, new Date()),
        words: {
          state: stateBadge,
          severity: severityWords,
          decision: decisionWords,
          event: eventWords,
          outcome: outcomeWords
        },
        links: {
          action: actionPath,
          persona: personaPath,
          module: modulePath(finding.module, finding.app),
          release: releasePath(finding.firstRelease ?? '', finding.app)
        }
      })
    }
  )

  app.post(
    '/findings/:id/verify',
    { schema: { hide: true, params: OneFinding } },
    async ({ params: { id } }, reply) => {
      await verifyFinding(db, app.apps.find, { finding: id })
      return reply.redirect(`/findings/${id}#verify`, 303)
    }
  )

  app.post('/findings/:id/state', {
    schema: {
      hide: true,
      params: OneFinding,
      body: Type.Object({
        state: Type.Enum(['resolved', 'ignored', 'open']),
        release: Type.Optional(Type.String({ maxLength: 100 })),
        why: Type.Optional(Type.String({ maxLength: 2000 }))
      })
    }
  }, async ({ params: { id }, body: { state, release, why } }, reply) => {
    await decideFinding(db, id, {
      state,
      ...(release?.trim() && state === 'resolved' && { release: release.trim() }),
      ...(why?.trim() && { why: why.trim() })
    })
    return reply.redirect(`/findings/${id}`, 303)
  })
}
