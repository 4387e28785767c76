import { randomBytes } from 'node:crypto';
import type { Log } from '../../runtime/log.ts';
import type { Account } from '../account.ts';
import type { Accounts } from '../accounts.ts';
import type { ChangeableFlags } from '../flags.ts';
import type { RenderedMessageRow } from '../messages/message-rows.ts';
import type { CopiedMessages } from '../messages/message-writer.ts';
import type { NewMessage } from '../messages/new-message.ts';
import type { ReceivedFile } from '../messages/received-file.ts';
import type { ArrivedMove } from '../operations/add-messages.ts';
import { MailboxNotFoundError } from '../store-errors.ts';
import type { SharingIndex } from './sharing-index.ts';
import type { PendingMove } from './sharing-operations.ts';

/*
 * Copies and moves messages between two accounts, each of which is a database of its own.
 *
 * A move notes itself in `sharing.db`; adds the messages to the target, together with a row of `arrived_moves`; expunges those that are still
 * in the source, together with a row of `departed_moves` that says which these were; takes back from the target what somebody else has expunged or
 * moved meanwhile; and takes all three notes away. Killed before the messages are added, nothing has happened; killed after, the next start
 * finds the note, sees by the first row that they have arrived, and goes on from there: none is lost, none is there twice. No backup
 * falls between the steps.
 */

export interface Transfer {
  readonly source: Account;
  readonly mailboxId: number;
  /** Ascending. Messages that don't exist any more are passed over. */
  readonly uids: Uint32Array;
  readonly target: Account;
  readonly targetMailboxId: number;
  /** Whether they leave the source. */
  readonly moves: boolean;
  /** Flags that they have in the target, too. The received date is kept always. */
  readonly kept: ChangeableFlags;
}

interface TransferTools {
  readonly sharing: SharingIndex;
  /** Runs a change that no snapshot may fall into. */
  changeFiles<Result>(change: () => Promise<Result>): Promise<Result>;
  /** The file of a message, to be added elsewhere. */
  adopt(account: string, contentId: number): Promise<ReceivedFile>;
}

const columns = ['contentId', 'prefix', 'receivedAt'] as const;

/** Messages that are one transaction. */
const batchSize = 100;

/**
 * Yields what is durably done, step by step, UIDs ascending. When a copy fails, what was added before is taken back; of a move, what was
 * yielded stays moved.
 * @throws MailboxNotFoundError, OverQuotaError, StoreLimitError, MessageFileError
 */
export async function* transferMessages(transfer: Transfer, tools: TransferTools): AsyncGenerator<CopiedMessages> {
  const { source, mailboxId, uids, target, targetMailboxId, moves } = transfer;
  const added: number[] = [];
  let done = false;
  try {
    for (let at = 0; at < uids.length; at += batchSize) {
      const batch = uids.subarray(at, at + batchSize);
      const rows = await source.read((reader) =>
        reader.messages.rendered(mailboxId, batch, undefined, undefined, { columns }),
      );
      if (rows.length === 0) continue;
      await using messages = await adoptMessages(rows, transfer, tools);
      const copied = moves
        ? await moveBatch(transfer, tools, messages.list, rows)
        : toCopied(rows, await target.messages.addAll(messages.list));
      added.push(...copied.pairs.map(({ uid }) => uid));
      yield copied;
    }
    done = true;
  } finally {
    // RFC 9051 §6.4.7: a COPY that fails leaves the target as it was.
    if (!done && !moves && added.length > 0) await target.messages.expunge(targetMailboxId, added, 'all');
  }
}

