import { join } from 'node:path';
import { checkConfig } from '../config/check-config.ts';
import { problemText } from '../config/config-error.ts';
import type { Finding } from '../database/durable-part.ts';
import { RestanteError } from '../runtime/errors.ts';

/** Checks a configuration directory: that both files are valid, and the keys that they name are there and of use. */
export async function* verifyConfig(directory: string): AsyncGenerator<Finding> {
  const hint = `restante --config ${join(directory, 'restante.yaml')} config test`;
  try {
    const { problems, unusable } = await checkConfig(join(directory, 'restante.yaml'));
    for (const problem of problems) {
      const message = `The configuration is not valid: ${problemText(problem)}`;
      yield { severity: 'error', code: 'config-invalid', message, path: `config/${problem.file}`, hint };
    }
    for (const error of unusable) {
      // A key elsewhere is no part of a backup, and may be there where it is restored to.
      const isInside = error instanceof RestanteError && String(error.context?.path).startsWith(`${directory}/`);
      const severity = isInside ? 'error' : 'warning';
      yield { severity, code: 'config-file-unusable', message: error.message, hint };
    }
  } catch (error) {
    if (!(error instanceof RestanteError)) throw error;
    yield { severity: 'error', code: 'config-unreadable', message: error.message, hint: error.hint ?? hint };
  }
}
