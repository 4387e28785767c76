import { z } from 'zod';
import { RestanteError } from '../../runtime/errors.ts';
import { appCredentialId } from '../../store/authenticate.ts';
import type { AppPassword } from '../../store/passwords/app-password.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const account = z.string().max(320);
const name = z.string().max(1000);

const schema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('list'), account }),
  z.strictObject({
    do: z.literal('add'),
    account,
    name,
    scopes: z
      .array(z.enum(['imap', 'smtp']))
      .min(1)
      .max(2),
  }),
  z.strictObject({ do: z.literal('remove'), account, name }),
]);

export type AppPasswordAnswer = {
  list: AppPassword[];
  /** The only time that anybody sees it. */
  add: { account: string; password: string };
  remove: { account: string };
};

class UnknownAppPasswordError extends RestanteError {
  constructor(account: string, name: string) {
    super('unknown-app-password', `Cannot remove app password "${name}": account "${account}" has none of that name`, {
      hint: `"restante config account apppassword list ${account}" shows all it has.`,
    });
  }
}

/** Lists, makes or revokes the passwords that an account has for single programs. */
export function appPasswords({
  accounts,
  domains,
  sessions,
}: Pick<ControlServices, 'accounts' | 'domains' | 'sessions'>) {
  return controlCommand(schema, async (given): Promise<AppPasswordAnswer[keyof AppPasswordAnswer]> => {
    const account = knownAccount(domains.config, given.account);
    switch (given.do) {
      case 'list':
        return await listAppPasswords(accounts, account);
      case 'add': {
        const { name, scopes } = given;
        return { account, password: await accounts.addAppPassword(account, { name, scopes }) };
      }
      case 'remove': {
        const gone = await accounts.removeAppPassword(account, given.name);
        if (gone === undefined) throw new UnknownAppPasswordError(account, given.name);
        sessions.revoke(account, appCredentialId(gone));
        return { account };
      }
    }
  });
}

async function listAppPasswords(accounts: ControlServices['accounts'], account: string): Promise<AppPassword[]> {
  // Looking at it must not make it.
  if (!(await accounts.exists(account))) return [];
  await using opened = await accounts.open(account);
  const stored = await opened.read((reader) => reader.passwords.appPasswords());
  return stored.map(({ id, name, scopes, createdAt, lastUsedAt }) => ({ id, name, scopes, createdAt, lastUsedAt }));
}
