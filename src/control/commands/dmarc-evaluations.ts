import { z } from 'zod';
import type { DueReport } from '../../reports/dmarc/evaluations/evaluation.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

export type DmarcEvaluationList = DueReport[];

/** Reports to other domains that are being gathered, those that are due first. */
export function dmarcEvaluations({ dmarcReports: { evaluations } }: Pick<ControlServices, 'dmarcReports'>) {
  return controlCommand(z.strictObject({ limit: z.int().min(1).max(1000) }), async ({ limit }) => {
    const list: DmarcEvaluationList = await evaluations.due(undefined, limit);
    return list;
  });
}
