import type { Deliveries } from './deliveries.ts';
import type { ImapSession } from './imap-session.ts';
import type { ImapWorker } from './imap-worker.ts';
import { keyOf, wrongBytes } from './keyed-message.ts';
import { flagText, type HeldMessage, type MailState } from './mail-state.ts';

type Mailboxes = Map<string, Map<number, HeldMessage>>;

/**
 * Reads a whole account, and compares it with what was acknowledged.
 * @param verified UIDs whose bytes were found right before; more are added
 * @returns what is wrong; the workers go on from what is there
 */
export async function checkAccount(
  session: ImapSession,
  workers: readonly ImapWorker[],
  deliveries: Deliveries,
  verified: Set<string>,
): Promise<string[]> {
  const problems: string[] = [];
  const found = await readAccount(session, verified, problems);
  const inbox = found.get('Inbox') ?? found.get('INBOX') ?? new Map<number, HeldMessage>();
  for (const worker of workers) {
    const own: Mailboxes = new Map([...found].filter(([name]) => name.startsWith(`${worker.prefix}-`)));
    const states = [worker.state, ...(worker.underWay === undefined ? [] : [worker.underWay])];
    const differences = states.map((state) => [
      ...compareMailboxes(state, own),
      ...(worker.takesFromInbox ? compareInbox(state, inbox, deliveries) : []),
    ]);
    const right = differences.findIndex((list) => list.length === 0);
    if (right === -1) {
      problems.push(
        ...differences[0].map((text) => `without what was under way: ${text}`),
        ...(differences[1] ?? []).map((text) => `with "${worker.doing}", which was under way: ${text}`),
      );
    }
    const { taken, inboxFlags } = states[Math.max(0, right)];
    worker.state = { mailboxes: own, taken, inboxFlags };
    worker.underWay = undefined;
  }
  for (const { key } of inbox.values()) deliveries.confirm(key);
  deliveries.possible.clear();
  for (const [name, messages] of found) {
    const owned = workers.some(({ prefix }) => name.startsWith(`${prefix}-`));
    if (!owned && !/^inbox$/i.test(name) && messages.size > 0) problems.push(`${name} is not empty`);
  }
  return problems;
}

async function readAccount(session: ImapSession, verified: Set<string>, problems: string[]): Promise<Mailboxes> {
  const found: Mailboxes = new Map();
  for (const name of await session.list()) {
    const messages = new Map<number, HeldMessage>();
    found.set(name, messages);
    const { uidValidity, messages: count } = await session.select(name, 'EXAMINE');
    if (count === 0) continue;
    for (const { uid, flags, text } of await session.fetch('1:*', 'BODY.PEEK[HEADER.FIELDS (X-Key)]')) {
      const key = keyOf(text ?? '') ?? `no key: ${text}`;
      session.sawUid(uid, key);
      messages.set(uid, { key, flags: flagText(flags) });
    }
    if (messages.size !== count) problems.push(`${name} EXISTS says ${count}, FETCH gives ${messages.size}`);
    const unread = [...messages.keys()].filter((uid) => !verified.has(`${uidValidity}:${uid}`));
    if (unread.length === 0) continue;
    for (const { uid, text } of await session.fetch(unread.join(','), 'BODY.PEEK[]')) {
      const wrong = wrongBytes(messages.get(uid)!.key, text ?? '');
      if (wrong === undefined) verified.add(`${uidValidity}:${uid}`);
      else problems.push(`${name}, UID ${uid}: ${wrong}`);
    }
  }
  return found;
}

function compareMailboxes(state: MailState, found: Mailboxes): string[] {
  const differences: string[] = [];
  for (const [name, expected] of state.mailboxes) {
    const messages = found.get(name);
    if (messages === undefined) {
      differences.push(`${name} is missing, which held ${expected.size}`);
      continue;
    }
    const left = new Map(messages);
    const unknown: HeldMessage[] = [];
    for (const [uid, message] of expected) {
      if (uid < 0) unknown.push(message);
      else if (!isSame(left.get(uid), message)) differences.push(describe(name, uid, message, left.get(uid)));
      left.delete(uid);
    }
    for (const message of unknown) {
      const uid = [...left].find(([, other]) => isSame(other, message))?.[0];
      if (uid === undefined) differences.push(describe(name, undefined, message, undefined));
      else left.delete(uid);
    }
    for (const [uid, message] of left) differences.push(describe(name, uid, undefined, message));
  }
  for (const name of found.keys()) if (!state.mailboxes.has(name)) differences.push(`${name} should not exist`);
  return differences;
}

function compareInbox(state: MailState, inbox: Map<number, HeldMessage>, deliveries: Deliveries): string[] {
  const differences: string[] = [];
  const seen = new Set<string>();
  for (const [uid, { key, flags }] of inbox) {
    if (seen.has(key)) differences.push(`Inbox: ${key} is there twice, the second time as UID ${uid}`);
    else if (state.taken.has(key)) differences.push(`Inbox: ${key} is back, as UID ${uid}, or was delivered twice`);
    else if (!deliveries.certain.has(key) && !deliveries.possible.has(key))
      differences.push(`Inbox: ${key} is unknown`);
    const expected = state.inboxFlags.get(key) ?? '';
    if (flags !== expected) differences.push(`Inbox: ${key} has flags (${flags}), not (${expected})`);
    seen.add(key);
  }
  for (const key of deliveries.certain) {
    if (!seen.has(key) && !state.taken.has(key)) differences.push(`Inbox: ${key} was acknowledged and is missing`);
  }
  return differences;
}

function isSame(one: HeldMessage | undefined, other: HeldMessage): boolean {
  return one?.key === other.key && one.flags === other.flags;
}

function describe(name: string, uid: number | undefined, expected?: HeldMessage, found?: HeldMessage): string {
  const text = (message: HeldMessage | undefined): string =>
    message ? `${message.key} (${message.flags})` : 'nothing';
  return `${name}, UID ${uid ?? 'any'}: expected ${text(expected)}, found ${text(found)}`;
}
