import { ImapTestClient } from '../imap-client.ts';
import type { AccountFacts } from './account-facts.ts';
import { type FetchData, numbersOf, parseFetchData } from './fetch-data.ts';
import { check, type During, type Features, type KnownMessage, MailboxView, type ResyncPoint } from './mailbox-view.ts';

/** One command of a client, and what of its answer only it can judge. */
export interface CheckedCommand {
  /** Without the tag; literals that don't wait (`{n+}`) may be in it. */
  readonly text: string;
  /** The tagged answers it may get, besides OK. */
  readonly mayFail?: RegExp;
  readonly enablesCondstore?: boolean;
  /** Each FETCH response during it. @param message as it is known after the response */
  readonly onFetch?: (data: FetchData, message: KnownMessage) => void;
  /** Each other untagged response. */
  readonly onUntagged?: (line: string) => void;
  /** @param tagged without the tag */
  readonly onDone?: (tagged: string) => void;
}

export interface CheckedSessionOptions {
  readonly port: number;
  readonly login: string;
  readonly features: readonly ('CONDSTORE' | 'QRESYNC' | 'IMAP4rev2' | 'UTF8=ACCEPT')[];
  readonly compress: boolean;
  readonly facts: AccountFacts;
}

/** The server has said BYE. */
export class SessionEndedError extends Error {}

/** Lines kept to show what led to a fault. */
const keptLines = 80;

/** A client whose every response is checked against what it knows. */
export class CheckedSession implements Disposable {
  readonly options: CheckedSessionOptions;
  readonly facts: AccountFacts;
  features: Features = { condstore: false, qresync: false, rev2: false, utf8: false };
  view: MailboxView | undefined;
  /** What QRESYNC can be asked with: the latest state that was complete, with the MODSEQ that belongs to it. */
  resyncPoint: ResyncPoint | undefined;
  readonly transcript: string[] = [];
  /** A second connection of the same client, to come back with. */
  companion: CheckedSession | undefined;
  #client: ImapTestClient;
  #tags = 0;
  #compressed = false;
  #opening: MailboxView | undefined;

  private constructor(client: ImapTestClient, options: CheckedSessionOptions) {
    this.#client = client;
    this.options = options;
    this.facts = options.facts;
  }

  static async connect(options: CheckedSessionOptions): Promise<CheckedSession> {
    const session = new CheckedSession(await ImapTestClient.connect(options.port), options);
    await session.#begin();
    return session;
  }

  /** After BYE. */
  async reconnect(): Promise<void> {
    this.#client[Symbol.dispose]();
    this.#client = await ImapTestClient.connect(this.options.port);
    this.#note('(connected again)');
    this.#compressed = false;
    await this.#begin();
  }

