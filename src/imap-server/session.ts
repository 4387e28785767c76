import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { decodeMailboxName, encodeMailboxName } from '../imap/mailbox-name.ts';
import { quote } from '../imap/quote.ts';
import type { ByteText } from '../message/structure.ts';
import type { Log } from '../runtime/log.ts';
import { WireReader } from '../runtime/wire-reader.ts';
import type { Account } from '../store/account.ts';
import { CommandInput } from './command-input.ts';
import { type Connection, DeflateConnection } from './deflate-connection.ts';
import type { Notifications } from './notifications.ts';
import { RefusedError, statusLine } from './reply.ts';
import { ResponseWriter } from './response-writer.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import type { ImapServerContext } from './server-context.ts';

/** One client's connection and what the commands know of it. */
export class Session {
  readonly server: ImapServerContext;
  readonly remoteAddress: string;
  readonly startTls: boolean;
  log: Log;
  out: ResponseWriter;
  input: CommandInput;
  tls: TLSSocket | undefined;
  /** Who is logged in. */
  account: Account | undefined;
  selected: SelectedMailbox | undefined;
  /** ENABLE IMAP4rev2, and what it changes: names in UTF-8, ESEARCH instead of SEARCH, no RECENT. */
  rev2 = false;
  /** ENABLE UTF8=ACCEPT (RFC 6855). */
  utf8Accepted = false;
  condstore = false;
  qresync = false;
  /** ENABLE UIDONLY (RFC 9586): no message numbers are said or understood. */
  uidOnly = false;
  /** Since NOTIFY was used. */
  notifications: Notifications | undefined;
  /** LOGOUT, or the server has said BYE. */
  ended = false;
  failedLogins = 0;
  /** Nothing is under way: the next word is the client's. */
  waiting = false;
  readonly #connectionLog: Log;
  #socket: Socket;
  #deflated: DeflateConnection | undefined;

  constructor(
    server: ImapServerContext,
    connection: {
      socket: Socket;
      tls: TLSSocket | undefined;
      startTls: boolean;
      remoteAddress: string;
      log: Log;
    },
  ) {
    this.server = server;
    this.remoteAddress = connection.remoteAddress;
    this.startTls = connection.startTls;
    this.log = connection.log;
    this.#connectionLog = connection.log;
    this.tls = connection.tls;
    this.#socket = connection.tls ?? connection.socket;
    this.out = new ResponseWriter(this.#socket, server.limits.imapWriteMs);
    this.input = this.#newInput(new WireReader(this.#socket));
  }

  get connection(): Connection {
    return this.#deflated ?? this.#socket;
  }

  /** What STARTTLS goes on over. */
  get socket(): Socket {
    return this.#socket;
  }

  get compressed(): boolean {
    return this.#deflated !== undefined;
  }

  /** Names in UTF-8: RFC 9051, or RFC 6855 §3. */
  get utf8(): boolean {
    return this.rev2 || this.utf8Accepted;
  }

  /** Goes on over TLS, as if the connection had just begun. */
  useTls(socket: TLSSocket): void {
    this.tls = socket;
    this.#socket = socket;
    this.out = new ResponseWriter(socket, this.server.limits.imapWriteMs);
    this.input = this.#newInput(new WireReader(socket));
  }

  /** Goes on compressed. @param received what the client has sent so already */
  useDeflate(received: Buffer): void {
    this.#deflated = new DeflateConnection(this.#socket, received);
    this.out = new ResponseWriter(this.#deflated, this.server.limits.imapWriteMs);
    this.input = this.#newInput(new WireReader(this.#deflated));
  }

  #newInput(reader: WireReader): CommandInput {
    return new CommandInput(reader, this.out, this.server.limits, async () => {
      await this.notifications?.pause();
    });
  }

  /** The account of a session that is logged in, as the commands that ask for it require. */
  get mail(): Account {
    if (this.account === undefined) throw new TypeError('Cannot use account: nobody is logged in');
    return this.account;
  }

  /** The mailbox of a session that has one selected. */
  get mailbox(): SelectedMailbox {
    if (this.selected === undefined) throw new TypeError('Cannot use mailbox: none is selected');
    return this.selected;
  }

  /** @throws RefusedError when the mailbox was opened by EXAMINE */
  get writableMailbox(): SelectedMailbox {
    if (this.mailbox.readOnly) throw new RefusedError('NO', undefined, 'The mailbox was opened read-only');
    return this.mailbox;
  }

  /** The server stops: says so if the client is waited for, else when what is under way is done. */
  stop(): void {
    this.ended = true;
    if (!this.waiting) return;
    // In the middle of a response nothing can be said.
    if (this.notifications?.busy === true) return void this.connection.destroySoon();
    this.connection.write('* BYE The server is stopping\r\n');
    this.connection.destroySoon();
  }

  /** Goes on as before login; TLS and compression stay, and so does the count of logins that failed. */
  async logOut(): Promise<void> {
    await this.notifications?.[Symbol.asyncDispose]();
    this.notifications = undefined;
    this.unselect();
    const { account } = this;
    this.account = undefined;
    this.rev2 = false;
    this.utf8Accepted = false;
    this.condstore = false;
    this.qresync = false;
    this.uidOnly = false;
    this.log = this.#connectionLog;
    await account?.[Symbol.asyncDispose]();
  }

  unselect(): void {
    this.selected?.[Symbol.dispose]();
    this.selected = undefined;
  }

  untagged(text: ByteText): void {
    this.out.write(`* ${text}\r\n`);
  }

  untaggedOk(code: string, text: string): void {
    this.out.write(statusLine('*', 'OK', code, text));
  }

  /**
   * The name that a client means.
   * @throws RefusedError
   */
  mailboxName(bytes: ByteText): string {
    const name = decodeMailboxName(bytes, this.utf8);
    if (name === undefined) throw new RefusedError('NO', 'CANNOT', 'Mailbox name is not validly encoded');
    return name;
  }

  /** A name as this client reads it, quoted. */
  quotedName(name: string): ByteText {
    return quote(encodeMailboxName(name, this.utf8), this.utf8);
  }

  /** From now on FETCH responses tell MODSEQ. RFC 7162 §3.1: by any command that shows the client knows it. */
  enableCondstore(): void {
    if (this.condstore) return;
    this.condstore = true;
    if (this.selected !== undefined) {
      this.untaggedOk(`HIGHESTMODSEQ ${this.selected.highestModseq}`, 'Changes are numbered');
    }
  }
}
