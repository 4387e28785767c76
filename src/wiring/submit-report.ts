import type { Queue, ReportKind } from '../queue/queue.ts';
import type { Accounts } from '../store/accounts.ts';

/** Puts a report into the queue as mail of a user is: signed by the domain of its author. Nobody is to get a DSN for it. */
export async function submitReport(
  { sender, recipients, content }: { sender: string; recipients: readonly string[]; content: Uint8Array },
  options: { accounts: Pick<Accounts, 'startMessage'>; queue: Pick<Queue, 'submit'>; kind: ReportKind },
): Promise<void> {
  await using intake = await options.accounts.startMessage();
  await intake.write(content);
  await using file = await intake.finish();
  await options.queue.submit({
    sender,
    recipients: recipients.map((address) => ({ address, notify: ['NEVER'] })),
    file: await file.temporaryFile(),
    smtputf8: false,
    body: '7BIT',
    requireTls: false,
    report: options.kind,
  });
}
