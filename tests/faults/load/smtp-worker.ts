import type { SeededRandom } from '../../harness/seeded-random.ts';
import { SmtpTestClient } from '../../harness/smtp-test-client.ts';
import type { Deliveries } from './deliveries.ts';
import { keyedMessage, newKey } from './keyed-message.ts';

interface WorkerOptions {
  /** By account: who can be written to. */
  readonly deliveries: ReadonlyMap<string, Deliveries>;
  readonly random: SeededRandom;
  readonly nextNumber: () => number;
  /** The account that submits, for what goes through the queue; undefined delivers as another server does. */
  readonly submitter?: string;
}

/** Sends mail to several accounts and notes what was acknowledged. */
export class SmtpWorker {
  readonly #options: WorkerOptions;
  acknowledged = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  async connect(ports: { smtp: number; submission: number }): Promise<SmtpTestClient> {
    const { submitter } = this.#options;
    const client = await SmtpTestClient.connect(submitter === undefined ? ports.smtp : ports.submission);
    expectReply(await client.reply(), '220');
    expectReply(await client.ask('EHLO load.example'), '250');
    if (submitter !== undefined) {
      const login = Buffer.from(`\0${submitter}@example.org\0secret`).toString('base64');
      expectReply(await client.ask(`AUTH PLAIN ${login}`), '235');
    }
    return client;
  }

  /** Works until the connection ends. @throws when the server refuses something */
  async run(client: SmtpTestClient): Promise<never> {
    for (;;) {
      const reply = await this.sendOne(client);
      expectReply(reply, '250');
    }
  }

  /** @returns the reply to the message */
  async sendOne(client: SmtpTestClient): Promise<string> {
    const { random, deliveries, submitter, nextNumber } = this.#options;
    const names = [...deliveries.keys()];
    const accounts = random.some(names, names.length);
    const size = random.chance(0.05) ? 300_000 : random.between(200, 6000);
    const key = newKey(submitter === undefined ? 'd' : 'q', nextNumber(), size);
    const sender = submitter === undefined ? 'someone@sender.example' : `${submitter}@example.org`;
    const recipients = accounts.map((account) => `RCPT TO:<${account}@example.org>\r\n`);
    client.send(`MAIL FROM:<${sender}>\r\n${recipients.join('')}DATA\r\n`);
    expectReply(await client.reply(), '250');
    for (const _ of recipients) expectReply(await client.reply(), '250');
    expectReply(await client.reply(), '354');
    for (const account of accounts) deliveries.get(account)!.begin(key);
    client.send(`${keyedMessage(key)}.\r\n`);
    const reply = await client.reply();
    if (reply.startsWith('250')) {
      for (const account of accounts) deliveries.get(account)!.confirm(key);
      this.acknowledged++;
    }
    return reply;
  }
}

function expectReply(reply: string, code: string): void {
  if (!reply.startsWith(code)) throw new Error(`The server replied "${reply}", not ${code}`);
}
