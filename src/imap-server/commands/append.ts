import { ArgumentParser } from '../../imap/argument-parser.ts';
import { type LiteralStart, literalAtEnd } from '../../imap/literal-at-end.ts';
import { formatNumbers } from '../../imap/sequence-set.ts';
import type { ByteText } from '../../message/structure.ts';
import type { NewMessage, ReceivedFile } from '../../store/account.ts';
import type { Command } from '../command.ts';
import { withoutLineEnd } from '../command-input.ts';
import { replyToError } from '../error-replies.ts';
import { parseFlagNames } from '../flag-text.ts';
import { noteAdded } from '../note-added.ts';
import { type OkReply, RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';

/** Bytes of a message taken from the connection at a time. */
const chunkBytes = 64 * 1024;

/**
 * Messages stream to the disk as they come. All of a command are added, or none.
 * Source: RFC 9051 §6.3.12, RFC 3502 (several messages), RFC 6855 §4 (UTF8), RFC 7888
 */
export const append: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    await using upload = new Upload(session, args.rest);
    try {
      return await upload.run();
    } catch (error) {
      const reply = replyToError(error);
      if (!reply.unexpected) await upload.dropRest();
      // RFC 9051 §6.3.12: the client may create the mailbox and try again.
      if (reply.code === 'NONEXISTENT') throw new RefusedError('NO', 'TRYCREATE', reply.text, error);
      throw error;
    }
  },
};

/** The messages of one APPEND on their way in. */
class Upload implements AsyncDisposable {
  readonly #session: Session;
  readonly #files: ReceivedFile[] = [];
  /** What came and was not answered by reading its literal. */
  #text: ByteText;
  /** Bytes of the present literal that are still to come; 0 when its line end is, too. */
  #left: number | undefined;

  constructor(session: Session, text: ByteText) {
    this.#session = session;
    this.#text = text;
  }

  async run(): Promise<OkReply> {
    const { mail, server } = this.#session;
    let args = await this.#takeMailboxArgument();
    args.space();
    const name = this.#session.mailboxName(args.astring());
    const [mailbox, quota] = await mail.read(async (reader) => [await reader.mailbox(name), await reader.quota()]);
    if (mailbox === undefined) throw new RefusedError('NO', 'TRYCREATE', 'There is no such mailbox');
    let room = (quota.limitBytes ?? Number.POSITIVE_INFINITY) - quota.usedBytes;
    const messages: NewMessage[] = [];
    do {
      if (messages.length >= server.limits.imapAppendMessages) {
        throw new RefusedError('NO', 'LIMIT', 'Too many messages in one command');
      }
      args.space();
      const { flags, receivedAt, literal, utf8 } = parseMessageArguments(args);
      if (literal.sizeBytes > server.limits.messageBytes) {
        throw new RefusedError('NO', 'TOOBIG', 'The message is too large');
      }
      // RFC 3502 §6.3.11: an empty message takes back the whole command.
      if (literal.sizeBytes === 0) throw new RefusedError('NO', undefined, 'An empty message cancels APPEND');
      room -= literal.sizeBytes;
      if (room < 0) throw new RefusedError('NO', 'OVERQUOTA', 'The account is full');
      if (utf8 && !this.#session.utf8) throw new RefusedError('BAD', undefined, 'Enable UTF8=ACCEPT first');
      const file = await this.#takeMessage(literal);
      messages.push({
        mailbox: mailbox.id,
        createMissing: false,
        file,
        flags,
        ...(receivedAt !== undefined && { receivedAt }),
      });
      args = new ArgumentParser(this.#lineArguments());
      if (utf8) args.take(')');
    } while (!args.atEnd);
    const added = await mail.addMessages(messages);
    noteAdded(this.#session, mailbox.id, added[0].modseq);
    const uids = formatNumbers(added.map(({ uid }) => uid));
    return { code: `APPENDUID ${added[0].uidValidity} ${uids}`, text: 'Added' };
  }

  /** Reads and drops what a client that doesn't wait still sends of the refused command. */
  async dropRest(): Promise<void> {
    const { input, server } = this.#session;
    const { imapIdleMs, imapCommandBytes } = server.limits;
    if (this.#left !== undefined) {
      while (this.#left > 0) this.#left -= (await input.reader.readChunk(this.#left, imapIdleMs)).length;
      this.#left = undefined;
      this.#text = await input.nextLine(imapCommandBytes, imapIdleMs);
    }
    await input.dropLiterals(this.#text, imapIdleMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file[Symbol.asyncDispose]();
  }

  /** The name of the mailbox may be a literal itself. */
  async #takeMailboxArgument(): Promise<ArgumentParser> {
    const literal = literalAtEnd(this.#text);
    if (literal?.start === 1 && !literal.binary) {
      const { imapCommandBytes, imapIdleMs } = this.#session.server.limits;
      const before = this.#text;
      this.#text = '';
      this.#text = await this.#session.input.withLiteral(before, imapCommandBytes, imapIdleMs);
    }
    return new ArgumentParser(this.#lineArguments());
  }

  /** The text, with its line end only where that belongs to a literal. */
  #lineArguments(): ByteText {
    return literalAtEnd(this.#text) === undefined ? withoutLineEnd(this.#text) : this.#text;
  }

  async #takeMessage(literal: LiteralStart): Promise<ReceivedFile> {
    const { input, server } = this.#session;
    const { imapIdleMs, imapCommandBytes, messageBytes } = server.limits;
    await using intake = await server.accounts.startMessage({ limitBytes: messageBytes });
    if (literal.synchronizing) await input.invite();
    this.#text = '';
    this.#left = literal.sizeBytes;
    while (this.#left > 0) {
      const chunk = await input.reader.readChunk(Math.min(this.#left, chunkBytes), imapIdleMs);
      this.#left -= chunk.length;
      // RFC 9051 §4.3: only literal8 may hold NUL.
      if (!literal.binary && chunk.includes(0)) throw new RefusedError('BAD', undefined, 'NUL in a literal');
      await intake.write(chunk);
    }
    this.#text = await input.nextLine(imapCommandBytes, imapIdleMs);
    this.#left = undefined;
    const file = await intake.finish();
    this.#files.push(file);
    return file;
  }
}

/** `[flags] [date] literal`, of which the literal's bytes have not been read. */
function parseMessageArguments(args: ArgumentParser) {
  let names: string[] = [];
  if (args.peek() === '(') {
    names = args.flagList();
    args.space();
  }
  let receivedAt: number | undefined;
  if (args.peek() === '"') {
    receivedAt = args.dateTime();
    args.space();
  }
  const utf8 = args.takeIf('UTF8 (');
  const literal = literalAtEnd(args.rest);
  if (literal === undefined || literal.start !== 0) args.fail('Message literal expected');
  return { flags: parseFlagNames(names), receivedAt, utf8, literal };
}
