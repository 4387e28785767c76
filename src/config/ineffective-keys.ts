import type { DomainsSettings } from './domains-schema.ts';
import type { StaticSettings } from './static-schema.ts';

/** Ends the description of a key that a later version gives its effect. */
export const notInEffect = ' Accepted, but without effect in this version.';

/** Keys that are set and have no effect in this version: worth a warning, so that nobody relies on them. */
export function ineffectiveKeys(
  server: Partial<StaticSettings>,
  { domains, accounts, aliases }: Pick<DomainsSettings, 'domains' | 'accounts' | 'aliases'>,
): string[] {
  const keys: string[] = [];
  const note = (isSet: boolean, key: string): void => {
    if (isSet) keys.push(key);
  };
  note(server.maxOutgoingMessagesPerDay !== undefined, 'maxOutgoingMessagesPerDay');
  note(server.maxNewRecipientsPerDay !== undefined, 'maxNewRecipientsPerDay');
  for (const [name, domain] of Object.entries(domains)) {
    note(domain.dkim.sign.length > 0, `domains."${name}".dkim.sign`);
  }
  for (const [name, account] of Object.entries(accounts)) {
    note(account.maxOutgoingMessagesPerDay !== undefined, `accounts.${name}.maxOutgoingMessagesPerDay`);
    note(account.maxNewRecipientsPerDay !== undefined, `accounts.${name}.maxNewRecipientsPerDay`);
  }
  for (const [address, alias] of Object.entries(aliases)) note(alias.listMembers, `aliases."${address}".listMembers`);
  return keys;
}
