import { numbersOf } from './fetch-data.ts';
import { check } from './mailbox-view.ts';
import { type ModelAction, modelMessage, someFlags } from './model-world.ts';
import { checkResync, connectForResync } from './resync-check.ts';

/** A mailbox has at most so many messages, or the run becomes slow. */
const fullMailbox = 50;

const append: ModelAction = {
  weight: 7,
  when: 'logged-in',
  async run(session, random, world) {
    if ((session.view?.messages.length ?? 0) > fullMailbox) return;
    const name = random.chance(0.7) && session.view !== undefined ? session.view.name : random.pick(world.names);
    const keys = Array.from({ length: random.chance(0.2) ? 3 : 1 }, () => world.nextKey());
    const messages = keys.map((key) => {
      const flags = random.chance(0.5) ? `(${someFlags(random).join(' ')}) ` : '';
      const date = random.chance(0.2) ? '" 1-Feb-2020 10:00:00 +0100" ' : '';
      const text = modelMessage(key, random);
      return `${flags}${date}{${text.length}+}\r\n${text}`;
    });
    await session.run({
      text: `APPEND ${name} ${messages.join(' ')}`,
      mayFail: /^NO \[TRYCREATE\]/,
      onDone: (tagged) => {
        if (!tagged.startsWith('OK')) return;
        const [, uidValidity, set = ''] = /^OK \[APPENDUID (\d+) ([\d:,]+)\]/.exec(tagged) ?? [];
        const uids = numbersOf(set);
        check(uids.length === keys.length, `APPEND of ${keys.length} messages: ${tagged}`);
        for (const [at, uid] of uids.entries()) {
          check(at === 0 || uid > uids[at - 1], `APPENDUID goes down: ${tagged}`);
          session.facts.named(Number(uidValidity), uid, keys[at]);
        }
      },
    });
  },
};

const select: ModelAction = {
  weight: 4,
  when: 'logged-in',
  async run(session, random, world) {
    const { features } = session;
    const name = random.chance(0.6) ? 'INBOX' : random.pick(world.names);
    const parameters = !features.condstore && random.chance(0.1) ? ' (CONDSTORE)' : '';
    const opened = await session.select(name, random.chance(0.25), parameters);
    if (opened && random.chance(0.7) && (session.view?.messages.length ?? 0) > 0) {
      await session.run({ text: 'FETCH 1:* (UID FLAGS)', mayFail: /^NO \[EXPUNGEISSUED\]/ });
    }
  },
};

const leave: ModelAction = {
  weight: 1,
  when: 'selected',
  async run(session, random) {
    await session.run({ text: random.pick(['CLOSE', 'UNSELECT']), mayFail: /^NO \[NONEXISTENT\]/ });
    session.left();
  },
};

const manage: ModelAction = {
  weight: 2,
  when: 'logged-in',
  async run(session, random, world) {
    const [a, b] = [random.pick(world.names.slice(1)), random.pick(world.names.slice(1))];
    const text = random.pick([`CREATE ${a}`, `CREATE ${b}`, `DELETE ${a}`, `RENAME ${a} ${b}`, `RENAME INBOX ${a}`]);
    await session.run({ text, mayFail: /^NO \[(?:NONEXISTENT|ALREADYEXISTS|CANNOT|HASCHILDREN)\]/ });
    // The numbers of the selected mailbox are void with it, which CLOSED has said.
  },
};

const status: ModelAction = {
  weight: 2,
  when: 'logged-in',
  async run(session, random, world) {
    const name = random.pick(world.names);
    const modseq = session.features.condstore ? ' HIGHESTMODSEQ' : '';
    const uidNexts = session.facts.uidNexts();
    await session.run({
      text: `STATUS ${name} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE${modseq})`,
      mayFail: /^NO \[NONEXISTENT\]/,
      onUntagged: (line) => {
        const [, uidNext, uidValidity] = /^\* STATUS .*\bUIDNEXT (\d+) UIDVALIDITY (\d+)/.exec(line) ?? [];
        if (uidNext === undefined) return;
        const least = uidNexts.get(Number(uidValidity)) ?? 1;
        check(Number(uidNext) >= least, `STATUS says UIDNEXT ${uidNext}, it was ${least}`);
      },
    });
  },
};

const logOut: ModelAction = {
  weight: 0.4,
  when: 'logged-in',
  async run(session) {
    await session.ok('UNAUTHENTICATE');
    await session.logIn();
    await session.select('INBOX', false);
  },
};

const resync: ModelAction = {
  weight: 8,
  when: 'logged-in',
  async run(session, random) {
    const { resyncPoint, view, options } = session;
    if (resyncPoint === undefined) return;
    const now = view?.uidValidity === resyncPoint.uidValidity ? view.resyncPoint(resyncPoint.modseq) : undefined;
    // Who knows more than belongs to the MODSEQ comes to the same.
    session.companion ??= await connectForResync(options);
    await checkResync(session.companion, random.chance(0.5) ? (now ?? resyncPoint) : resyncPoint);
  },
};

export const mailboxActions: readonly ModelAction[] = [append, select, leave, manage, status, logOut, resync];
