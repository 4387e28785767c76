import { errorReply } from '../delivery/error-reply.ts';
import type { SmtpError } from '../smtp/smtp-error.ts';
import type { Accounts } from '../store/accounts.ts';
import type { MessageIntake, ReceivedFile } from '../store/messages/received-file.ts';
import { FatalSmtpError } from './fatal-smtp-error.ts';
import type { ForgedResults } from './forged-results.ts';
import type { ServerLimits } from './smtp-server-options.ts';

/**
 * Takes the bytes of one message to its file. Once the message is refused, for whatever reason, the rest is dropped, as the client
 * reads our reply only after the end.
 */
export class MessageReceiver implements AsyncDisposable {
  readonly #intake: Promise<MessageIntake>;
  readonly #maxDiscardedBytes: number;
  readonly #forgedResults: ForgedResults | undefined;
  #opened: MessageIntake | undefined;
  #refusal: SmtpError | undefined;
  #discardedBytes = 0;

  /** @param forgedResults for messages of strangers */
  constructor(accounts: Pick<Accounts, 'startMessage'>, limits: ServerLimits, forgedResults?: ForgedResults) {
    this.#forgedResults = forgedResults;
    this.#maxDiscardedBytes = limits.smtpDiscardedBytes;
    this.#intake = accounts.startMessage({ limitBytes: limits.messageBytes });
    // Seen at the first write.
    this.#intake.catch(() => {});
  }

  /** The first refusal is the one that is replied. */
  refuse(error: SmtpError): void {
    this.#refusal ??= error;
  }

  /** @throws FatalSmtpError when too much came after the refusal */
  async write(received: readonly Buffer[]): Promise<void> {
    const guard = this.#forgedResults;
    const pieces = guard === undefined ? received : received.flatMap((piece) => guard.push(piece));
    if (this.#refusal === undefined) {
      try {
        this.#opened ??= await this.#intake;
        const intake = this.#opened;
        if (pieces.length <= 8) for (const piece of pieces) await intake.write(piece);
        else await intake.write(Buffer.concat(pieces));
        return;
      } catch (error) {
        this.refuse(errorReply(error));
      }
    }
    for (const piece of pieces) this.#discardedBytes += piece.length;
    if (this.#discardedBytes > this.#maxDiscardedBytes) {
      const { replyCode, enhancedCode, publicText } = this.#refusal ?? errorReply(undefined);
      throw new FatalSmtpError(replyCode, enhancedCode, publicText);
    }
  }

  async throwIfRefused(): Promise<void> {
    await this.#intake;
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  /** @throws SmtpError when the message was refused */
  async finish(): Promise<ReceivedFile> {
    if (this.#refusal !== undefined) throw this.#refusal;
    const intake = await this.#intake;
    for (const piece of this.#forgedResults?.end() ?? []) await intake.write(piece);
    return await intake.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const intake = await this.#intake.catch(() => undefined);
    await intake?.[Symbol.asyncDispose]();
  }
}
