import { z } from 'zod';

const text = z.string().max(10_000);
const members = z.array(text).min(1).max(10_000);

/** One change of `domains.yaml`, as commands and the administration pages make them. Values are validated with the file. */
export const domainsEditSchema = z.discriminatedUnion('edit', [
  z.strictObject({ edit: z.literal('addAccount'), account: text, address: text, fullName: text.optional() }),
  z.strictObject({ edit: z.literal('putAccount'), account: text, settings: z.record(text, z.unknown()) }),
  z.strictObject({ edit: z.literal('removeAccount'), account: text }),
  z.strictObject({ edit: z.literal('disableLogin'), account: text, reason: text }),
  z.strictObject({ edit: z.literal('enableLogin'), account: text }),
  z.strictObject({ edit: z.literal('addAddress'), address: text, account: text, mailbox: text.optional() }),
  z.strictObject({ edit: z.literal('removeAddress'), address: text }),
  z.strictObject({ edit: z.literal('addDomain'), domain: text, description: text.optional() }),
  z.strictObject({ edit: z.literal('removeDomain'), domain: text }),
  z.strictObject({ edit: z.literal('addDkimSelector'), domain: text, selector: text, privateKeyFile: text }),
  z.strictObject({ edit: z.literal('signWithDkim'), domain: text, selector: text, signs: z.boolean() }),
  z.strictObject({ edit: z.literal('removeDkimSelector'), domain: text, selector: text }),
  z.strictObject({ edit: z.literal('addAlias'), address: text, members, postPublic: z.boolean().optional() }),
  z.strictObject({ edit: z.literal('removeAlias'), address: text }),
  z.strictObject({ edit: z.literal('addAliasMembers'), address: text, members }),
  z.strictObject({ edit: z.literal('removeAliasMembers'), address: text, members }),
]);

export type DomainsEdit = z.output<typeof domainsEditSchema>;
