import { withAsciiDomain } from '../queue/recipient-domain.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Accounts } from '../store/accounts.ts';

export interface SentMessage {
  readonly account: string;
  readonly recipients: readonly { readonly address: string }[];
  readonly messageId: string;
  readonly sentAt: number;
}

/**
 * Notes in each account whom it has written to. Nobody waits for it: a message that is in the queue is sent, whether or not its
 * recipients could be noted. Disposing waits for what is under way.
 */
export class SentRecipients implements AsyncDisposable {
  readonly #accounts: Pick<Accounts, 'open'>;
  readonly #log: Log;
  readonly #running = new Set<Promise<void>>();

  constructor(accounts: Pick<Accounts, 'open'>, log: Log) {
    this.#accounts = accounts;
    this.#log = log;
  }

  note(message: SentMessage): void {
    if (this.#running.size >= limits.recipientNotes) {
      this.#log.warn({ account: message.account }, 'recipients not noted: too many messages at once');
      return;
    }
    const running = this.#note(message).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #note({ account, recipients, messageId, sentAt }: SentMessage): Promise<void> {
    try {
      await using opened = await this.#accounts.open(account);
      const addresses = recipients.map(({ address }) => withAsciiDomain(address));
      await opened.noteRecipients(addresses, { messageId, sentAt });
    } catch (error) {
      this.#log.error({ err: error, account }, 'recipients not noted');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running);
  }
}
