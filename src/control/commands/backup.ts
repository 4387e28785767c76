import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import { backupSeverity, type ControlServices } from '../control-services.ts';

const schema = z.strictObject({
  destination: z.string().refine(isAbsolute, 'an absolute path'),
  messageFiles: z.enum(['link', 'copy']),
  bytesPerSecond: z.number().int().positive().optional(),
  wait: z.boolean().optional(),
});

/** Backs the whole server up, as of one instant. */
export function backup(services: Pick<ControlServices, 'backup'>) {
  return controlCommand(schema, async (given, { signal, log, progress }) => {
    return await services.backup({
      ...given,
      signal,
      report: (severity, text, fields) => log(backupSeverity[severity], text, fields),
      onProgress: ({ phase, files, totalFiles, bytes, totalBytes }) => {
        progress({ step: phase, done: files, total: totalFiles, unit: 'files', bytes, totalBytes });
      },
    });
  });
}
