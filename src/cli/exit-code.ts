import { RestanteError } from '../runtime/errors.ts';

/** The exit codes of every command. */
export const exitCode = { done: 0, failed: 1, usage: 2, incomplete: 3, unavailable: 4, interrupted: 130 } as const;

/** Wrong usage that only shows when the command runs. */
export class UsageError extends RestanteError {
  constructor(detail: string, hint?: string) {
    super('usage', detail, hint === undefined ? {} : { hint });
  }
}

/** The exit code of a command that failed with this error. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof RestanteError)) return exitCode.failed;
  switch (error.code) {
    case 'usage':
    case 'control-request':
      return exitCode.usage;
    case 'server-not-running':
    case 'data-directory-locked':
      return exitCode.unavailable;
    case 'interrupted':
      return exitCode.interrupted;
    default:
      return exitCode.failed;
  }
}
