import type { SeededRandom } from '../seeded-random.ts';
import type { CheckedSession } from './checked-session.ts';
import { copyPairs } from './checked-session.ts';
import { numbersOf } from './fetch-data.ts';
import { check, type KnownMessage, type MailboxView } from './mailbox-view.ts';
import { type ModelAction, someFlags } from './model-world.ts';
import { searchedNumbers } from './resync-check.ts';

const items = [
  'FLAGS',
  'UID',
  'INTERNALDATE',
  'SAVEDATE',
  'RFC822.SIZE',
  'ENVELOPE',
  'BODYSTRUCTURE',
  'BODY',
  'PREVIEW',
  'BODY.PEEK[]',
  'BODY.PEEK[HEADER]',
  'BODY.PEEK[HEADER.FIELDS (SUBJECT)]',
  'BODY.PEEK[TEXT]<3.20>',
  'BODY.PEEK[1]',
  'BINARY.SIZE[1]',
  'BINARY.PEEK[1]',
  'BODY[TEXT]',
  'BODY[]',
  'MODSEQ',
] as const;

/** The item's name in the response. */
function responseName(item: string): string {
  return item.replace('.PEEK', '').replace(/<(\d+)\.\d+>$/, '<$1>');
}

/** Messages chosen by number or UID, and how the command says so. */
interface Chosen {
  readonly uid: 'UID ' | '';
  readonly set: string;
  readonly messages: readonly KnownMessage[];
}

/** The view of a session that has a mailbox selected. */
function viewOf(session: CheckedSession): MailboxView {
  check(session.view !== undefined, 'No mailbox is selected');
  return session.view;
}

/** Asks for what the client doesn't know of its messages. */
async function learn(session: CheckedSession): Promise<void> {
  const open = viewOf(session).messages.some(({ uid, flags }) => uid === undefined || flags === undefined);
  if (open) await session.run({ text: 'FETCH 1:* (UID FLAGS)', mayFail: /^NO \[EXPUNGEISSUED\]/ });
}

async function choose(session: CheckedSession, random: SeededRandom): Promise<Chosen> {
  const { messages } = viewOf(session);
  let byUid = random.chance(0.5);
  if (byUid) await learn(session);
  // Some may have come with the answer.
  if (messages.some(({ uid }) => uid === undefined)) byUid = false;
  const numberOf = (at: number): number => (byUid ? (messages[at].uid ?? 0) : at + 1);
  const uid = byUid ? 'UID ' : '';
  const last = messages.length - 1;
  const [a, b] = [random.between(0, last), random.between(0, last)];
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  switch (random.between(0, 3)) {
    case 0:
      return { uid, set: `${numberOf(a)}`, messages: [messages[a]] };
    case 1:
      return { uid, set: `${numberOf(b)}:${numberOf(a)}`, messages: messages.slice(from, to + 1) };
    case 2:
      return { uid, set: `${numberOf(from)}:*`, messages: messages.slice(from) };
    default: {
      const places = new Set([a, b, random.between(0, last)]);
      return { uid, set: [...places].map(numberOf).join(','), messages: [...places].map((at) => messages[at]) };
    }
  }
}

/** Numbers of messages whose UID can't be told by the time the answer is there: nothing can be said of them. */
const gone = /^NO \[EXPUNGEISSUED\]/;
const missing = /^NO \[(?:EXPUNGEISSUED|NONEXISTENT)\]/;

const fetch: ModelAction = {
  weight: 10,
  when: 'filled',
  async run(session, random) {
    const { uid, set, messages } = await choose(session, random);
    const asked = random.some(items, 4);
    const since = random.chance(0.2) ? random.between(1, viewOf(session).greatestModseq + 1) : undefined;
    const { condstore } = session.features;
    const changedSince = since !== undefined ? ` (CHANGEDSINCE ${since})` : '';
    const told = new Set<KnownMessage>();
    // RFC 7162 §3.1.4.1: what anybody knows to have changed is told.
    const view = viewOf(session);
    const wanted = messages.filter((message) => since === undefined || modseqOf(view, message) > since);
    let answer = '';
    await session.run({
      text: `${uid}FETCH ${set} (${asked.join(' ')})${changedSince}`,
      mayFail: gone,
      enablesCondstore: changedSince !== '' || asked.includes('MODSEQ'),
      onFetch: (data, message) => {
        if (asked.every((item) => data.items.has(responseName(item)))) told.add(message);
      },
      onDone: (tagged) => (answer = tagged),
    });
    if (!answer.startsWith('OK')) return;
    for (const message of wanted) {
      check(told.has(message), `FETCH ${set} (condstore ${condstore}) doesn't tell all of UID ${message.uid}`);
    }
  },
};

