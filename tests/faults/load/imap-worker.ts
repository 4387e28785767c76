import type { ImapAnswer } from '../../harness/imap-client.ts';
import type { SeededRandom } from '../../harness/seeded-random.ts';
import type { Deliveries } from './deliveries.ts';
import type { ImapSession } from './imap-session.ts';
import { keyedMessage, keyOf, newKey } from './keyed-message.ts';
import { copyState, emptyState, flagText, type HeldMessage, type MailState, numbersOf } from './mail-state.ts';

const flagChoices = [[], ['\\Seen'], ['\\Flagged'], ['\\Answered', '\\Seen'], ['$Work'], ['\\Draft', '$Forwarded']];

interface WorkerOptions {
  /** Beginning of the names of all mailboxes that this worker, and nobody else, changes. */
  readonly prefix: string;
  readonly random: SeededRandom;
  /** Of the account, when this worker is the one that takes messages out of Inbox. */
  readonly deliveries: Deliveries | undefined;
  readonly nextNumber: () => number;
}

/**
 * Changes mailboxes of its own at random, and knows what must be in them: `state` holds all that was acknowledged, and while a
 * command is under way `underWay` is what its success will make of it. After a kill exactly one of both must be true.
 */
export class ImapWorker {
  readonly prefix: string;
  readonly takesFromInbox: boolean;
  state: MailState = emptyState();
  underWay: MailState | undefined;
  /** What was under way, for a person. */
  doing = '';
  acknowledged = 0;
  readonly #options: WorkerOptions;
  /** Messages of Inbox that were seen, by UID. */
  #inbox = new Map<number, HeldMessage>();
  #names = 0;
  #unknown = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.prefix = options.prefix;
    this.takesFromInbox = options.deliveries !== undefined;
  }

  /** Works until the connection ends. @throws when the server refuses something */
  async run(session: ImapSession): Promise<never> {
    this.#inbox = new Map();
    for (;;) await this.#step(session);
  }

  async #step(session: ImapSession): Promise<void> {
    const { random, deliveries } = this.#options;
    const names = [...this.state.mailboxes.keys()];
    if (names.length === 0) return await this.#create(session);
    if (deliveries !== undefined && random.chance(0.4)) return await this.#workOnInbox(session, deliveries);
    const dice = random.next();
    if (dice < 0.3) return await this.#append(session);
    if (dice < 0.36 && names.length < 8) return await this.#create(session);
    if (dice < 0.42) return await this.#rename(session);
    if (dice < 0.46 && names.length > 2) return await this.#delete(session);
    const name = random.pick(names);
    await session.select(name);
    const uids = [...this.state.mailboxes.get(name)!.keys()].sort((a, b) => a - b);
    if (uids.length === 0) return;
    const some = random.some(uids, 6);
    if (uids.length > 25 || dice > 0.9) return await this.#expunge(session, name, uids.slice(0, -5));
    if (dice < 0.65) return await this.#store(session, name, some);
    const target = random.pick(names);
    if (dice < 0.78) return await this.#transfer(session, 'MOVE', name, some, target);
    return await this.#transfer(session, 'COPY', name, some, target);
  }

  /** Sends a command whose success turns the present state into `next`. */
  async #change(session: ImapSession, next: MailState, command: string): Promise<ImapAnswer> {
    this.doing = command.slice(0, 200).split('\r\n')[0];
    this.underWay = next;
    const answer = await session.ok(command);
    this.state = next;
    this.underWay = undefined;
    this.acknowledged++;
    return answer;
  }

  async #create(session: ImapSession): Promise<void> {
    const next = copyState(this.state);
    const parents = [...next.mailboxes.keys()];
    const { random } = this.#options;
    const below = parents.length > 0 && random.chance(0.3) ? `${random.pick(parents)}/` : `${this.prefix}-`;
    const name = `${below}m${++this.#names}`;
    next.mailboxes.set(name, new Map());
    await this.#change(session, next, `CREATE ${name}`);
  }

  async #rename(session: ImapSession): Promise<void> {
    const from = this.#options.random.pick([...this.state.mailboxes.keys()]);
    const to = `${this.prefix}-r${++this.#names}`;
    const next = copyState(this.state);
    for (const [name, messages] of this.state.mailboxes) {
      if (name !== from && !name.startsWith(`${from}/`)) continue;
      next.mailboxes.delete(name);
      next.mailboxes.set(to + name.slice(from.length), messages);
    }
    await this.#change(session, next, `RENAME ${from} ${to}`);
  }

  async #delete(session: ImapSession): Promise<void> {
    const names = [...this.state.mailboxes.keys()];
    const leaves = names.filter((name) => !names.some((other) => other.startsWith(`${name}/`)));
    const name = this.#options.random.pick(leaves);
    const next = copyState(this.state);
    next.mailboxes.delete(name);
    await this.#change(session, next, `DELETE ${name}`);
  }

  async #append(session: ImapSession): Promise<void> {
    const { random, nextNumber } = this.#options;
    const name = random.pick([...this.state.mailboxes.keys()]);
    const count = random.chance(0.3) ? random.between(2, 4) : 1;
    const messages = Array.from({ length: count }, () => {
      const key = newKey('a', nextNumber(), random.chance(0.05) ? 300_000 : random.between(200, 6000));
      return { key, flags: random.pick(flagChoices) };
    });
    const next = copyState(this.state);
    const mailbox = next.mailboxes.get(name)!;
    const added = messages.map(({ key, flags }) => {
      const message = { uid: --this.#unknown, key, flags: flagText([...flags]) };
      mailbox.set(message.uid, message);
      return message;
    });
    const literals = messages.map(({ key, flags }) => {
      const bytes = keyedMessage(key);
      return ` (${flags.join(' ')}) {${bytes.length}}\r\n${bytes}`;
    });
    const { tagged } = await this.#change(session, next, `APPEND ${name}${literals.join('')}`);
    const [, uidValidity, set] = /\[APPENDUID (\d+) ([\d:,]+)\]/.exec(tagged) ?? [];
    this.#settleUids(session, mailbox, added, Number(uidValidity), set);
  }

  async #store(session: ImapSession, name: string, uids: readonly number[]): Promise<void> {
    const flags = this.#options.random.pick(flagChoices);
    const mode = this.#options.random.pick(['+', '-', '']);
    const next = copyState(this.state);
    const mailbox = next.mailboxes.get(name)!;
    for (const uid of uids) mailbox.set(uid, withFlags(mailbox.get(uid)!, mode, flags));
    await this.#change(session, next, `UID STORE ${uids.join(',')} ${mode}FLAGS (${flags.join(' ')})`);
  }

  async #expunge(session: ImapSession, name: string, uids: readonly number[]): Promise<void> {
    if (uids.length === 0) return;
    const marked = copyState(this.state);
    const mailbox = marked.mailboxes.get(name)!;
    for (const uid of uids) mailbox.set(uid, withFlags(mailbox.get(uid)!, '+', ['\\Deleted']));
    await this.#change(session, marked, `UID STORE ${uids.join(',')} +FLAGS.SILENT (\\Deleted)`);
    const next = copyState(this.state);
    for (const uid of uids) next.mailboxes.get(name)!.delete(uid);
    await this.#change(session, next, `UID EXPUNGE ${uids.join(',')}`);
  }

  async #transfer(
    session: ImapSession,
    command: 'MOVE' | 'COPY',
    from: string,
    uids: readonly number[],
    to: string,
  ): Promise<void> {
    // Where a mailbox is the target too, what comes back has new UIDs.
    const next = copyState(this.state);
    const source = next.mailboxes.get(from)!;
    const target = next.mailboxes.get(to)!;
    const added = uids.map((uid) => ({ ...source.get(uid)!, uid: --this.#unknown }));
    for (const message of added) target.set(message.uid, message);
    if (command === 'MOVE') for (const uid of uids) source.delete(uid);
    const answer = await this.#change(session, next, `UID ${command} ${uids.join(',')} ${to}`);
    this.#settleCopies(session, answer, target, added);
  }

  async #workOnInbox(session: ImapSession, deliveries: Deliveries): Promise<void> {
    const { random } = this.#options;
    await session.select('INBOX');
    const known = Math.max(0, ...this.#inbox.keys());
    if (session.selected!.messages > 0) {
      for (const { uid, flags, text } of await session.fetch(`${known + 1}:*`, 'BODY.PEEK[HEADER.FIELDS (X-Key)]')) {
        const key = keyOf(text ?? '') ?? '?';
        session.sawUid(uid, key);
        // What one client has seen is as good as acknowledged.
        deliveries.confirm(key);
        this.#inbox.set(uid, { key, flags: flagText(flags) });
      }
    }
    const uids = [...this.#inbox.keys()];
    if (uids.length === 0) return;
    const some = random.some(uids, 8);
    const names = [...this.state.mailboxes.keys()];
    const next = copyState(this.state);
    const dice = random.next();
    if (dice < 0.5) {
      const target = next.mailboxes.get(random.pick(names))!;
      const to = [...next.mailboxes].find(([, messages]) => messages === target)![0];
      const added = some.map((uid) => ({ ...this.#inbox.get(uid)!, uid: --this.#unknown }));
      for (const message of added) {
        target.set(message.uid, message);
        next.taken.add(message.key);
      }
      const answer = await this.#change(session, next, `UID MOVE ${some.join(',')} ${to}`);
      this.#settleCopies(session, answer, target, added);
      for (const uid of some) this.#inbox.delete(uid);
    } else if (dice < 0.7) {
      const flags = random.pick(flagChoices);
      const after = some.map((uid) => [uid, withFlags(this.#inbox.get(uid)!, '', flags)] as const);
      for (const [, { key, flags }] of after) next.inboxFlags.set(key, flags);
      await this.#change(session, next, `UID STORE ${some.join(',')} FLAGS (${flags.join(' ')})`);
      for (const [uid, message] of after) this.#inbox.set(uid, message);
    } else {
      for (const uid of some) {
        const message = withFlags(this.#inbox.get(uid)!, '+', ['\\Deleted']);
        this.#inbox.set(uid, message);
        next.inboxFlags.set(message.key, message.flags);
      }
      await this.#change(session, next, `UID STORE ${some.join(',')} +FLAGS.SILENT (\\Deleted)`);
      const after = copyState(this.state);
      for (const uid of some) after.taken.add(this.#inbox.get(uid)!.key);
      await this.#change(session, after, `UID EXPUNGE ${some.join(',')}`);
      for (const uid of some) this.#inbox.delete(uid);
    }
  }

  #settleCopies(
    session: ImapSession,
    answer: ImapAnswer,
    target: Map<number, HeldMessage>,
    added: readonly (HeldMessage & { uid: number })[],
  ): void {
    const lines = [...answer.untagged, answer.tagged].join('\n');
    const [, uidValidity, sources, set] = /\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]/.exec(lines) ?? [];
    if (sources !== undefined && numbersOf(sources).length !== added.length) {
      throw new Error(`${this.doing}: ${lines}`);
    }
    this.#settleUids(session, target, added, Number(uidValidity), set);
  }

  #settleUids(
    session: ImapSession,
    mailbox: Map<number, HeldMessage>,
    added: readonly (HeldMessage & { uid: number })[],
    uidValidity: number,
    set: string | undefined,
  ): void {
    const uids = set === undefined ? [] : numbersOf(set);
    if (uids.length !== added.length)
      throw new Error(`${this.doing}: ${uids.length} UIDs for ${added.length} messages`);
    for (const [at, { uid, key, flags }] of added.entries()) {
      mailbox.delete(uid);
      mailbox.set(uids[at], { key, flags });
      session.sawUid(uids[at], key, uidValidity);
    }
  }
}

function withFlags(message: HeldMessage, mode: string, flags: readonly string[]): HeldMessage {
  const before = message.flags.split(' ').filter((flag) => flag !== '');
  if (mode === '+') return { key: message.key, flags: flagText([...new Set([...before, ...flags])]) };
  if (mode === '-') return { key: message.key, flags: flagText(before.filter((flag) => !flags.includes(flag))) };
  return { key: message.key, flags: flagText([...flags]) };
}
