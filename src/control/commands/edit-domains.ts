import { z } from 'zod';
import { domainsEditSchema } from '../../config/domains-edit-schema.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const schema = z.strictObject({ changes: z.array(domainsEditSchema).min(1).max(1000) });

/** Changes domains.yaml and puts the change to use. */
export function editDomains(services: Pick<ControlServices, 'domains'>) {
  return controlCommand(schema, async ({ changes }) => {
    await services.domains.edit(changes);
  });
}
