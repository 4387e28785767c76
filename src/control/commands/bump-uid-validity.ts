import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.strictObject({
  account: z.string(),
  mailbox: z.string().optional(),
  dryRun: z.boolean().optional(),
});

/** Gives one mailbox, or all of an account, a new UIDVALIDITY: mail programs then fetch it anew. */
export function bumpUidValidity(services: Pick<ControlServices, 'accounts' | 'domains'>) {
  return controlCommand(schema, async ({ account, mailbox, dryRun }, { signal }) => {
    await using opened = await services.accounts.open(knownAccount(services.domains.config, account));
    const all = async (): Promise<string[]> => {
      const mailboxes = await opened.read((reader) => reader.mailboxes.all());
      return mailboxes.map(({ name }) => name);
    };
    if (dryRun) {
      const mailboxes = await opened.read((reader) => reader.mailboxes.all());
      const meant = mailboxes.filter(
        ({ name }) => mailbox === undefined || name.toLowerCase() === mailbox.toLowerCase(),
      );
      return meant.map(({ name, uidValidity }) => ({ mailbox: name, uidValidity }));
    }
    const bumped: { mailbox: string; uidValidity: number }[] = [];
    for (const name of mailbox === undefined ? await all() : [mailbox]) {
      signal.throwIfAborted();
      bumped.push({ mailbox: name, uidValidity: await opened.mailboxes.bumpUidValidity(name) });
    }
    return bumped;
  });
}
