import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A small generator whose sequence a seed decides (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

interface KnownMessage {
  uid: number | undefined;
  flags: string | undefined;
}

function inOrder(flags: Iterable<string>): string {
  return [...flags]
    .filter((flag) => flag !== '')
    .sort()
    .join(' ');
}

/** What a client knows of the mailbox from what it was told, checked at each word. */
class Observer {
  readonly client: ImapTestClient;
  readonly qresync: boolean;
  readonly messages: KnownMessage[] = [];
  #keywords = new Set<string>();
  #highestModseq = 0;

  constructor(client: ImapTestClient, qresync: boolean) {
    this.client = client;
    this.qresync = qresync;
  }

  async command(text: string): Promise<string> {
    this.#expectSilentChange(text);
    const { untagged, tagged } = await this.client.command(text);
    for (const line of untagged) this.hear(line, text);
    const modseq = /HIGHESTMODSEQ (\d+)/.exec(tagged)?.[1];
    if (modseq !== undefined) this.#hearModseq(Number(modseq));
    return tagged;
  }

  /** What .SILENT changes, the client knows by itself. */
  #expectSilentChange(text: string): void {
    const match = /^(UID )?STORE (\S+) ([+-]?)FLAGS\.SILENT \((.*)\)$/.exec(text);
    if (match === null) return;
    const [, byUid, set, sign, flag] = match;
    const [first, last = first] = set.split(':').map(Number);
    for (const [at, message] of this.messages.entries()) {
      const number = byUid === undefined ? at + 1 : message.uid;
      if (number === undefined || message.flags === undefined) continue;
      if (number < Math.min(first, last) || number > Math.max(first, last)) continue;
      const now = new Set(sign === '' ? [] : message.flags.split(' '));
      if (sign === '-') now.delete(flag);
      else now.add(flag);
      message.flags = inOrder(now);
    }
  }

  hear(line: string, during: string): void {
    const mayExpunge = !/^(FETCH|STORE|SEARCH) /.test(during);
    const [, number, word, rest = ''] = /^\* (?:(\d+) )?([A-Z]+) ?(.*)$/.exec(line) ?? [];
    switch (word) {
      case 'EXISTS':
        expect(Number(number), 'messages go by EXPUNGE only').toBeGreaterThanOrEqual(this.messages.length);
        while (this.messages.length < Number(number)) this.messages.push({ uid: undefined, flags: undefined });
        return;
      case 'EXPUNGE':
        expect(mayExpunge && !this.qresync, `EXPUNGE during ${during}`).toBe(true);
        expect(Number(number)).toBeLessThanOrEqual(this.messages.length);
        this.messages.splice(Number(number) - 1, 1);
        return;
      case 'VANISHED':
        expect(mayExpunge && this.qresync, `VANISHED during ${during}`).toBe(true);
        for (const part of rest.split(',')) this.#hearVanished(part);
        return;
      case 'FETCH':
        this.#hearFetch(Number(number), rest, during);
        return;
      case 'FLAGS':
        this.#keywords = new Set(rest.slice(1, -1).split(' '));
    }
  }

  #hearVanished(range: string): void {
    const [first, last = first] = range.split(':').map(Number);
    for (let uid = first; uid <= last; uid++) {
      let at = this.messages.findIndex((message) => message.uid === uid);
      // A message whose UID was not told yet: it doesn't matter which of those.
      if (at === -1) at = this.messages.findIndex((message) => message.uid === undefined);
      expect(at, `UID ${uid} vanished`).not.toBe(-1);
      this.messages.splice(at, 1);
    }
  }

  #hearFetch(sequence: number, items: string, during: string): void {
    expect(sequence, 'FETCH comes after EXISTS').toBeLessThanOrEqual(this.messages.length);
    const message = this.messages[sequence - 1];
    const uid = /UID (\d+)/.exec(items)?.[1];
    if (uid !== undefined) {
      if (message.uid !== undefined) expect(Number(uid), `UID of message ${sequence}`).toBe(message.uid);
      message.uid = Number(uid);
    }
    const flags = /FLAGS \(([^)]*)\)/.exec(items)?.[1];
    if (flags !== undefined) {
      message.flags = inOrder(flags.split(' '));
      for (const flag of flags.split(' ')) if (flag !== '') expect([...this.#keywords]).toContain(flag);
    }
    const modseq = /MODSEQ \((\d+)\)/.exec(items)?.[1];
    // RFC 7162 §3.1: with all changes, but not with flags that were asked for.
    if (this.qresync && flags !== undefined && !/FETCH /.test(during)) expect(modseq).toBeDefined();
  }

  #hearModseq(modseq: number): void {
    expect(modseq, 'MODSEQ never goes back').toBeGreaterThanOrEqual(this.#highestModseq);
    this.#highestModseq = modseq;
  }
}

