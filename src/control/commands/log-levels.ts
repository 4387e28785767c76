import { z } from 'zod';
import { logLevels as levels } from '../../runtime/log.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const schema = z.strictObject({
  /** The empty name is the level of all parts that have none of their own. */
  set: z.strictObject({ part: z.string().max(64), level: z.enum(levels).nullable() }).optional(),
});

/** Shows and sets what is logged, until the server stops. */
export function logLevels(services: Pick<ControlServices, 'logLevels'>) {
  return controlCommand(schema, async ({ set }) => {
    if (set !== undefined) services.logLevels.setLevel(set.part, set.level ?? undefined);
    return services.logLevels.levels();
  });
}
