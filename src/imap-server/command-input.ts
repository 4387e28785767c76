import { literalAtEnd } from '../imap/literal-at-end.ts';
import type { ByteText } from '../message/structure.ts';
import { RestanteError } from '../runtime/errors.ts';
import { ConnectionClosedError, LineTooLongError, type WireReader } from '../runtime/wire-reader.ts';
import type { ResponseWriter } from './response-writer.ts';
import type { ImapServerContext } from './server-context.ts';

/** A command longer than allowed. What came of it was read and dropped. */
export class CommandTooLongError extends RestanteError {
  readonly tag: string | undefined;
  readonly command: string | undefined;
  /** The end of the line that was dropped, if one was: it may announce a literal. */
  readonly lineEnd: ByteText;

  /** @param text what came of it before the limit, if that is known */
  constructor(limitBytes: number, text?: ByteText, lineEnd: ByteText = '') {
    super('imap-command-too-long', `Cannot read command: it is longer than ${limitBytes} bytes`, {
      context: { limitBytes },
    });
    const [, tag, command] = tagForm.exec(text ?? '') ?? [];
    this.tag = tag;
    this.command = command?.toUpperCase();
    this.lineEnd = lineEnd;
  }
}

/** Commands that bring messages, which are not for memory. */
const uploadForms = {
  none: undefined,
  append: /^[^\x00-\x20\x7f-\xff(){%*"\\+]+ APPEND /i,
  'append-and-replace': /^[^\x00-\x20\x7f-\xff(){%*"\\+]+ (?:APPEND|(?:UID )?REPLACE) /i,
};
/** A line that is too long is looked through for its tag and name so far. */
const tagBytes = 256;
/** And for a literal at its end, as {@link literalAtEnd} knows it. */
const literalStartBytes = 32;
const tagForm = /^([^\x00-\x20\x7f-\xff(){%*"\\+]+)(?: ([A-Z]+)|[ \r\n])/i;

/** Reads commands from a connection, with the literals in them. */
export class CommandInput {
  readonly #reader: WireReader;
  readonly #out: ResponseWriter;
  readonly #limits: ImapServerContext['limits'];
  readonly #beforeWriting: () => Promise<void>;

  /** @param beforeWriting ends what else writes responses */
  constructor(
    reader: WireReader,
    out: ResponseWriter,
    limits: ImapServerContext['limits'],
    beforeWriting: () => Promise<void>,
  ) {
    this.#reader = reader;
    this.#out = out;
    this.#limits = limits;
    this.#beforeWriting = beforeWriting;
  }

  get reader(): WireReader {
    return this.#reader;
  }

  /**
   * Reads the next command; of those that bring messages only the first line.
   * @param uploads those that the state allows: others are refused like any command, and what they bring must not be taken for commands
   * @returns the command without its line end; of one that brings messages with the line end, when a literal follows
   * @throws CommandTooLongError, ReadTimeoutError, ConnectionClosedError
   */
  async command(limitBytes: number, timeoutMs: number, uploads: keyof typeof uploadForms): Promise<ByteText> {
    let text = await this.#commandLine(limitBytes, timeoutMs);
    const isUpload = uploadForms[uploads]?.test(text) === true;
    while (!isUpload && literalAtEnd(text) !== undefined) text = await this.withLiteral(text, limitBytes, timeoutMs);
    return isUpload && literalAtEnd(text) !== undefined ? text : withoutLineEnd(text);
  }

  /**
   * Reads the literal that a text ends in, and the line after it.
   * @returns the text with both
   */
  async withLiteral(text: ByteText, limitBytes: number, timeoutMs: number): Promise<ByteText> {
    const literal = literalAtEnd(text);
    if (literal === undefined) return text;
    if (text.length + literal.sizeBytes > limitBytes) {
      if (!literal.synchronizing) await this.dropLiterals(text, timeoutMs);
      throw new CommandTooLongError(limitBytes, text);
    }
    if (literal.synchronizing) await this.invite();
    const bytes = await this.#reader.readBytes(literal.sizeBytes, timeoutMs);
    const before = text + bytes.toString('latin1');
    return before + (await this.#commandLine(limitBytes - before.length, timeoutMs, text));
  }

  /** Tells the client to send the literal it has announced. */
  async invite(): Promise<void> {
    await this.#beforeWriting();
    this.#out.write('+ OK\r\n');
    await this.#out.flush();
  }

  /** The line after a literal, with its line end. */
  nextLine(limitBytes: number, timeoutMs: number): Promise<ByteText> {
    return this.#commandLine(limitBytes, timeoutMs);
  }

  /**
   * Reads and drops what a refused command still sends: the non-synchronizing literal its text ends in, the line after it, and so on.
   * @throws ConnectionClosedError when that is more than anybody has to take
   */
  async dropLiterals(text: ByteText, timeoutMs: number): Promise<void> {
    let dropped = 0;
    let literal = literalAtEnd(text);
    while (literal !== undefined && !literal.synchronizing) {
      dropped += literal.sizeBytes;
      if (dropped > this.#limits.imapDroppedLiteralBytes) {
        await this.#beforeWriting();
        this.#out.write('* BYE [TOOBIG] Literal is too large\r\n');
        await this.#out.drain();
        throw new ConnectionClosedError();
      }
      let left = literal.sizeBytes;
      while (left > 0) left -= (await this.#reader.readChunk(left, timeoutMs)).length;
      literal = literalAtEnd(await this.#line(this.#limits.imapCommandBytes, timeoutMs).catch(endOfTooLong));
    }
  }

  /** A line of a command: with one that is too long, what it still sends is dropped too. */
  async #commandLine(limitBytes: number, timeoutMs: number, before?: ByteText): Promise<ByteText> {
    try {
      return await this.#line(limitBytes, timeoutMs, before);
    } catch (error) {
      if (error instanceof CommandTooLongError) await this.dropLiterals(error.lineEnd, timeoutMs);
      throw error;
    }
  }

  async #line(limitBytes: number, timeoutMs: number, before?: ByteText): Promise<ByteText> {
    try {
      return (await this.#reader.readLine(Math.max(limitBytes, 0), timeoutMs)).toString('latin1');
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error;
      // Without its tag the client would wait for its answer.
      const found = before ?? this.#reader.peek(tagBytes).toString('latin1');
      const lineEnd = await this.#reader.skipLine(timeoutMs, literalStartBytes);
      throw new CommandTooLongError(limitBytes, found, lineEnd.toString('latin1'));
    }
  }
}

/** A line that is too long was read past, but for its end. */
function endOfTooLong(error: unknown): ByteText {
  if (!(error instanceof CommandTooLongError)) throw error;
  return error.lineEnd;
}

export function withoutLineEnd(text: ByteText): ByteText {
  if (!text.endsWith('\n')) return text;
  return text.slice(0, text.endsWith('\r\n') ? -2 : -1);
}
