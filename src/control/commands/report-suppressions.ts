import { z } from 'zod';
import type { Suppression } from '../../reports/suppression.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const address = z.string().max(320);
const kind = z.enum(['dmarc', 'tlsrpt']);
const schema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('list'), kind }),
  z.strictObject({ action: z.literal('add'), kind, address, until: z.int().optional(), reason: z.string().max(1000) }),
  z.strictObject({ action: z.literal('remove'), kind, address }),
]);

/** As JSON carries them: without `until` for ever. */
export type ReportSuppressionList = Suppression[];

/** Lists or changes the addresses that get no reports of a kind. @throws RestanteError `suppression-not-found` */
export function reportSuppressions({
  dmarcReports: { evaluations },
  tlsReports: { results },
}: Pick<ControlServices, 'dmarcReports' | 'tlsReports'>) {
  return controlCommand(schema, async (given): Promise<ReportSuppressionList> => {
    const { suppressions } = given.kind === 'dmarc' ? evaluations : results;
    if (given.action === 'add') await suppressions.add(given.address, { until: given.until, reason: given.reason });
    if (given.action === 'remove' && !(await suppressions.remove(given.address))) {
      throw new RestanteError('suppression-not-found', `Cannot remove "${given.address}": it is not suppressed`, {
        hint: `"restante ${given.kind} suppress list" shows what is.`,
      });
    }
    return await suppressions.list();
  });
}
