import { ArgumentParser } from '../imap/argument-parser.ts';
import { type MessageUrl, parseMessageUrl } from '../imap/imap-url.ts';
import { literalAtEnd } from '../imap/literal-at-end.ts';
import type { ByteText } from '../message/structure.ts';
import type { Account } from '../store/account.ts';
import type { ChangeableFlags } from '../store/flags.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { NewMessage } from '../store/messages/new-message.ts';
import type { MessageIntake, ReceivedFile } from '../store/messages/received-file.ts';
import type { QuotaUse } from '../store/quota.ts';
import { withoutLineEnd } from './command-input.ts';
import { replyToError } from './error-replies.ts';
import { changeableFlags, changeablePart } from './flag-rights.ts';
import { parseFlagNames } from './flag-text.ts';
import { checkRights, findPlace, findTarget, type MailboxPlace } from './mailbox-place.ts';
import { tellOldName } from './old-name.ts';
import { type OkReply, RefusedError } from './reply.ts';
import type { Session } from './session.ts';
import { withUrlContent } from './url-content.ts';

/** Bytes of a message taken from the connection at a time. */
const chunkBytes = 64 * 1024;
/** Of a URL that is told to be none. */
const maxResponseUrlBytes = 1_000;

/** Room that the command makes before its messages are added. */
interface FreedRoom {
  readonly bytes: number;
  readonly messages: number;
}

/**
 * Runs a command that brings messages. When it is refused, what a client that doesn't wait still sends is read past.
 * @param args with the line end, when a literal follows
 */
export async function runUpload(
  session: Session,
  args: ArgumentParser,
  run: (upload: Upload) => Promise<OkReply>,
): Promise<OkReply> {
  await using upload = new Upload(session, args);
  try {
    return await run(upload);
  } catch (error) {
    const reply = replyToError(error);
    if (!reply.unexpected) await upload.dropRest();
    // RFC 9051 §6.3.12: the client may create the mailbox and try again.
    if (reply.code === 'NONEXISTENT') throw new RefusedError('NO', 'TRYCREATE', reply.text, error);
    throw error;
  }
}

/**
 * The messages of one command on their way in: they stream to the disk as they come.
 * Source: RFC 9051 §6.3.12, RFC 3502 (several messages), RFC 6855 §4 (UTF8), RFC 7888, RFC 4469 (CATENATE)
 */
export class Upload implements AsyncDisposable {
  readonly #session: Session;
  readonly #files: ReceivedFile[] = [];
  #place: MailboxPlace | undefined;
  #target: { account: Account; mailbox: Pick<Mailbox, 'id'>; changeable: ChangeableFlags; quota: QuotaUse } | undefined;
  #args: ArgumentParser;
  /** What came and was not answered by reading its literal. */
  #text: ByteText;
  /** Bytes of the present literal that are still to come; 0 when its line end is, too. */
  #left: number | undefined;
  #room = { bytes: 0, messages: 0 };

  constructor(session: Session, args: ArgumentParser) {
    this.#session = session;
    this.#args = args;
    this.#text = args.text;
  }