const fetchVanished: ModelAction = {
  weight: 2,
  when: 'filled',
  async run(session, random) {
    const { view, features } = session;
    if (!features.qresync || view === undefined) return;
    const since = random.between(1, view.greatestModseq);
    await session.run({ text: `UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${since} VANISHED)` });
  },
};

const store: ModelAction = {
  weight: 10,
  when: 'filled',
  async run(session, random) {
    const view = viewOf(session);
    const { uid, set, messages } = await choose(session, random);
    const flags = someFlags(random);
    const sign = random.pick(['+', '-', '']);
    const silent = random.chance(0.4) ? '.SILENT' : '';
    const since = random.chance(0.25) ? random.between(0, view.greatestModseq) : undefined;
    const unchanged = since === undefined ? '' : `(UNCHANGEDSINCE ${since}) `;
    // What anybody was told before the command is true when it is done.
    const before = new Map(messages.map((message) => [message, modseqOf(view, message)]));
    const told = new Set<KnownMessage>();
    const list = random.chance(0.2) ? flags.join(' ') : `(${flags.join(' ')})`;
    // What .SILENT has done belongs to what the client knows at the tagged answer.
    const settle = (answer: string): void => {
      check(!view.readOnly || answer.startsWith('NO'), 'STORE in a read-only mailbox');
      if (view.readOnly || answer.startsWith('NO [NONEXISTENT]')) return;
      const set2 = /^OK \[MODIFIED ([\d:,]+)\]/.exec(answer)?.[1];
      const numbers = set2 === undefined ? [] : numbersOf(set2);
      const modified = new Set(messages.filter((message) => numbers.includes(numberOf(view, message, uid))));
      check(since !== undefined || numbers.length === 0, 'MODIFIED without UNCHANGEDSINCE');
      for (const message of messages) {
        if (modified.has(message)) continue;
        const conflict = since !== undefined && (before.get(message) ?? 0) > since && view.messages.includes(message);
        // One that is gone, but was not told yet, is neither stored to nor in conflict.
        if (conflict && told.has(message))
          check(false, `STORE of ${message.uid}: ${before.get(message)} is above ${since}`);
        if (silent !== '' && !told.has(message) && !conflict) view.applySilently(message, sign, flags);
      }
    };
    await session.run({
      text: `${uid}STORE ${set} ${unchanged}${sign}FLAGS${silent} ${list}`,
      mayFail: view.readOnly ? /^NO / : missing,
      enablesCondstore: since !== undefined,
      onFetch: (data, message) => {
        if (data.flags !== undefined) told.add(message);
      },
      onDone: settle,
    });
  },
};

function modseqOf(view: MailboxView, message: KnownMessage): number {
  return message.uid === undefined ? 0 : view.facts.modseq(view.uidValidity, message.uid);
}

function numberOf(view: MailboxView, message: KnownMessage, uid: string): number {
  return uid === '' ? view.messages.indexOf(message) + 1 : (message.uid ?? 0);
}

const expunge: ModelAction = {
  weight: 4,
  when: 'filled',
  async run(session, random) {
    const { readOnly } = viewOf(session);
    const byUid = random.chance(0.5);
    const set = byUid ? (await choose(session, random)).set : '';
    const mayFail = readOnly ? /^NO / : /^NO \[NONEXISTENT\]/;
    await session.run({ text: byUid ? `UID EXPUNGE ${set}` : 'EXPUNGE', mayFail });
  },
};

const transfer: ModelAction = {
  weight: 4,
  when: 'filled',
  async run(session, random, world) {
    const view = viewOf(session);
    await learn(session);
    if (view.messages.length > 60 || view.messages.some(({ uid }) => uid === undefined)) return;
    const { uid, set, messages } = await choose(session, random);
    const uids = messages.map((message) => message.uid ?? 0);
    const verb = random.pick(['COPY', 'MOVE']);
    const target = random.pick(world.names);
    const lines: string[] = [];
    await session.run({
      text: `${uid}${verb} ${set} ${target}`,
      mayFail: verb === 'MOVE' && view.readOnly ? /^NO / : /^NO \[(?:TRYCREATE|NONEXISTENT|EXPUNGEISSUED)\]/,
      onUntagged: (line) => lines.push(line),
      onDone: (tagged) => lines.push(tagged),
    });
    const copied = copyPairs(lines.join('\n'));
    for (const [from, to] of copied?.pairs ?? []) {
      check(uids.includes(from), `COPYUID names ${from}, which is not in ${set}`);
      const key = view.facts.keyOf(view.uidValidity, from);
      if (key !== undefined) view.facts.named(copied?.uidValidity ?? 0, to, key);
      view.facts.given(copied?.uidValidity ?? 0, to);
      if (verb === 'MOVE') view.facts.gone(view.uidValidity, from);
    }
  },
};

