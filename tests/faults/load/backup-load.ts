import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ImapTestClient } from '../../harness/imap-client.ts';
import { SmtpTestClient } from '../../harness/smtp-test-client.ts';
import { choosePorts, runCommand, startTestServer, type TestServer } from '../../harness/start-test-server.ts';
import { keyedMessage, keyOf, newKey, wrongBytes } from './keyed-message.ts';
import { verify } from './kill-rounds.ts';
import { flagText } from './mail-state.ts';
import { queueIsEmpty } from './server-load.ts';

const accounts = ['a0', 'a1', 'a2'] as const;
const pair = ['a0', 'a1'] as const;
const batchSize = 3;

/** What had been acknowledged at some time: all of it must be in a backup begun later. */
interface Acknowledged {
  /** By account: messages with the numbers 1 to this one. */
  readonly numbered: ReadonlyMap<string, number>;
  /** Sent to both accounts of the pair, by SMTP and through the queue. */
  readonly pairs: ReadonlySet<string>;
  /** Guests up to this number have their message. */
  readonly guests: number;
}

/**
 * Mail that comes, changes and goes while backups are taken, in patterns that show in any copy whether it is of one instant:
 * messages numbered without gaps, messages that two accounts get at once, messages on their way through the queue, where they are held and
 * released, batches that are marked, moved and expunged as a whole, and accounts that are configured, get their first message, and are
 * taken from the configuration again before the next one comes.
 */
export class BackupLoad implements AsyncDisposable {
  readonly #numbered = new Map<string, number>();
  readonly #pairs = new Set<string>();
  readonly #server: TestServer;
  readonly #runs: Promise<void>[] = [];
  #stopped = false;
  #paused: PromiseWithResolvers<void> | undefined;
  #number = 0;
  #guests = 0;

  private constructor(server: TestServer) {
    this.#server = server;
  }