  /** Takes ` mailbox`, whose name may be a literal itself: the account that it is in, and the mailbox. */
  async target(): Promise<{ account: Account; mailbox: Pick<Mailbox, 'id'> }> {
    this.#text = this.#args.rest;
    const literal = literalAtEnd(this.#text);
    if (literal?.start === 1 && !literal.binary) {
      const { imapCommandBytes, imapIdleMs } = this.#session.server.limits;
      const before = this.#text;
      this.#text = '';
      this.#text = await this.#session.input.withLiteral(before, imapCommandBytes, imapIdleMs);
    }
    this.#args = new ArgumentParser(this.#lineArguments());
    this.#args.space();
    const supplied = this.#args.astring();
    const name = this.#session.mailboxName(supplied);
    this.#place = await findTarget(this.#session, name);
    const { mailbox, rights, quota } = await this.#place.requireTarget();
    tellOldName(this.#session, supplied, name);
    this.#target = { account: this.#place.account, mailbox, changeable: changeableFlags(rights), quota };
    return this.#target;
  }

  /**
   * Takes all messages for the target, of which there may be so many. What there is no room for is refused before it comes; flags that
   * the client may not set there are left out.
   */
  async messages(most: number, freed: FreedRoom = { bytes: 0, messages: 0 }): Promise<NewMessage[]> {
    if (this.#target === undefined) throw new TypeError('Cannot take messages: the target is not known');
    const { mailbox, changeable, quota } = this.#target;
    this.#room = roomOf(quota, freed);
    const messages: NewMessage[] = [];
    do {
      if (messages.length >= most) throw new RefusedError('NO', 'LIMIT', 'Too many messages in one command');
      this.#args.space();
      const { flags, receivedAt } = parseMessageArguments(this.#args);
      if (--this.#room.messages < 0) throw new RefusedError('NO', 'OVERQUOTA', 'The account is full');
      const file = await this.#takeMessage();
      messages.push({
        mailbox: mailbox.id,
        createMissing: false,
        file,
        flags: changeablePart(flags, changeable),
        ...(receivedAt !== undefined && { receivedAt }),
      });
    } while (!this.#args.atEnd);
    return await this.#stillAllowed(messages);
  }

  /** What of it the client may still do when all has come, which may take long. RFC 4314 §5.1.1 */
  async #stillAllowed(messages: NewMessage[]): Promise<NewMessage[]> {
    const { account, access } = this.#place!;
    if (access === undefined) return messages;
    const rights = await account.read((reader) => access.rights(reader, this.#target!.mailbox.id));
    checkRights(rights, 'i');
    const changeable = changeableFlags(rights);
    return messages.map((message) => ({ ...message, flags: changeablePart(message.flags!, changeable) }));
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
    await this.#place?.[Symbol.asyncDispose]();
  }

  /** The text, with its line end only where that belongs to a literal. */
  #lineArguments(): ByteText {
    return literalAtEnd(this.#text) === undefined ? withoutLineEnd(this.#text) : this.#text;
  }

  /** `literal`, `UTF8 (literal)` or `CATENATE (parts)`. */
  async #takeMessage(): Promise<ReceivedFile> {
    const { accounts, limits } = this.#session.server;
    await using intake = await accounts.startMessage({ limitBytes: limits.messageBytes });
    if (this.#args.takeIf('CATENATE (')) await this.#takeParts(intake);
    else await this.#takeLiteral(intake);
    // RFC 3502 §6.3.11: an empty message takes back the whole command.
    if (intake.sizeBytes === 0) throw new RefusedError('NO', undefined, 'An empty message cancels the command');
    const file = await intake.finish();
    this.#files.push(file);
    return file;
  }

  /** Source: RFC 4469 §3, §5; RFC 6855 §4 (UTF8) */
  async #takeParts(intake: MessageIntake): Promise<void> {
    const { imapCatenateParts } = this.#session.server.limits;
    for (let parts = 1; ; parts++) {
      if (parts > imapCatenateParts) throw new RefusedError('NO', 'LIMIT', 'Too many parts in one message');
      if (this.#args.takeIf('URL ')) await this.#takeUrl(intake);
      else {
        if (!this.#args.takeIf('TEXT ') && !/^UTF8 /i.test(this.#args.rest)) this.#args.fail('TEXT or URL expected');
        await this.#takeLiteral(intake);
      }
      if (this.#args.takeIf(')')) return;
      this.#args.space();
    }
  }

  /** The URL may be a literal too. */
  async #takeUrl(intake: MessageIntake): Promise<void> {
    const { imapUrlBytes, imapIdleMs } = this.#session.server.limits;
    const literal = literalAtEnd(this.#args.rest);
    if (literal?.start === 0) {
      const { rest } = this.#args;
      if (literal.sizeBytes > imapUrlBytes) throw new RefusedError('NO', 'BADURL', 'The URL is too long');
      this.#text = '';
      this.#text = await this.#session.input.withLiteral(rest, imapUrlBytes * 2, imapIdleMs);
      this.#args = new ArgumentParser(this.#lineArguments());
    }
    const text = this.#args.astring();
    const refuse = (): never => {
      throw new RefusedError('NO', `BADURL ${responseText(text)}`, 'The URL names no message or part of one');
    };
    const url = text.length > imapUrlBytes ? undefined : parseMessageUrl(text);
    // RFC 4469 §3: only URLs of this session.
    if (url === undefined || url.server !== undefined || url.urlAuth !== undefined || url.expiresAt !== undefined) {
      return refuse();
    }
    await using place = await this.#placeOf(url);
    await withUrlContent(place.account, place.mailbox, url, async (content) => {
      if (content === undefined) return refuse();
      if (Buffer.isBuffer(content)) {
        this.#checkSize(intake, content.length);
        await intake.write(content);
        return;
      }
      this.#checkSize(intake, content.sizeBytes);
      for await (const chunk of content.chunks()) await intake.write(chunk);
    });
  }

  /** Of the mailbox that a URL is about: undefined when this user can't read such a one. */
  async #placeOf({ mailbox: name }: MessageUrl) {
    const session = this.#session;
    if (name === undefined) {
      const { selected } = session;
      const mayRead = await selected?.renewRights(session.out).then(() => true, unlessRefused);
      const { account, id } =
        mayRead === true && selected !== undefined ? selected : { account: session.mail, id: undefined };
      return { account, mailbox: id, async [Symbol.asyncDispose]() {} };
    }
    await using opened = new AsyncDisposableStack();
    const place = await findPlace(session, name).catch(unlessRefused);
    if (place !== undefined) opened.use(place);
    const found = await place?.require('r').catch(unlessRefused);
    const held = opened.move();
    return {
      account: place?.account ?? session.mail,
      mailbox: found?.mailbox.id,
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    };
  }

  async #takeLiteral(intake: MessageIntake): Promise<void> {
    const { input, server } = this.#session;
    const { imapIdleMs, imapCommandBytes } = server.limits;
    const utf8 = this.#args.takeIf('UTF8 (');
    const literal = literalAtEnd(this.#args.rest);
    if (literal === undefined || literal.start !== 0) return this.#args.fail('Message literal expected');
    this.#checkSize(intake, literal.sizeBytes);
    if (utf8 && !this.#session.utf8) throw new RefusedError('BAD', undefined, 'Enable UTF8=ACCEPT first');
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
    // A line that is too long is read past: nothing of it is still to come.
    this.#left = undefined;
    this.#text = await input.nextLine(imapCommandBytes, imapIdleMs);
    this.#args = new ArgumentParser(this.#lineArguments());
    if (utf8) this.#args.take(')');
  }

  /** Before more of a message is taken. */
  #checkSize(intake: MessageIntake, moreBytes: number): void {
    if (intake.sizeBytes + moreBytes > this.#session.server.limits.messageBytes) {
      throw new RefusedError('NO', 'TOOBIG', 'The message is too large');
    }
    this.#room.bytes -= moreBytes;
    if (this.#room.bytes < 0) throw new RefusedError('NO', 'OVERQUOTA', 'The account is full');
  }
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof RefusedError)) throw error;
}

/** A URL as it may stand in a response code: RFC 4469 §5 `url-resp-text`. */
function responseText(url: ByteText): ByteText {
  return url
    .slice(0, maxResponseUrlBytes)
    .replace(/[\x00-\x20\x7f-\xff\]\\]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** What is left of the quota; an account that is over it has room for what takes no more than is freed. */
function roomOf(quota: QuotaUse, freed: FreedRoom): { bytes: number; messages: number } {
  const { limitBytes = Number.POSITIVE_INFINITY, limitMessages = Number.POSITIVE_INFINITY } = quota;
  return {
    bytes: Math.max(limitBytes - quota.usedBytes, 0) + freed.bytes,
    messages: Math.max(limitMessages - quota.messages, 0) + freed.messages,
  };
}

/** `[flags] [date] `, before the message itself. */
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
  return { flags: parseFlagNames(names), receivedAt };
}
