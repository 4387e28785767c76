import { RestanteError } from '../runtime/errors.ts';

/** Says on standard error what went wrong, and what mends it. An error nobody foresaw comes with its stack. */
export function printError(error: unknown): void {
  const message = error instanceof RestanteError ? error.message : ((error as Error)?.stack ?? String(error));
  process.stderr.write(`restante: ${message}\n`);
  if (error instanceof RestanteError && error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
}
