import { RestanteError } from '../../runtime/errors.ts';
import { type Flags, flagBit } from '../../store/flags.ts';
import type { NewMessage } from '../../store/messages/new-message.ts';
import type { ReceivedFile } from '../../store/messages/received-file.ts';
import type { CommandContext } from '../control-command.ts';
import type { ControlServices, StoredAccount } from '../control-services.ts';
import { withCrlf } from './line-ends.ts';
import type { MailboxToImport, MessageToImport } from './message-to-import.ts';

export interface ImportResult {
  imported: number;
  /** Messages that could not be taken; each was logged. */
  failed: number;
  mailboxes: number;
}

/** Messages that are flushed at the same time and added in one transaction. */
const batchSize = 50;

/**
 * Adds the messages of mailboxes to an account. Those added before a failure or an interruption stay.
 * @throws RestanteError of the store when no further message can be added: over quota, disk full
 */
export async function importMessages(
  accounts: Pick<ControlServices['accounts'], 'startMessage'>,
  account: StoredAccount,
  mailboxes: readonly MailboxToImport[],
  context: Pick<CommandContext, 'signal' | 'log' | 'progress'>,
): Promise<ImportResult> {
  const result: ImportResult = { imported: 0, failed: 0, mailboxes: mailboxes.length };
  for (const { mailbox, messages } of mailboxes) {
    let batch: Taken[] = [];
    const add = async (): Promise<void> => {
      result.imported += await addBatch(account, mailbox, batch);
      batch = [];
      context.progress({ step: mailbox, done: result.imported, unit: 'messages' });
    };
    try {
      for await (const message of messages(context.signal)) {
        context.signal.throwIfAborted();
        try {
          batch.push(await take(accounts, message));
        } catch (error) {
          if (!(error instanceof RestanteError) || error.code !== 'message-too-large') throw error;
          result.failed++;
          context.log('warn', error.message, { file: message.source });
        }
        if (batch.length === batchSize) await add();
      }
      await add();
    } finally {
      for (const { file } of batch) await (await file.catch(() => undefined))?.[Symbol.asyncDispose]();
    }
  }
  return result;
}

interface Taken {
  /** Being flushed. */
  file: Promise<ReceivedFile>;
  flags: Flags;
  receivedAt: number | undefined;
}

async function take(
  accounts: Pick<ControlServices['accounts'], 'startMessage'>,
  message: MessageToImport,
): Promise<Taken> {
  const intake = await accounts.startMessage();
  try {
    for await (const chunk of withCrlf(message.content)) await intake.write(chunk);
  } catch (error) {
    await intake[Symbol.asyncDispose]();
    throw error;
  }
  const file = intake.finish();
  // Waited for with the batch.
  file.catch(() => {});
  return { file, flags: flagsOf(message.flags), receivedAt: message.receivedAt };
}

async function addBatch(account: StoredAccount, mailbox: string, batch: readonly Taken[]): Promise<number> {
  if (batch.length === 0) return 0;
  const settled = await Promise.allSettled(batch.map(({ file }) => file));
  const files = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    const failure = settled.find((each) => each.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    await account.messages.addAll(
      batch.map(({ flags, receivedAt }, at): NewMessage => {
        const time = receivedAt === undefined ? {} : { receivedAt: Math.trunc(receivedAt) };
        return { mailbox, createMissing: true, file: files[at], flags, ...time };
      }),
    );
  } finally {
    for (const file of files) await file[Symbol.asyncDispose]();
  }
  return batch.length;
}

function flagsOf(names: readonly string[]): Flags {
  let bits = 0;
  const keywords = new Set<string>();
  for (const name of names) {
    const bit = flagBit(name);
    if (bit !== undefined) bits |= bit;
    // RFC 9051 §9: a keyword is an atom; what other software calls a keyword may be none.
    else if (/^[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~]{1,100}$/.test(name)) keywords.add(name);
  }
  return { bits, keywords: [...keywords] };
}
