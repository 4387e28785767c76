import type { SelectedMailbox } from './selected-mailbox.ts';

/** Numbers of accounts that are open, by what tells them from all others in this process. */
const accountNumbers = new WeakMap<object, number>();
let lastAccount = 0;

/** Names a mailbox, as long as its UIDs are what they are, among all that this process ever has open. */
export function mailboxKey({ account, id, uidValidity }: SelectedMailbox): string {
  let number = accountNumbers.get(account.identity);
  if (number === undefined) {
    number = ++lastAccount;
    accountNumbers.set(account.identity, number);
  }
  return `${number}/${id}/${uidValidity}`;
}
