import { Type } from 'typebox'

/** The app that the environment of each process describes; its row holds no settings. */
export const FIRST_APP = 'main'

export const APP_NAME = '^[a-z0-9][a-z0-9_-]{0,62}$'

export const AppName = Type.String({
  pattern: APP_NAME,
  description: 'lower-case letters, digits, dash and underscore'
})
