import { RestanteError } from '../../runtime/errors.ts';
import { flagNames } from '../../store/flags.ts';
import type { Mailbox } from '../../store/mailboxes/mailbox.ts';
import type { RenderedMessageRow } from '../../store/messages/message-rows.ts';
import type { CommandContext } from '../control-command.ts';
import type { StoredAccount } from '../control-services.ts';

/** What one message is written from. */
export interface MessageToExport {
  readonly uid: number;
  readonly sizeBytes: number;
  readonly receivedAt: number;
  /** Names of system flags and keywords. */
  readonly flags: readonly string[];
  content(): AsyncIterable<Uint8Array>;
}

/** Writes mailboxes in one format. */
export interface MailboxWriter extends AsyncDisposable {
  start(mailbox: string): Promise<void>;
  write(message: MessageToExport): Promise<void>;
}

export interface ExportResult {
  exported: number;
  mailboxes: number;
}

/** Of a server, or of a backup. */
export type ExportedAccount = Pick<StoredAccount, 'read' | 'contents'>;

const stepSize = 500;

/**
 * Writes the messages of an account, or of one mailbox of it. Messages that are expunged meanwhile may be left out.
 * @throws RestanteError when the mailbox does not exist
 */
export async function exportMessages(
  account: ExportedAccount,
  only: string | undefined,
  writer: MailboxWriter,
  context: Pick<CommandContext, 'signal' | 'progress'>,
): Promise<ExportResult> {
  const all = await account.read((reader) => reader.mailboxes.all());
  const chosen = only === undefined ? all : all.filter(({ name }) => name === only);
  if (chosen.length === 0) {
    const names = all.map(({ name }) => name).join(', ');
    throw new RestanteError('mailbox-not-found', `Cannot export mailbox "${only}": it does not exist`, {
      hint: `The account has: ${names}`,
    });
  }
  const result: ExportResult = { exported: 0, mailboxes: chosen.length };
  const total = chosen.reduce((sum, { messages }) => sum + messages, 0);
  for (const mailbox of chosen) {
    await writer.start(mailbox.name);
    for await (const row of rows(account, mailbox)) {
      context.signal.throwIfAborted();
      await writer.write({
        uid: row.uid,
        sizeBytes: row.sizeBytes,
        receivedAt: row.receivedAt,
        flags: [...flagNames(row.flagBits), ...row.keywords],
        content: () => account.contents.stream(row),
      });
      result.exported++;
      context.progress({ step: mailbox.name, done: result.exported, total, unit: 'messages' });
    }
  }
  return result;
}

async function* rows(account: ExportedAccount, { id }: Mailbox): AsyncGenerator<RenderedMessageRow> {
  const uids = await account.read((reader) => reader.uids.all(id));
  for (let at = 0; at < uids.length; at += stepSize) {
    const step = uids.subarray(at, at + stepSize);
    yield* await account.read((reader) => reader.messages.rendered(id, step));
  }
}
