import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';
import { SeededRandom } from '../../tests/harness/seeded-random.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

function numbersOf(set: string): number[] {
  return set.split(',').flatMap((range) => {
    const [first, last = first] = range.split(':').map(Number) as [number, number?];
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
  });
}

/** A result as a client keeps it, that believes all it is told and checks that it can. */
class Result {
  readonly command: string;
  readonly byUid: boolean;
  readonly sorted: boolean;
  list: number[] = [];

  constructor(command: string) {
    this.command = command;
    this.byUid = command.startsWith('UID');
    this.sorted = command.includes('SORT');
  }

  hear(data: string): void {
    for (const [, name, pairs] of data.matchAll(/(ADDTO|REMOVEFROM) \(([^)]*)\)/g)) {
      const words = pairs!.split(' ');
      for (let at = 0; at < words.length; at += 2) {
        const position = Number(words[at]);
        const numbers = numbersOf(words[at + 1]!);
        expect(position > 0).toBe(this.sorted);
        if (name === 'ADDTO') this.#add(position, numbers);
        else this.#remove(position, numbers);
      }
    }
  }

  #add(position: number, numbers: number[]): void {
    for (const number of numbers) expect(this.list).not.toContain(number);
    if (position === 0) this.list = [...this.list, ...numbers].sort((a, b) => a - b);
    else {
      expect(position).toBeLessThanOrEqual(this.list.length + 1);
      this.list.splice(position - 1, 0, ...numbers);
    }
  }

  #remove(position: number, numbers: number[]): void {
    for (const number of numbers) expect(this.list).toContain(number);
    if (position === 0) this.list = this.list.filter((number) => !numbers.includes(number));
    else expect(this.list.splice(position - 1, numbers.length)).toEqual(numbers);
  }

  /** What was expunged must have been taken out before. */
  expunge(number: number): void {
    if (this.byUid) return;
    expect(this.list).not.toContain(number);
    this.list = this.list.map((known) => (known > number ? known - 1 : known));
  }
}

const searches = [
  'UID SEARCH RETURN (UPDATE ALL) UNSEEN',
  'SEARCH RETURN (UPDATE ALL) OR FLAGGED KEYWORD blue',
  'SEARCH RETURN (UPDATE ALL) ALL',
  'UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 UNDELETED',
  'SORT RETURN (UPDATE ALL) (REVERSE SIZE SUBJECT) UTF-8 NOT FLAGGED',
  'SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 BODY x UNSEEN',
];

/** A client with updating searches. */
class Watcher {
  readonly client: ImapTestClient;
  readonly #results = new Map<string, Result>();
  #messages = 0;

  constructor(client: ImapTestClient) {
    this.client = client;
  }

  async start(): Promise<void> {
    for (const line of await this.client.ok('SELECT INBOX')) this.#hear(line);
    for (const command of searches) {
      const result = new Result(command);
      const [line = ''] = await this.client.ok(command);
      const all = / ALL (\S+)/.exec(line)?.[1];
      result.list = all === undefined ? [] : numbersOf(all);
      this.#results.set(/TAG "([^"]*)"/.exec(line)![1]!, result);
    }
  }

  async command(text: string): Promise<void> {
    for (const line of (await this.client.command(text)).untagged) this.#hear(line);
  }

  /** Each result is what the same search finds now. */
  async check(): Promise<void> {
    await this.command('NOOP');
    for (const { command, list } of this.#results.values()) {
      const [line = ''] = await this.client.ok(command.replace('UPDATE ', ''));
      const all = / ALL (\S+)/.exec(line)?.[1];
      expect(list, command).toEqual(all === undefined ? [] : numbersOf(all));
    }
  }

  #hear(line: string): void {
    const exists = /^\* (\d+) EXISTS$/.exec(line)?.[1];
    if (exists !== undefined) this.#messages = Number(exists);
    const expunged = /^\* (\d+) EXPUNGE$/.exec(line)?.[1];
    if (expunged !== undefined) {
      this.#messages--;
      for (const result of this.#results.values()) result.expunge(Number(expunged));
    }
    const [, tag, data] = /^\* ESEARCH \(TAG "([^"]*)"\)(.*)$/.exec(line) ?? [];
    if (tag === undefined) return;
    const result = this.#results.get(tag)!;
    expect(data!.startsWith(' UID')).toBe(result.byUid);
    result.hear(data!);
    if (!result.byUid) for (const number of result.list) expect(number).toBeLessThanOrEqual(this.#messages);
  }
}

describe('results that are kept up to date', () => {
  it.each([1, 2, 3])('are right whatever happens, seed %i', async (seed) => {
    const random = new SeededRandom(seed);
    const next = (below: number): number => random.below(below);
    const login = `seed${seed}`;
    const writer = await server.login(login);
    const append = (client: ImapTestClient): Promise<number> =>
      client.append('INBOX', `Subject: ${String.fromCharCode(97 + next(5))}\n\n${'x'.repeat(next(4))}`);
    for (let count = 0; count < 12; count++) await append(writer);
    await writer.ok('SELECT INBOX');
    const watchers = [new Watcher(await server.login(login)), new Watcher(await server.login(login))];
    for (const watcher of watchers) await watcher.start();
    // One of them is told at any time, and the other when it asks.
    await watchers[1]!.command('NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge FlagChange))');
    const flags = ['\\Seen', '\\Flagged', '\\Deleted', 'blue'];
    const change = (): string => {
      const first = 1 + next(30);
      const set = `${first}:${first + next(4)}`;
      switch (next(6)) {
        case 0:
          return 'EXPUNGE';
        case 1:
          return `UID FETCH ${set} BODY[]`;
        case 2:
          return `UID COPY ${set} INBOX`;
        case 3:
          return `UID MOVE ${set} INBOX`;
        default:
          return `UID STORE ${set} ${next(2) === 0 ? '+' : '-'}FLAGS${next(2) === 0 ? '.SILENT' : ''} (${flags[next(4)]})`;
      }
    };
    for (let round = 0; round < 60; round++) {
      // Side by side: what the writer does comes into the middle of what the watchers do.
      const written = next(4) === 0 ? append(writer) : writer.command(change());
      await Promise.all([
        written,
        ...watchers.map(async (watcher) => {
          await watcher.command(['NOOP', 'FETCH 1 FLAGS', 'SEARCH 1', change(), change()][next(5)]!);
        }),
      ]);
      if (round % 6 === 5) for (const watcher of watchers) await watcher.check();
    }
  });
});