  async #begin(): Promise<void> {
    for (const text of ['SELECT INBOX', 'FETCH 1 FLAGS', 'IDLE']) await this.refused(text, /^BAD Log in first/);
    await this.logIn();
  }

  /** From the state before login on. */
  async logIn(): Promise<void> {
    const { login, features } = this.options;
    this.features = { condstore: false, qresync: false, rev2: false, utf8: false };
    this.view = undefined;
    await this.ok(`LOGIN ${login} secret`);
    await this.refused('FETCH 1 FLAGS', /^BAD Select a mailbox first/);
    if (this.options.compress && !this.#compressed) {
      this.#compressed = true;
      await this.ok('COMPRESS DEFLATE');
      this.#client.deflate();
    }
    if (features.length > 0) {
      const qresync = features.includes('QRESYNC');
      await this.run({
        text: `ENABLE ${features.join(' ')}`,
        enablesCondstore: qresync || features.includes('CONDSTORE'),
      });
      this.features.qresync = qresync;
      this.features.rev2 = features.includes('IMAP4rev2');
      this.features.utf8 = features.includes('UTF8=ACCEPT');
    }
  }

  async ok(text: string): Promise<void> {
    await this.run({ text });
  }

  async refused(text: string, answer: RegExp): Promise<void> {
    let told = '';
    await this.run({ text, mayFail: answer, onDone: (tagged) => (told = tagged) });
    check(answer.test(told), `${text} was answered ${told}`);
  }

  /** Sends all of the commands at once, then hears all answers: the server answers in this order. */
  async run(...commands: CheckedCommand[]): Promise<void> {
    const tags = commands.map(() => `t${++this.#tags}`);
    for (const [at, { text }] of commands.entries()) this.#note(`C: ${tags[at]} ${text}`);
    this.#client.send(commands.map(({ text }, at) => `${tags[at]} ${text}\r\n`).join(''));
    for (const [at, command] of commands.entries()) await this.#answer(tags[at], command);
  }

  /** Opens a mailbox. @returns whether it is there */
  async select(name: string, readOnly: boolean, parameters = ''): Promise<boolean> {
    const opening = new MailboxView(name, this.facts, this.features);
    opening.readOnly = readOnly;
    const verb = readOnly ? 'EXAMINE' : 'SELECT';
    this.#opening = opening;
    let opened = false;
    await this.run({
      text: `${verb} ${name}${parameters}`,
      mayFail: /^NO \[NONEXISTENT\]/,
      enablesCondstore: parameters !== '',
      onDone: (tagged) => {
        this.view = undefined;
        this.#opening = undefined;
        opened = tagged.startsWith('OK');
        if (!opened) return;
        check(tagged.startsWith(readOnly ? 'OK [READ-ONLY]' : 'OK [READ-WRITE]'), tagged);
        opening.open(readOnly);
        this.view = opening;
      },
    });
    return opened;
  }

  /** Listens for a while. @param until what ends it */
  async idle(until: () => Promise<void>): Promise<void> {
    const tag = `t${++this.#tags}`;
    this.#note(`C: ${tag} IDLE`);
    this.#client.send(`${tag} IDLE\r\n`);
    const during = this.#during({ text: 'IDLE' });
    check((await this.#line()) === '+ idling', 'IDLE is not answered by +');
    await until();
    this.#note('C: DONE');
    this.#client.send('DONE\r\n');
    for (let line = await this.#line(); line !== `${tag} OK Done`; line = await this.#line()) this.#hear(line, during);
    this.#synchronised('');
  }

  /** NOOP: afterwards the client has been told all that others had done before it. */
  async noop(): Promise<void> {
    await this.ok('NOOP');
  }

  /** Forgets the mailbox that was selected. */
  left(): void {
    this.view = undefined;
  }

  [Symbol.dispose](): void {
    this.companion?.[Symbol.dispose]();
    this.#client[Symbol.dispose]();
  }

  /** What a client does at each tagged answer. RFC 7162 §6: HIGHESTMODSEQ, or else the greatest MODSEQ that came with a FETCH */
  #synchronised(tagged: string): void {
    const { view } = this;
    if (view === undefined) return;
    const code = /^OK \[HIGHESTMODSEQ (\d+)\]/.exec(tagged)?.[1];
    if (code !== undefined) view.hearHighestModseq(Number(code));
    view.endOfAnswer();
    const point = view.resyncPoint(view.knownModseq);
    if (point !== undefined && view.knownModseq > 0) this.resyncPoint = point;
  }

  #during(command: CheckedCommand): During {
    const name = /^(?:UID )?[A-Z]+/.exec(command.text)?.[0] ?? '';
    // RFC 7162 §3.2.10.2
    const namesNumbers = /^UID (?:SEARCH|SORT)\b.* (?:\d+:\d+|NOT \d+)/.test(command.text);
    return {
      name,
      namesNumbers,
      condstore: this.features.condstore,
      enablesCondstore: command.enablesCondstore === true,
    };
  }

  async #answer(tag: string, command: CheckedCommand): Promise<void> {
    const during = this.#during(command);
    for (;;) {
      const line = await this.#line();
      if (!line.startsWith(`${tag} `)) {
        this.#hear(line, during, command);
        continue;
      }
      const tagged = line.slice(tag.length + 1);
      const allowed = tagged.startsWith('OK ') || command.mayFail?.test(tagged);
      check(allowed, `${command.text.slice(0, 200)} was answered ${tagged}`);
      if (command.enablesCondstore && tagged.startsWith('OK ')) this.features.condstore = true;
      command.onDone?.(tagged);
      this.#synchronised(tagged);
      return;
    }
  }

  #hear(line: string, during: During, command?: CheckedCommand): void {
    const match = /^\* (?:(\d+) )?([A-Z]+)(?: ([\s\S]*))?$/.exec(line);
    check(match !== null, `The server says ${line}`);
    const [, number, word, rest = ''] = match;
    if (word === 'BYE') throw new SessionEndedError(line);
    check(word !== 'SEARCH' || !this.features.rev2, 'SEARCH in IMAP4rev2');
    if (word === 'OK' && rest.startsWith('[CLOSED]')) this.view = undefined;
    // RFC 9051 §7.1: until CLOSED the responses are about the mailbox before.
    const view = this.view ?? this.#opening;
    if (word === 'FETCH' && view !== undefined) {
      const data = parseFetchData(rest);
      const message = view.fetch(Number(number), data, during);
      command?.onFetch?.(data, message);
      return;
    }
    view?.hear(number === undefined ? undefined : Number(number), word, rest, during);
    check(view !== undefined || !/^(EXISTS|EXPUNGE|VANISHED|FETCH)$/.test(word), `${line}, with nothing selected`);
    const modseq = /^\* OK \[HIGHESTMODSEQ (\d+)\]/.exec(line)?.[1];
    // Also when the command is refused then.
    if (modseq !== undefined && during.enablesCondstore) this.features.condstore = true;
    command?.onUntagged?.(line);
  }

  async #line(): Promise<string> {
    const line = await this.#client.line();
    this.#note(`S: ${line}`);
    return line;
  }

  #note(line: string): void {
    this.transcript.push(line.length > 400 ? `${line.slice(0, 400)}…` : line);
    if (this.transcript.length > keptLines) this.transcript.shift();
  }
}

/** The pairs of `COPYUID`. Source: RFC 4315 §3 */
export function copyPairs(text: string): { uidValidity: number; pairs: [number, number][] } | undefined {
  const [, uidValidity, sources, targets] = /\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]/.exec(text) ?? [];
  if (targets === undefined) return undefined;
  const [from, to] = [numbersOf(sources), numbersOf(targets)];
  check(from.length === to.length, `COPYUID has sets of different sizes: ${text}`);
  return { uidValidity: Number(uidValidity), pairs: from.map((uid, at) => [uid, to[at]]) };
}
