import type { IncomingBody } from '../imap-client/response-reader.ts';
import { limits } from '../runtime/limits.ts';
import type { Accounts } from '../store/accounts.ts';
import type { ImportWriter, NewImport } from '../store/imports/import-writer.ts';
import type { ReceivedFile } from '../store/messages/received-file.ts';
import type { ImportOutcome } from '../store/operations/add-imported-messages.ts';
import { MessageTooLargeError } from '../store/store-errors.ts';

/** A message whose bytes have come. */
export interface TakenMessage {
  readonly sizeBytes: number;
  /** Being flushed; undefined for a message that is too large. */
  readonly file: Promise<ReceivedFile> | undefined;
}

/** @returns what has come. @throws what the store throws, but not that the message is too large */
export async function takeMessage(accounts: Pick<Accounts, 'startMessage'>, body: IncomingBody): Promise<TakenMessage> {
  const { sizeBytes } = body;
  const intake = await accounts.startMessage();
  try {
    for await (const chunk of body) await intake.write(chunk);
  } catch (error) {
    await intake[Symbol.asyncDispose]();
    if (error instanceof MessageTooLargeError) return { sizeBytes, file: undefined };
    throw error;
  }
  const file = intake.finish();
  // Waited for with the batch.
  file.catch(() => {});
  return { sizeBytes, file };
}

export async function dropMessage({ file }: TakenMessage): Promise<void> {
  await (await file?.catch(() => undefined))?.[Symbol.asyncDispose]();
}

export interface MessageToAdd extends Omit<NewImport, 'file' | 'mailbox'> {
  readonly taken: TakenMessage;
}

/** Gathers messages and adds them many at a time; the next ones come while those before are written. */
export class ImportBatch implements AsyncDisposable {
  readonly #imports: Pick<ImportWriter, 'add'>;
  readonly #importMailboxId: number;
  readonly #mailbox: string;
  readonly #onAdded: (message: MessageToAdd, outcome: ImportOutcome) => void;
  #gathered: MessageToAdd[] = [];
  #gatheredBytes = 0;
  #adding: Promise<void> = Promise.resolve();

  constructor(options: {
    imports: Pick<ImportWriter, 'add'>;
    importMailboxId: number;
    mailbox: string;
    onAdded: (message: MessageToAdd, outcome: ImportOutcome) => void;
  }) {
    this.#imports = options.imports;
    this.#importMailboxId = options.importMailboxId;
    this.#mailbox = options.mailbox;
    this.#onAdded = options.onAdded;
  }

  /** @throws what the store throws, also for messages before */
  async add(message: MessageToAdd): Promise<void> {
    this.#gathered.push(message);
    this.#gatheredBytes += message.taken.sizeBytes;
    if (this.#gathered.length < limits.importBatchMessages && this.#gatheredBytes < limits.importBatchBytes) return;
    await this.#begin();
  }

  /** Waits until all are added. */
  async flush(): Promise<void> {
    await this.#begin();
    await this.#adding;
  }

  /** Lets go of what is not added. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#adding.catch(() => {});
    for (const { taken } of this.#gathered.splice(0)) await dropMessage(taken);
  }

  async #begin(): Promise<void> {
    await this.#adding;
    const batch = this.#gathered;
    if (batch.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#adding = this.#addAll(batch);
    // Whoever comes next is told.
    this.#adding.catch(() => {});
  }

  async #addAll(batch: readonly MessageToAdd[]): Promise<void> {
    const settled = await Promise.allSettled(batch.map(({ taken }) => taken.file!));
    const files = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    try {
      const failure = settled.find((each) => each.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
      const messages = batch.map(({ taken: _, ...message }, at): NewImport => {
        return { ...message, mailbox: this.#mailbox, file: files[at]! };
      });
      const outcomes = await this.#imports.add(this.#importMailboxId, messages);
      for (const [at, outcome] of outcomes.entries()) this.#onAdded(batch[at]!, outcome);
    } finally {
      for (const file of files) await file[Symbol.asyncDispose]();
    }
  }
}
