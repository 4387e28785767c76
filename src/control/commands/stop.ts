import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

/** Stops the server, after the answer is sent. */
export function stop(services: Pick<ControlServices, 'stop'>) {
  return controlCommand(z.strictObject({}), async () => {
    setImmediate(() => services.stop());
  });
}
