import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import { type ControlServices, findingSeverity } from '../control-services.ts';

/** Verifies the data of the running server, as of one instant. Findings are log lines with a `code`. */
export function verifyData(services: Pick<ControlServices, 'verify'>) {
  return controlCommand(z.strictObject({ full: z.boolean() }), async ({ full }, { signal, log, progress }) => {
    return await services.verify({
      full,
      signal,
      onFinding: ({ severity, message, isUnreferenced: _, ...fields }) =>
        log(findingSeverity[severity], message, fields),
      onProgress: ({ phase, files, bytes }) => progress({ step: phase, done: files, unit: 'files', bytes }),
    });
  });
}