const criteria = [
  'ALL',
  'SEEN',
  'NOT DELETED',
  'KEYWORD red',
  'UNKEYWORD blue',
  'SUBJECT key',
  'LARGER 300',
  'MODSEQ 5',
  'RECENT',
  'OLD',
  'NEW',
];

const search: ModelAction = {
  weight: 5,
  when: 'filled',
  async run(session, random) {
    const view = viewOf(session);
    await learn(session);
    const byUid = random.chance(0.5) && view.messages.every(({ uid }) => uid !== undefined);
    const uid = byUid ? 'UID ' : '';
    const key = random.pick([...criteria, `1:${view.messages.length} NOT 1`]);
    const saves = random.chance(0.3);
    const options = saves ? 'RETURN (SAVE ALL) ' : random.chance(0.3) ? 'RETURN (ALL COUNT MIN MAX) ' : '';
    const found: KnownMessage[] = [];
    await session.run({
      text: `${uid}SEARCH ${options}${key}`,
      enablesCondstore: key.startsWith('MODSEQ'),
      onUntagged: (line) => {
        for (const number of searchedNumbers(line)) {
          const message = view.messages[byUid ? view.messages.findIndex((one) => one.uid === number) : number - 1];
          check(message !== undefined, `SEARCH finds ${number}, which is not there`);
          found.push(message);
        }
      },
    });
    for (const { uid, recent } of key === 'RECENT' || key === 'OLD' ? found : []) {
      check(recent !== (key === 'OLD'), `SEARCH ${key} finds UID ${uid}`);
    }
    if (!saves) return;
    // RFC 9051 §6.4.4.1: what was told to be gone since is not in it.
    const told = new Set<KnownMessage>();
    await session.run({
      text: 'FETCH $ (UID)',
      mayFail: gone,
      onFetch: (data, message) => {
        if (!data.items.has('FLAGS')) told.add(message);
      },
    });
    for (const message of found) {
      if (view.messages.includes(message)) check(told.has(message), `$ has lost UID ${message.uid}`);
    }
    for (const message of told) check(found.includes(message), `$ has UID ${message.uid}, which was not found`);
  },
};

const sort: ModelAction = {
  weight: 2,
  when: 'filled',
  async run(session, random) {
    const { length } = viewOf(session).messages;
    const key = random.pick(['ARRIVAL', 'REVERSE SUBJECT', 'SIZE FROM', 'DISPLAYTO DATE']);
    await session.run({
      text: `SORT (${key}) UTF-8 ${random.pick(['ALL', 'UNSEEN', 'KEYWORD red'])}`,
      onUntagged: (line) => {
        const numbers = /^\* SORT((?: \d+)*)/.exec(line)?.[1]?.trim().split(' ').filter(Boolean).map(Number) ?? [];
        check(new Set(numbers).size === numbers.length, `SORT names a message twice: ${line}`);
        for (const number of numbers) check(number >= 1 && number <= length, `SORT names ${number} of ${length}`);
      },
    });
  },
};

const pipeline: ModelAction = {
  weight: 4,
  when: 'filled',
  async run(session, random) {
    await learn(session);
    const { messages, readOnly } = viewOf(session);
    if (messages.at(-1)?.uid === undefined) return;
    const numbers = `1:${random.between(1, messages.length)}`;
    const uids = `1:${messages.at(-1)?.uid}`;
    // Numbers come first: after a command that may tell EXPUNGE the client can't know what they mean (RFC 9051 §5.5).
    await session.run(
      { text: `FETCH ${numbers} (UID FLAGS)`, mayFail: gone },
      { text: `STORE ${numbers} +FLAGS (${someFlags(random)[0]})`, mayFail: readOnly ? /^NO / : missing },
      { text: `FETCH ${numbers} (FLAGS)`, mayFail: gone },
      { text: 'UID SEARCH ALL' },
      { text: `UID STORE ${uids} -FLAGS (${someFlags(random)[0]})`, mayFail: readOnly ? /^NO / : missing },
      { text: 'NOOP' },
      { text: `UID FETCH ${uids} (FLAGS RFC822.SIZE)` },
    );
  },
};

const idle: ModelAction = {
  weight: 3,
  when: 'logged-in',
  run: (session, random) => session.idle(() => new Promise((resolve) => setTimeout(resolve, random.between(0, 5)))),
};

const noop: ModelAction = { weight: 4, when: 'logged-in', run: (session) => session.noop() };

export const messageActions: readonly ModelAction[] = [
  fetch,
  fetchVanished,
  store,
  expunge,
  transfer,
  search,
  sort,
  pipeline,
  idle,
  noop,
  { weight: 4, when: 'filled', run: learn },
];
