import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.strictObject({ account: z.string(), mailbox: z.string().optional() });

/** Gives one mailbox, or all of an account, a new UIDVALIDITY: mail programs then fetch it anew. */
export function bumpUidValidity(services: Pick<ControlServices, 'accounts' | 'domains'>) {
  return controlCommand(schema, async ({ account, mailbox }, { signal }) => {
    await using opened = await services.accounts.open(knownAccount(services.domains.config, account));
    const all = async (): Promise<string[]> => {
      const mailboxes = await opened.read((reader) => reader.mailboxes());
      return mailboxes.map(({ name }) => name);
    };
    const bumped: { mailbox: string; uidValidity: number }[] = [];
    for (const name of mailbox === undefined ? await all() : [mailbox]) {
      signal.throwIfAborted();
      bumped.push({ mailbox: name, uidValidity: await opened.bumpUidValidity(name) });
    }
    return bumped;
  });
}
