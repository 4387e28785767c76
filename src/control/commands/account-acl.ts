import { z } from 'zod';
import { RestanteError } from '../../runtime/errors.ts';
import type { AclEntry } from '../../store/sharing/rights.ts';
import { anyone, formatRights, parseRights } from '../../store/sharing/rights.ts';
import { MailboxNotFoundError } from '../../store/store-errors.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.strictObject({
  account: z.string(),
  mailbox: z.string().optional(),
  change: z
    .strictObject({
      who: z.string(),
      rights: z.string(),
      mode: z.enum(['add', 'remove', 'replace']),
      /** The rights are taken away from whoever else grants them. */
      deny: z.boolean(),
    })
    .optional(),
});

type Services = Pick<ControlServices, 'accounts' | 'domains'>;

class SharingError extends RestanteError {
  constructor(mailbox: string, detail: string, hint: string) {
    super('sharing', `Cannot share mailbox "${mailbox}": ${detail}`, { hint, context: { mailbox } });
  }
}

/** Lists what others may do with the mailboxes of an account, after changing it when that is asked for. */
export function accountAcl(services: Services) {
  return controlCommand(schema, async ({ account, mailbox: named, change }) => {
    const name = knownAccount(services.domains.config, account);
    await using opened = await services.accounts.open(name);
    const mailboxes = await opened.read(async (reader) => {
      if (named === undefined) return await reader.mailboxes.all();
      const mailbox = await reader.mailboxes.named(named);
      if (mailbox === undefined) throw new MailboxNotFoundError(named, 'share');
      return [mailbox];
    });
    if (change !== undefined) {
      const [mailbox] = mailboxes;
      if (named === undefined || mailbox === undefined) throw new MailboxNotFoundError(named ?? '', 'share');
      const rights = parseRights(change.rights);
      if (rights === undefined) {
        throw new SharingError(
          mailbox.name,
          `"${change.rights}" has letters that are no rights`,
          'See RFC 4314: lrswipkxtea.',
        );
      }
      const grantee = await granteeOf(services, name, mailbox.name, change.who);
      const identifier = `${change.deny ? '-' : ''}${grantee.identifier}`;
      await opened.sharing.changeAcl(mailbox.id, { ...grantee, identifier }, { mode: change.mode, rights });
    }
    const shared: { mailbox: string; who: string; rights: string }[] = [];
    for (const mailbox of mailboxes) {
      for (const { identifier, rights } of await opened.read((reader) => reader.sharing.acl(mailbox.id))) {
        shared.push({ mailbox: mailbox.name, who: identifier, rights: formatRights(rights) });
      }
    }
    return shared;
  });
}

async function granteeOf(
  { accounts, domains }: Services,
  owner: string,
  mailbox: string,
  who: string,
): Promise<Pick<AclEntry, 'identifier' | 'accountCreatedAt'>> {
  if (who === anyone) return { identifier: anyone, accountCreatedAt: 0 };
  const identifier = knownAccount(domains.config, who);
  if (identifier === owner) throw new SharingError(mailbox, 'its owner has all rights', 'Name another account.');
  await using opened = await accounts.open(identifier);
  return { identifier, accountCreatedAt: await opened.read((reader) => reader.createdAt()) };
}
