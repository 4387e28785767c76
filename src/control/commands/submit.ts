import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const schema = z.strictObject({
  sender: z.string().max(320),
  recipients: z.array(z.string().min(1).max(320)).max(10_000),
  recipientsFromHeader: z.boolean(),
  fullName: z.string().max(200).optional(),
});

/** Takes a message from a local program, as /usr/sbin/sendmail does. The input is the message. */
export function submit(services: Pick<ControlServices, 'submit'>) {
  return controlCommand(
    schema,
    async ({ fullName, ...envelope }, { input, signal }) =>
      await services.submit({ ...envelope, fullName, content: input, signal }),
    { takesInput: true },
  );
}
