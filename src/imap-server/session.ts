import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { decodeMailboxName, encodeMailboxName } from '../imap/mailbox-name.ts';
import { quote } from '../imap/quote.ts';
import type { ByteText } from '../message/structure.ts';
import type { Log } from '../runtime/log.ts';
import { WireReader } from '../runtime/wire-reader.ts';
import type { Account } from '../store/account.ts';
import type { LoginAttempt } from '../store/login-attempts/login-attempt.ts';
import type { MailUser, Rights } from '../store/sharing/rights.ts';
import type { ChangeTeller } from './change-teller.ts';
import { CommandInput } from './command-input.ts';
import { type Connection, DeflateConnection } from './deflate-connection.ts';
import { checkRights } from './mailbox-place.ts';
import type { MetadataWatch } from './metadata-watch.ts';
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
  /** ENABLE METADATA (RFC 5464 §4.1). */
  metadata: MetadataWatch | undefined;
  /** ENABLE UIDONLY (RFC 9586): no message numbers are said or understood. */
  uidOnly = false;
  /** Since NOTIFY was used. */
  notifications: Notifications | undefined;
  /** LOGOUT, or the server has said BYE. */
  ended = false;
  failedLogins = 0;
  /** What the client says it is (ID). */
  client: string | undefined;
  /** The command under way. */
  command: string | undefined;
  /** Tells the others of the account that a session that is logged in has ended. */
  leave: (() => void) | undefined;
  /** What the client is still to be told before the connection is closed. */
  farewell: string | undefined;
  /** Nothing is under way: the next word is the client's. */
  waiting = false;
  /** Tells the client of changes while it is waited for to end IDLE. */
  idleTeller: ChangeTeller | undefined;
  /** A login that was not written down yet: most clients say who they are right after it. */
  #unrecorded: { readonly login: LoginAttempt; readonly timer: NodeJS.Timeout } | undefined;
  readonly #connectionLog: Log;
  #socket: Socket;
  #deflated: DeflateConnection | undefined;
  #user: MailUser | undefined;

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

  /** The selected mailbox, for a change that needs certain rights. @throws RefusedError also when it was opened by EXAMINE */
  mailboxToChange(needed: Rights): SelectedMailbox {
    const { mailbox } = this;
    if (mailbox.examined) throw new RefusedError('NO', undefined, 'The mailbox was opened read-only');
    checkRights(mailbox.rights, needed);
    return mailbox;
  }

  hasSelected(account: Account, mailboxId: number): boolean {
    return this.selected?.account.name === account.name && this.selected.id === mailboxId;
  }

  /** Who is logged in, as others' mailboxes know him. */
  async user(): Promise<MailUser> {
    const { mail } = this;
    if (this.#user?.name !== mail.name) {
      this.#user = { name: mail.name, createdAt: await mail.read((reader) => reader.createdAt()) };
    }
    return this.#user;
  }

  /** The server stops: says so if the client is waited for, else when what is under way is done. */
  stop(): void {
    this.#end('The server is stopping');
  }

  /** Ends one session, as `stop` does; what is under way is cut off when it takes long. */
  end(text: string): void {
    if (this.ended) return;
    this.#end(text);
    const timer = setTimeout(() => this.connection.destroy(), this.server.limits.sessionEndMs).unref();
    this.connection.once('close', () => clearTimeout(timer));
  }

  #end(text: string): void {
    this.ended = true;
    if (!this.waiting) {
      this.farewell = text;
      return;
    }
    // In the middle of a response nothing can be said.
    if (this.notifications?.busy !== true && this.idleTeller?.busy !== true) this.connection.write(`* BYE ${text}\r\n`);
    this.connection.destroySoon();
  }

  /** Writes a login down when it is known what the client is, or the client does something else, or some time later. */
  noteLogin(login: LoginAttempt): void {
    this.recordLogin();
    const timer = setTimeout(() => this.recordLogin(), this.server.limits.loginClientMs).unref();
    this.#unrecorded = { login, timer };
    if (this.client !== undefined) this.recordLogin();
  }

  recordLogin(): void {
    if (this.#unrecorded === undefined) return;
    const { login, timer } = this.#unrecorded;
    this.#unrecorded = undefined;
    clearTimeout(timer);
    this.server.recordLogin({ ...login, client: this.client });
  }

  /** Goes on as before login; TLS and compression stay, and so does the count of logins that failed. */
  async logOut(): Promise<void> {
    this.recordLogin();
    this.leave?.();
    this.leave = undefined;
    await this.notifications?.[Symbol.asyncDispose]();
    this.notifications = undefined;
    this.unselect();
    const { account } = this;
    this.account = undefined;
    this.#user = undefined;
    this.rev2 = false;
    this.utf8Accepted = false;
    this.condstore = false;
    this.qresync = false;
    this.metadata = undefined;
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