  static async start(): Promise<BackupLoad> {
    const server = await startTestServer({ accounts });
    for (const account of accounts) {
      using client = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
      for (const mailbox of ['numbered', 'churn', 'churned']) await client.ok(`CREATE ${mailbox}`);
    }
    const load = new BackupLoad(server);
    for (const account of accounts) load.#runs.push(load.#appendNumbered(account), load.#churn(account));
    load.#runs.push(load.#sendPairs('p'), load.#sendPairs('p'), load.#sendPairs('q'));
    load.#runs.push(load.#holdAndRelease(), load.#comeAndGo());
    // A load that breaks is told when it ends, not as a rejection that nobody waits for.
    for (const run of load.#runs) run.catch(() => {});
    return load;
  }

  get server(): TestServer {
    return this.#server;
  }

  acknowledged(): Acknowledged {
    return { numbered: new Map(this.#numbered), pairs: new Set(this.#pairs), guests: this.#guests };
  }

  /** Nothing changes, as soon as what is under way has ended, until `resume`. */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Waits until there is this much of everything. */
  async until(count: number): Promise<void> {
    const least = (): number =>
      Math.min(this.#pairs.size, ...accounts.map((account) => this.#numbered.get(account) ?? 0));
    const end = Date.now() + 60_000;
    while (least() < count) {
      if (Date.now() > end) await this.stop();
      if (Date.now() > end + 10_000) throw new Error(`The load makes no progress: ${least()} of ${count}`);
      await wait(20);
    }
  }

  /** @throws what went wrong meanwhile */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.resume();
    await Promise.all(this.#runs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.resume();
    await Promise.allSettled(this.#runs);
    await this.#server[Symbol.asyncDispose]();
  }

  /** @param ms what is left must not grow so much that taking, proving and restoring it takes the time of the test */
  async #turn(ms = 60): Promise<void> {
    await wait(ms);
    await this.#paused?.promise;
  }

  async #appendNumbered(account: string): Promise<void> {
    using client = await ImapTestClient.login(this.#server.ports.imap, `${account}@example.org`);
    for (let number = 1; !this.#stopped; number++) {
      await client.append('numbered', keyedMessage(newKey('n', number, 300 + ((number * 37) % 4000))));
      this.#numbered.set(account, number);
      await this.#turn();
    }
  }

  async #churn(account: string): Promise<void> {
    using client = await ImapTestClient.login(this.#server.ports.imap, `${account}@example.org`);
    while (!this.#stopped) {
      const batch = ++this.#number;
      const literals = Array.from({ length: batchSize }, (_, at) => {
        const bytes = keyedMessage(newKey(`b${batch}y`, at, 1000));
        return ` (\\Draft) {${bytes.length}}\r\n${bytes}`;
      });
      await client.ok(`APPEND churn${literals.join('')}`);
      await client.ok('SELECT churn');
      await client.ok('STORE 1:* +FLAGS.SILENT (\\Flagged)');
      await client.ok('STORE 1:* -FLAGS.SILENT (\\Draft)');
      await client.ok('MOVE 1:* churned');
      await client.ok('SELECT churned');
      await client.ok('STORE 1:* +FLAGS.SILENT (\\Deleted)');
      await client.ok('EXPUNGE');
      await this.#turn();
    }
  }

  async #holdAndRelease(): Promise<void> {
    while (!this.#stopped) {
      for (const change of ['hold', 'unhold']) {
        await this.#server.control('queueChange', { change, filter: { all: true } });
        await this.#turn(150);
      }
    }
  }

  /** One account at a time. */
  async #comeAndGo(): Promise<void> {
    for (let number = 1; !this.#stopped; number++) {
      const name = `guest${number}`;
      await this.#server.control('editDomains', {
        changes: [{ edit: 'addAccount', account: name, address: `${name}@example.org` }],
      });
      using client = await SmtpTestClient.connect(this.#server.ports.smtp);
      await expectReply(client.reply(), '220');
      await expectReply(client.ask('EHLO load.example'), '250');
      await expectReply(client.ask('MAIL FROM:<a0@example.org>'), '250');
      await expectReply(client.ask(`RCPT TO:<${name}@example.org>`), '250');
      await expectReply(client.ask('DATA'), '354');
      client.send(`${keyedMessage(newKey('g', number, 500))}.\r\n`);
      await expectReply(client.reply(), '250');
      this.#guests = number;
      await this.#turn(400);
      await this.#server.control('editDomains', { changes: [{ edit: 'removeAccount', account: name }] });
      await this.#turn(400);
    }
  }

  async #sendPairs(kind: 'p' | 'q'): Promise<void> {
    const { ports } = this.#server;
    using client = await SmtpTestClient.connect(kind === 'q' ? ports.submission : ports.smtp);
    await expectReply(client.reply(), '220');
    await expectReply(client.ask('EHLO load.example'), '250');
    const login = Buffer.from('\0a0@example.org\0secret').toString('base64');
    if (kind === 'q') await expectReply(client.ask(`AUTH PLAIN ${login}`), '235');
    while (!this.#stopped) {
      const key = newKey(kind, ++this.#number, 300 + ((this.#number * 37) % 4000));
      await expectReply(client.ask('MAIL FROM:<a0@example.org>'), '250');
      for (const account of pair) await expectReply(client.ask(`RCPT TO:<${account}@example.org>`), '250');
      await expectReply(client.ask('DATA'), '354');
      client.send(`${keyedMessage(key)}.\r\n`);
      await expectReply(client.reply(), '250');
      this.#pairs.add(key);
      await this.#turn();
    }
  }
}

async function expectReply(reply: Promise<string>, code: string): Promise<void> {
  const text = await reply;
  if (!text.startsWith(code)) throw new Error(`The server replied "${text}", not ${code}`);
}

/** Restores a backup and serves it, at other ports. */
export async function serveRestored(backup: string, directory: string): Promise<TestServer> {
  const configDirectory = join(directory, 'config');
  const restored = await runCommand(['restore', backup, join(directory, 'data'), '--config-dir', configDirectory]);
  if (restored.code !== 0) throw new Error(`restore ends with ${restored.code}: ${restored.stderr}`);
  const ports = await choosePorts();
  const path = join(configDirectory, 'restante.yaml');
  let config = await readFile(path, 'utf8');
  for (const [service, port] of Object.entries(ports)) {
    config = config.replace(new RegExp(`^( *${service}: \\{ port: )\\d+`, 'm'), `$1${port}`);
  }
  await writeFile(path, config);
  return await startTestServer({ directory, ports });
}

/** Restores a backup next to it, serves it, and compares it with what it must hold. @throws what is wrong */
export async function checkBackup(backup: string, before: Acknowledged): Promise<void> {
  await verify(backup);
  await using server = await serveRestored(backup, `${backup}-restored`);
  const problems: string[] = await checkGuests(backup, before.guests);
  for (const account of accounts) {
    using client = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
    const numbers = (await read(client, 'numbered', problems)).map(({ key }) => Number(/^n(\d+)x/.exec(key)?.[1]));
    if (!numbers.every((number, at) => number === at + 1)) problems.push(`${account} has the numbers ${numbers}`);
    const least = before.numbered.get(account) ?? 0;
    if (numbers.length < least) problems.push(`${account} has ${numbers.length} of ${least} acknowledged before`);
    const batch = [...(await read(client, 'churn', problems)), ...(await read(client, 'churned', problems))];
    const flags = new Set(batch.map((message) => `${message.mailbox} ${message.flags}`));
    const batches = new Set(batch.map(({ key }) => /^b(\d+)y/.exec(key)?.[1]));
    if (![0, batchSize].includes(batch.length) || flags.size > 1 || batches.size > 1) {
      problems.push(`${account} has half of a change: ${JSON.stringify(batch)}`);
    }
  }
  const inboxes = async (): Promise<string[][]> =>
    await Promise.all(
      pair.map(async (account) => {
        using client = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
        return (await read(client, 'INBOX', problems)).map(({ key }) => key).sort();
      }),
    );
  const ofKind = (keys: readonly string[], kind: string): string => keys.filter((key) => key.startsWith(kind)).join();
  const [held0, held1] = await inboxes();
  if (ofKind(held0, 'p') !== ofKind(held1, 'p')) {
    problems.push(`one recipient has what the other lacks: ${held0} and ${held1}`);
  }
  // What the queue had at the instant is held after a restore; with it all mail is there, and once.
  await server.command('queue', 'unhold', '--all');
  await queueIsEmpty(server);
  const [all0, all1] = await inboxes();
  if (all0.join() !== all1.join())
    problems.push(`in the end one recipient has what the other lacks: ${all0} and ${all1}`);
  if (new Set(all0).size !== all0.length) problems.push(`messages are there twice: ${all0}`);
  for (const key of before.pairs)
    if (!all0.includes(key)) problems.push(`${key} is neither in a mailbox nor in the queue`);
  if (problems.length > 0) throw new Error(problems.map((text) => text.slice(0, 1000)).join('\n'));
}

/** The configuration is of the same moment as the accounts: one guest at most, and all before that one have their message. */
async function checkGuests(backup: string, acknowledged: number): Promise<string[]> {
  const problems: string[] = [];
  const config = await readFile(join(backup, 'config', 'domains.yaml'), 'utf8');
  const configured = [...config.matchAll(/^ {2}guest(\d+):$/gm)].map(([, number]) => Number(number));
  if (configured.length > 1) problems.push(`the configuration has the guests ${configured} at once`);
  const listed = await runCommand(['restore', backup, '--list', '--json']);
  const messages = new Map(
    listed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { account: string; messages: number })
      .map(({ account, messages: count }) => [account, count]),
  );
  const guests = [...messages.keys()].filter((name) => name.startsWith('guest')).length;
  const last = Math.max(acknowledged, configured[0] ?? 0, guests);
  for (let number = 1; number < last || number <= acknowledged; number++) {
    const count = messages.get(`guest${number}`);
    if (count !== 1) problems.push(`guest${number} has ${count} messages, and a later one is there`);
  }
  if (guests > 0 && configured.length > 0 && guests > configured[0]!) {
    problems.push(`guest${guests} has mail, and the configuration is of the time of guest${configured[0]}`);
  }
  return problems;
}

async function read(client: ImapTestClient, mailbox: string, problems: string[]) {
  await client.ok(`SELECT ${mailbox}`);
  const lines = await client.ok('UID FETCH 1:* (FLAGS BODY.PEEK[])');
  return lines.flatMap((line) => {
    const literal = /\{(\d+)\}\r\n/.exec(line);
    if (literal === null) return [];
    const from = literal.index + literal[0].length;
    const text = line.slice(from, from + Number(literal[1]));
    const key = keyOf(text) ?? '';
    const wrong = wrongBytes(key, text);
    if (wrong !== undefined) problems.push(`${mailbox}, ${key}: ${wrong}`);
    return [{ mailbox, key, flags: flagText(/FLAGS \(([^)]*)\)/.exec(line)?.[1]?.split(' ') ?? []) }];
  });
}
