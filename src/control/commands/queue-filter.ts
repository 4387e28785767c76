import { z } from 'zod';

/** Which recipients in the queue a command is for. */
export const queueFilterSchema = z.strictObject({
  ids: z.array(z.int().positive()).max(100_000).optional(),
  account: z.string().optional(),
  sender: z.string().optional(),
  recipient: z.string().optional(),
  domain: z.string().optional(),
  held: z.boolean().optional(),
  all: z.boolean().optional(),
});