const flags = ['\\Seen', '\\Flagged', '\\Answered', 'red', 'blue', '$Forwarded'];

async function act(observer: Observer, below: (limit: number) => number): Promise<void> {
  const { messages } = observer;
  const any = (): number => below(messages.length) + 1;
  const set = (): string => {
    const [a, b] = [any(), any()];
    return below(3) === 0 ? `${a}` : `${Math.min(a, b)}:${Math.max(a, b)}`;
  };
  const choice = messages.length === 0 ? below(2) : below(15);
  const flag = flags[below(flags.length)];
  const sign = ['+', '-', ''][below(3)];
  const silent = below(2) === 0 ? '.SILENT' : '';
  switch (choice) {
    case 0:
      await observer.command(`APPEND INBOX ${below(2) === 0 ? `(${flag}) ` : ''}{20}\r\nSubject: x\r\n\r\nBody\r\n`);
      return;
    case 1:
      await observer.command('NOOP');
      return;
    case 2:
    case 3:
      await observer.command(`STORE ${set()} ${sign}FLAGS${silent} (${flag})`);
      return;
    case 4:
      await observer.command(`UID STORE ${below(60) + 1}:${below(60) + 1} ${sign}FLAGS${silent} (${flag})`);
      return;
    case 5:
      await observer.command(`STORE ${any()} +FLAGS${silent} (\\Deleted)`);
      return;
    case 6:
      await observer.command('EXPUNGE');
      return;
    case 7:
      await observer.command(`FETCH ${set()} (UID FLAGS)`);
      return;
    case 8:
      expect(await observer.command(`FETCH ${any()} (UID BODY.PEEK[TEXT])`)).toMatch(/^OK/);
      return;
    case 9:
      await observer.command('UID FETCH 1:* FLAGS');
      return;
    case 10:
      await observer.command(`SEARCH NOT KEYWORD red`);
      return;
    case 11:
      await observer.command(`${below(2) === 0 ? 'COPY' : 'MOVE'} ${any()} ${below(2) === 0 ? 'INBOX' : 'Drafts'}`);
      return;
    case 12:
      await observer.command(`UID EXPUNGE ${below(60) + 1}:*`);
      return;
    case 13:
      await observer.command(
        `REPLACE ${any()} ${below(2) === 0 ? 'INBOX' : 'Drafts'} (${flag}) {20}\r\nSubject: y\r\n\r\nBody\r\n`,
      );
      return;
    default:
      observer.client.send('i IDLE\r\n');
      expect(await observer.client.line()).toBe('+ idling');
      await new Promise((resolve) => setTimeout(resolve, below(4)));
      observer.client.send('DONE\r\n');
      for (let line = await observer.client.line(); !line.startsWith('i '); line = await observer.client.line()) {
        observer.hear(line, 'IDLE');
      }
  }
}

describe('sessions side by side on one mailbox', () => {
  it.each([1, 2, 3, 4])('each see a true picture at all times (seed %i)', async (seed) => {
    const login = `model${seed}`;
    const observers: Observer[] = [];
    for (let number = 0; number < 4; number++) {
      const client = await ImapTestClient.login(server.port, login);
      const observer = new Observer(client, number % 2 === 1);
      if (observer.qresync) await observer.command('ENABLE QRESYNC');
      await observer.command('SELECT INBOX');
      observers.push(observer);
    }
    await Promise.all(
      observers.map(async (observer, number) => {
        const below = random(seed * 1000 + number);
        for (let step = 0; step < 60; step++) {
          await act(observer, below);
          await observer.command('UID FETCH 1:* UID');
        }
      }),
    );
    for (const observer of observers) await observer.command('NOOP');
    const fresh = new Observer(await ImapTestClient.login(server.port, login), false);
    await fresh.command('SELECT INBOX');
    await fresh.command('FETCH 1:* (UID FLAGS)');
    for (const observer of observers) {
      await observer.command('NOOP');
      for (const [at, { flags: told }] of observer.messages.entries()) {
        if (told === undefined) await observer.command(`FETCH ${at + 1} (UID FLAGS)`);
      }
      expect(observer.messages).toEqual(fresh.messages);
      observer.client[Symbol.dispose]();
    }
    fresh.client[Symbol.dispose]();
  });
});
