import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { WireReader } from '../runtime/wire-reader.ts';

export interface FakeMessage {
  uid: number;
  bytes: Buffer;
  flags?: string[];
  /** INTERNALDATE without quotes. */
  date?: string;
  labels?: string[];
}

export interface FakeMailbox {
  /** As on the wire. */
  name: string;
  attributes?: string[];
  delimiter?: string;
  uidValidity?: number;
  modseq?: number;
  messages: FakeMessage[];
  subscribed?: boolean;
}

export interface FakeCommand {
  readonly tag: string;
  /** Without the tag. */
  readonly text: string;
  /** Which of the connections it came by, from 1. */
  readonly connection: number;
  readonly mailbox: FakeMailbox | undefined;
  send(text: string | Buffer): Promise<void>;
  close(): void;
}

/** Answers a command in its own way. @returns whether it did */
export type Interception = (command: FakeCommand) => Promise<boolean> | boolean;

/** A small IMAP server that does what a test tells it, for tests of what odd servers do. */
export class FakeSource implements AsyncDisposable {
  mailboxes: FakeMailbox[];
  capabilities = 'IMAP4rev1';
  intercept: Interception = () => false;
  /** Changes what is sent. */
  mutate: (bytes: Buffer) => Buffer = (bytes) => bytes;
  /** All commands, without tags. */
  readonly commands: string[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, mailboxes: FakeMailbox[]) {
    this.#server = server;
    this.mailboxes = mailboxes;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      this.#serve(socket).catch(() => socket.destroy());
    });
  }

  static async start(mailboxes: FakeMailbox[]): Promise<FakeSource> {
    const server = createServer();
    const source = new FakeSource(server, mailboxes);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return source;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #serve(socket: Socket): Promise<void> {
    const connection = ++this.connections;
    const reader = new WireReader(socket);
    socket.on('error', () => {});
    const send = async (text: string | Buffer): Promise<void> => {
      const bytes = this.mutate(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
      if (!socket.write(bytes)) await once(socket, 'drain');
    };
    await send(`* OK [CAPABILITY ${this.capabilities}] ready\r\n`);
    let mailbox: FakeMailbox | undefined;
    for (;;) {
      const line = (await reader.readLine(1_000_000, 60_000)).toString('latin1').replace(/\r\n$/, '');
      const [, tag = '', text = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
      this.commands.push(text);
      if (await this.intercept({ tag, text, connection, mailbox, send, close: () => socket.destroy() })) continue;
      const name = /"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]?.replace(/\\(.)/g, '$1');
      const named = this.mailboxes.find((each) => each.name === name);
      if (/^(EXAMINE|STATUS)/.test(text) && named === undefined) {
        await send(`${tag} NO there is none\r\n`);
        continue;
      }
      if (text.startsWith('EXAMINE')) mailbox = named;
      for (const part of this.#answer(text, named ?? mailbox)) await send(part);
      await send(`${tag} OK done\r\n`);
      if (text === 'LOGOUT') socket.end();
    }
  }

  *#answer(text: string, mailbox: FakeMailbox | undefined): Generator<string | Buffer> {
    if (text === 'CAPABILITY') yield `* CAPABILITY ${this.capabilities}\r\n`;
    if (/^(LIST|LSUB) "" "\*"/.test(text)) {
      const command = text.slice(0, 4);
      for (const { name, attributes = [], delimiter = '/', subscribed = false } of this.mailboxes) {
        if (command === 'LSUB' && !subscribed) continue;
        yield `* ${command} (${attributes.join(' ')}) "${delimiter}" "${name}"\r\n`;
      }
    }
    if (mailbox === undefined) return;
    const { uidValidity = 1, modseq, messages } = mailbox;
    const uidNext = Math.max(0, ...messages.map(({ uid }) => uid)) + 1;
    if (text.startsWith('STATUS')) {
      yield `* STATUS "${mailbox.name}" (MESSAGES ${messages.length} UIDNEXT ${uidNext} UIDVALIDITY ${uidValidity})\r\n`;
    }
    if (text.startsWith('EXAMINE')) {
      yield `* ${messages.length} EXISTS\r\n* OK [UIDVALIDITY ${uidValidity}] .\r\n* OK [UIDNEXT ${uidNext}] .\r\n`;
      if (modseq !== undefined) yield `* OK [HIGHESTMODSEQ ${modseq}] .\r\n`;
    }
    const fetch = /^UID FETCH (\S+) \(([^)]*)\)/.exec(text);
    if (fetch === null) return;
    for (const [at, message] of messages.entries()) {
      if (isIn(fetch[1]!, message.uid)) yield* fetchResponse(at + 1, message, fetch[2]!);
    }
  }
}

/** The response to FETCH with the items asked for, in that order. */
export function* fetchResponse(sequence: number, message: FakeMessage, items: string): Generator<string | Buffer> {
  const { uid, bytes, flags = [], date = ' 1-Jan-2020 00:00:00 +0000', labels = [] } = message;
  yield `* ${sequence} FETCH (`;
  for (const [at, item] of items.split(' ').entries()) {
    if (at > 0) yield ' ';
    if (item === 'UID') yield `UID ${uid}`;
    else if (item === 'FLAGS') yield `FLAGS (${flags.join(' ')})`;
    else if (item === 'INTERNALDATE') yield `INTERNALDATE "${date}"`;
    else if (item === 'RFC822.SIZE') yield `RFC822.SIZE ${bytes.length}`;
    else if (item === 'X-GM-LABELS') yield `X-GM-LABELS (${labels.join(' ')})`;
    else if (item === 'BODY.PEEK[]') {
      yield `BODY[] {${bytes.length}}\r\n`;
      yield bytes;
    }
  }
  yield ')\r\n';
}

/** @param set such as `1:3,7,9:*` */
export function isIn(set: string, uid: number): boolean {
  return set.split(',').some((range) => {
    const [low, high = low] = range.split(':').map((end) => (end === '*' ? 0xffff_ffff : Number(end)));
    return uid >= low! && uid <= high!;
  });
}

/** @param text of the body */
export function fakeMessage(uid: number, text: string, more: Partial<FakeMessage> = {}): FakeMessage {
  const bytes = Buffer.from(`Subject: ${text}\r\nMessage-ID: <${uid}@source>\r\n\r\n${text}\r\n`);
  return { uid, bytes, ...more };
}
