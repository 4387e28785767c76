import { setTimeout as wait } from 'node:timers/promises';
import { SeededRandom } from '../../harness/seeded-random.ts';
import type { TestServer } from '../../harness/start-test-server.ts';
import { checkAccount } from './check-account.ts';
import { Deliveries } from './deliveries.ts';
import { ImapSession } from './imap-session.ts';
import { ImapWorker } from './imap-worker.ts';
import { PromisedNumbers } from './promised-numbers.ts';
import { SmtpWorker } from './smtp-worker.ts';

/** One account and all that is known of it. */
interface LoadedAccount {
  readonly name: string;
  readonly workers: ImapWorker[];
  readonly deliveries: Deliveries;
  readonly promised: PromisedNumbers;
  readonly verified: Set<string>;
}

/**
 * Load of every kind on a server, and a model of what it has acknowledged. Outlives the server: after a kill, `check` compares what
 * the next one holds.
 */
export class ServerLoad {
  readonly accounts: readonly LoadedAccount[];
  readonly #smtpWorkers: SmtpWorker[] = [];
  #number = 0;

  constructor(seed: number, accounts: readonly string[]) {
    const random = new SeededRandom(seed);
    const nextNumber = (): number => ++this.#number;
    const childOf = (): SeededRandom => new SeededRandom(random.between(0, 2 ** 32 - 1));
    this.accounts = accounts.map((name) => {
      const deliveries = new Deliveries();
      const workers = [deliveries, undefined].map(
        (own, at) => new ImapWorker({ prefix: `w${at}`, random: childOf(), deliveries: own, nextNumber }),
      );
      return { name, workers, deliveries, promised: new PromisedNumbers(), verified: new Set<string>() };
    });
    const deliveries = new Map(this.accounts.map((account) => [account.name, account.deliveries]));
    // Keyed messages are from the first account.
    for (const submitter of [undefined, undefined, accounts[0], accounts[0]]) {
      this.#smtpWorkers.push(new SmtpWorker({ deliveries, random: childOf(), nextNumber, submitter }));
    }
  }

  get acknowledged(): number {
    const workers = [...this.#smtpWorkers, ...this.accounts.flatMap((account) => account.workers)];
    return workers.reduce((sum, worker) => sum + worker.acknowledged, 0);
  }

  /**
   * Works on the server from all sides until `end` is called: it is to end the server, or the connections end by themselves.
   * @returns how the load ends: what the server refused meanwhile
   */
  async start(server: TestServer): Promise<{ end(how: () => Promise<void>): Promise<string[]> }> {
    const problems: string[] = [];
    const sessions: Disposable[] = [];
    const starts: (() => Promise<never>)[] = [];
    const imap = this.accounts.flatMap((account) =>
      account.workers.map(async (worker) => {
        const login = `${account.name}@example.org`;
        const session = await ImapSession.logIn(server.ports.imap, login, account.promised);
        sessions.push(session);
        starts.push(() => worker.run(session));
      }),
    );
    const smtp = this.#smtpWorkers.map(async (worker) => {
      const client = await worker.connect(server.ports);
      sessions.push(client);
      starts.push(() => worker.run(client));
    });
    await Promise.all([...imap, ...smtp]);
    let ending = false;
    const runs = starts.map((run) =>
      run().catch((error: Error) => {
        // From the end on the disk may fail before the connection does.
        if (!ending) problems.push(error.message);
      }),
    );
    return {
      end: async (how) => {
        ending = true;
        await how();
        for (const session of sessions) session[Symbol.dispose]();
        await Promise.all(runs);
        return problems;
      },
    };
  }

  /** Compares what the server holds with what was acknowledged, once the queue has delivered. @returns what is wrong */
  async check(server: TestServer): Promise<string[]> {
    await queueIsEmpty(server);
    const problems = await Promise.all(
      this.accounts.map(async ({ name, workers, deliveries, promised, verified }) => {
        using session = await ImapSession.logIn(server.ports.imap, `${name}@example.org`, promised);
        const found = await checkAccount(session, workers, deliveries, verified);
        return [...found, ...promised.problems.splice(0)].map((text) => `${name}: ${text}`);
      }),
    );
    return problems.flat();
  }
}

/**
 * @param hurry asked now and then to make what waits for its next attempt go at once
 * @throws when mail for recipients here still waits after half a minute
 */
export async function queueIsEmpty(server: TestServer, hurry?: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`);
    const waiting = Number(/^restante_queue_recipients (\d+)$/m.exec(await answer.text())?.[1]);
    if (waiting === 0) return;
    if (Date.now() > end) {
      const { stdout } = await server.command('queue', 'list');
      throw new Error(`${waiting} recipients still wait in the queue:\n${stdout}`);
    }
    await (hurry?.() ?? wait(20));
  }
}
