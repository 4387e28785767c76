import type { Account } from '../store/account.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import { MailboxExistsError, SpecialUseTakenError } from '../store/store-errors.ts';
import type { PlannedMailbox } from './plan-mailboxes.ts';

/** Makes the mailbox here, with its special use unless another one has that, and subscribes to it. May be done again. */
export async function prepareMailbox(account: Account, { listed, target, specialUse }: PlannedMailbox): Promise<void> {
  const mailboxes = await account.read((reader) => reader.mailboxes.all());
  const mailbox = mailboxes.find(({ name }) => name === target);
  const isFree = specialUse !== undefined && !mailboxes.some((each) => each.specialUse.includes(specialUse));
  if (mailbox === undefined) await create(account, target, isFree ? specialUse : undefined);
  else if (isFree) await account.mailboxes.setSpecialUse(target, [...mailbox.specialUse, specialUse]);
  if (listed.subscribed) await account.mailboxes.setSubscribed(target, true);
}

async function create(account: Account, target: string, use: Mailbox['specialUse'][number] | undefined): Promise<void> {
  try {
    await account.mailboxes.create(target, use === undefined ? {} : { specialUse: [use] });
  } catch (error) {
    // The user, or another program, was faster.
    if (error instanceof SpecialUseTakenError) return await create(account, target, undefined);
    if (!(error instanceof MailboxExistsError)) throw error;
  }
}
