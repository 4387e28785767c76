import { z } from 'zod';
import type { Suppression } from '../../reports/dmarc/evaluations/evaluation.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const address = z.string().max(320);
const schema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('list') }),
  z.strictObject({ action: z.literal('add'), address, until: z.int().optional(), reason: z.string().max(1000) }),
  z.strictObject({ action: z.literal('remove'), address }),
]);

/** As JSON carries them: without `until` for ever. */
export type DmarcSuppressionList = Suppression[];

/** Lists or changes the addresses that get no reports. @throws RestanteError `suppression-not-found` */
export function dmarcSuppressions({ dmarcReports: { evaluations } }: Pick<ControlServices, 'dmarcReports'>) {
  return controlCommand(schema, async (given): Promise<DmarcSuppressionList> => {
    if (given.action === 'add') await evaluations.suppress(given.address, { until: given.until, reason: given.reason });
    if (given.action === 'remove' && !(await evaluations.unsuppress(given.address))) {
      throw new RestanteError('suppression-not-found', `Cannot remove "${given.address}": it is not suppressed`, {
        hint: '"restante dmarc suppress list" shows what is.',
      });
    }
    return await evaluations.suppressions();
  });
}