async function moveBatch(
  { source, mailboxId, target, targetMailboxId }: Transfer,
  { sharing, changeFiles }: TransferTools,
  messages: readonly NewMessage[],
  rows: readonly RenderedMessageRow[],
): Promise<CopiedMessages> {
  return await changeFiles(async () => {
    const id = randomBytes(16);
    const uids = rows.map(({ uid }) => uid);
    await sharing.beginMove({ id, source: source.name, target: target.name });
    const added = await target.messages
      .addAll(messages, { id, account: source.name, mailboxId, uids })
      .catch(async (error: unknown) => {
        // They may have arrived all the same, and stay in both. If not even this can be written, the next start decides.
        await forget(sharing, id, target, undefined).catch(() => {});
        throw error;
      });
    const { uidValidity, pairs } = toCopied(rows, added);
    const move = {
      id,
      account: source.name,
      mailboxId,
      uids,
      targetMailboxId,
      targetUids: added.map(({ uid }) => uid),
    };
    try {
      // Whether a failed attempt has expunged them, nobody knows; the second finds out.
      const taken = new Set(await complete(source, target, move).catch(() => complete(source, target, move)));
      return { uidValidity, pairs: pairs.filter(({ sourceUid }) => taken.has(sourceUid)) };
    } finally {
      // Also when they stay in both: people see that, and what they do about it must not be undone at the next start.
      await forget(sharing, id, target, source);
    }
  });
}

/** Expunges in the source, and takes back from the target what was not there to be moved. @returns UIDs that were */
async function complete(source: Account, target: Account, move: ArrivedMove): Promise<number[]> {
  const taken = await source.sharing.expungeMoved(move.id, move.mailboxId, move.uids);
  const lost = move.targetUids.filter((_, index) => !taken.includes(move.uids[index]!));
  if (lost.length > 0) await expungeIfThere(target, move.targetMailboxId, lost);
  return taken;
}

async function expungeIfThere(account: Account, mailboxId: number, uids: readonly number[]): Promise<void> {
  try {
    await account.messages.expunge(mailboxId, uids, 'all');
  } catch (error) {
    // With their mailbox, the messages are gone.
    if (!(error instanceof MailboxNotFoundError)) throw error;
  }
}

/** The target's note first: without the source's, it would say that nothing was taken from there. */
async function forget(
  sharing: SharingIndex,
  id: Uint8Array,
  target: Account | undefined,
  source: Account | undefined,
): Promise<void> {
  await target?.sharing.forgetMove(id);
  await source?.sharing.forgetMove(id);
  await sharing.endMove(id);
}

/** Links the files of messages to `tmp/`, so that nothing that happens in the source can take them away. */
async function adoptMessages(
  rows: readonly RenderedMessageRow[],
  { source, targetMailboxId, kept }: Transfer,
  { adopt }: TransferTools,
): Promise<AsyncDisposable & { readonly list: readonly NewMessage[] }> {
  await using adopted = new AsyncDisposableStack();
  const list: NewMessage[] = [];
  for (const row of rows) {
    list.push({
      mailbox: targetMailboxId,
      file: adopted.use(await adopt(source.name, row.contentId)),
      prefix: row.prefix,
      flags: { bits: row.flagBits & kept.bits, keywords: kept.keywords ? row.keywords : [] },
      receivedAt: row.receivedAt,
    });
  }
  const held = adopted.move();
  return { list, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

function toCopied(
  rows: readonly RenderedMessageRow[],
  added: readonly { uid: number; uidValidity: number }[],
): CopiedMessages {
  return {
    uidValidity: added[0]!.uidValidity,
    pairs: rows.map(({ uid }, index) => ({ sourceUid: uid, uid: added[index]!.uid })),
  };
}

/** Finishes moves that a crash has interrupted. To be called before anybody uses an account. */
export async function finishMoves(accounts: Accounts, sharing: SharingIndex, log: Log): Promise<void> {
  for (const move of await sharing.moves()) {
    try {
      await finishMove(accounts, sharing, move, log);
    } catch (error) {
      // An account that can't be opened keeps the others from nothing; the next start tries again.
      log.error({ err: error, ...move }, 'Cannot finish a move of messages: they may be in two accounts');
    }
  }
}

async function finishMove(
  accounts: Accounts,
  sharing: SharingIndex,
  { id, ...names }: PendingMove,
  log: Log,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const open = async (name: string): Promise<Account | undefined> =>
    (await accounts.exists(name)) ? opened.use(await accounts.open(name)) : undefined;
  const target = await open(names.target);
  const source = await open(names.source);
  const move = await target?.read((reader) => reader.sharing.arrivedMove(id));
  if (move !== undefined && target !== undefined && source !== undefined) {
    const taken = await complete(source, target, move);
    log.info({ ...names, messages: taken.length }, 'finished a move of messages');
  }
  await forget(sharing, id, target, source);
}
