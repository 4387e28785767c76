import { RestanteError } from '../runtime/errors.ts';
import { printableLines } from './printable-name.ts';

/**
 * Says on standard error what went wrong, and what mends it. An error nobody foresaw comes with its stack. Texts of other servers may be
 * in it.
 */
export function printError(error: unknown): void {
  const message = error instanceof RestanteError ? error.message : ((error as Error)?.stack ?? String(error));
  process.stderr.write(`restante: ${printableLines(message)}\n`);
  if (error instanceof RestanteError && error.hint !== undefined) {
    process.stderr.write(`  ${printableLines(error.hint)}\n`);
  }
}
