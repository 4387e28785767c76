import type { Decision, DecisionStep } from './decision.ts';

/**
 * Puts mail of senders that nothing is known of, and nothing speaks against, into a mailbox of its own, where the user wants that. Whoever
 * moves a message out of there says that its sender is welcome: the next one goes where it is addressed to.
 * @param mailboxOf undefined for accounts that have all such mail in place
 */
export function introduction(mailboxOf: (account: string) => string | undefined): DecisionStep {
  return async ({ sender, recipient }): Promise<Decision | undefined> => {
    const mailbox = mailboxOf(recipient.account);
    // A server of the user's own passes it on: whom it is from is not known here.
    if (mailbox === undefined || sender.isForwarded === true) return undefined;
    return { action: 'accept', reason: 'introduction', mailbox };
  };
}
