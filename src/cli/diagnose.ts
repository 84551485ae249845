import { openSetup } from './open-setup.ts'
import { afterConfiguration, checkConfiguration } from './doctor/check-configuration.ts'
import { examine, toReport, type ExamineOptions } from './doctor/examine.ts'
import { hideSecrets } from './doctor/hide-secrets.ts'
import type { DoctorReport } from './doctor/schemas.ts'

/** What stands in the way of a start in this environment, without a secret of it. */
export async function diagnose (
  environment: Record<string, string | undefined>,
  options: ExamineOptions
): Promise<DoctorReport> {
  const { setup, problems, close } = await openSetup(environment)
  try {
    const configuration = checkConfiguration(setup?.config, problems)
    const found = setup === undefined
      ? toReport([...configuration, ...afterConfiguration()])
      : await examine(setup, configuration, options)
    return hideSecrets(found, environment)
  } finally {
    await close()
  }
}
