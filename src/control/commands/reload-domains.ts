import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

/** Reads domains.yaml at once, and says what is wrong with it. */
export function reloadDomains(services: Pick<ControlServices, 'domains'>) {
  return controlCommand(z.strictObject({}), async () => ({ changed: await services.domains.reload() }));
}
