import { setTimeout as wait } from 'node:timers/promises';
import { SeededRandom } from '../seeded-random.ts';
import { AccountFacts } from './account-facts.ts';
import { CheckedSession, type CheckedSessionOptions, SessionEndedError } from './checked-session.ts';
import { mailboxActions } from './mailbox-actions.ts';
import { check, type ResyncPoint } from './mailbox-view.ts';
import { messageActions } from './message-actions.ts';
import type { ModelAction, ModelWorld } from './model-world.ts';
import { checkResync, connectForResync } from './resync-check.ts';

/** What sessions may have enabled; one of them each. */
const profiles: readonly CheckedSessionOptions['features'][] = [
  [],
  ['CONDSTORE'],
  ['QRESYNC'],
  ['IMAP4rev2'],
  ['UTF8=ACCEPT'],
  ['IMAP4rev2', 'QRESYNC'],
  ['UTF8=ACCEPT', 'CONDSTORE'],
];

export interface ModelRunOptions {
  readonly port: number;
  /** An account of this run alone. */
  readonly login: string;
  readonly random: SeededRandom;
  readonly sessions: number;
  /** Things that each session does. */
  readonly steps: number;
  readonly actions?: readonly ModelAction[];
  /** The end of the server is no fault; see {@link ImapModel.check}. */
  readonly mayEnd?: boolean;
  /** What others do to the account meanwhile: waited for before the sessions are compared with what is there. */
  readonly others?: Promise<unknown>;
}

const allActions: readonly ModelAction[] = [...messageActions, ...mailboxActions];

/**
 * Several clients of one account at random work, of which each response is checked, and what must be true of the account for ever:
 * over any number of runs, and servers that were killed between them.
 */
export class ImapModel {
  readonly facts = new AccountFacts();
  /** What clients of earlier runs knew at their end. */
  readonly #points: ResyncPoint[] = [];
  #keys = 0;
  #done = 0;

  /** @throws at the first fault, with what led to it */
  async run(options: ModelRunOptions): Promise<void> {
    const { port, login, random, mayEnd = false } = options;
    const world: ModelWorld = {
      facts: this.facts,
      names: ['INBOX', 'one', 'two', 'three'],
      nextKey: () => `key-${++this.#keys}`,
    };
    const sessions: CheckedSession[] = [];
    try {
      for (let at = 0; at < options.sessions; at++) {
        const features = profiles[(at + random.between(0, 1) * random.between(0, 6)) % profiles.length];
        const compress = random.chance(0.2);
        sessions.push(await CheckedSession.connect({ port, login, features, compress, facts: this.facts }));
      }
      await Promise.all(
        sessions.map((session) => {
          const own = new SeededRandom(random.between(0, 2 ** 32 - 1));
          return this.#work(session, own, world, options).catch((error: unknown) => {
            if (!(mayEnd && /^The connection ended|EPIPE|ECONNRE/.test((error as Error).message))) throw error;
          });
        }),
      );
      await options.others;
      if (!mayEnd) await this.#compare(sessions);
    } finally {
      if (mayEnd) this.facts.forgetRecent();
      for (const { resyncPoint, view } of sessions) {
        if (resyncPoint === undefined) continue;
        this.#points.push(resyncPoint);
        const now = view?.uidValidity === resyncPoint.uidValidity ? view.resyncPoint(resyncPoint.modseq) : undefined;
        if (now !== undefined) this.#points.push(now);
      }
      for (const session of sessions) session[Symbol.dispose]();
    }
  }

  /** Waits until so much more was done. */
  async done(actions: number): Promise<void> {
    const end = this.#done + actions;
    while (this.#done < end) await wait(2);
  }

  /** Checks that clients of earlier runs find by QRESYNC what is there, and that what they were told is still true. */
  async check({ port, login }: { port: number; login: string }): Promise<void> {
    const options: CheckedSessionOptions = { port, login, features: ['CONDSTORE'], compress: false, facts: this.facts };
    using returning = await connectForResync(options);
    for (const point of this.#points.splice(0)) await checkResync(returning, point);
    using session = await CheckedSession.connect(options);
    for (const name of ['INBOX', 'one', 'two', 'three']) {
      if (!(await session.select(name, true))) continue;
      if (session.view?.messages.length === 0) continue;
      await told(session, () => session.ok('FETCH 1:* (UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (SUBJECT)])'));
      for (const { uid = 0, modseq = 0 } of session.view?.messages ?? []) {
        const { uidValidity } = session.view!;
        check(!this.facts.isGone(uidValidity, uid), `${name}: UID ${uid} was gone and is back`);
        const least = this.facts.modseq(uidValidity, uid);
        check(modseq >= least, `${name}: MODSEQ of UID ${uid} was ${least}, is ${modseq}`);
      }
    }
  }

  async #work(
    session: CheckedSession,
    random: SeededRandom,
    world: ModelWorld,
    options: ModelRunOptions,
  ): Promise<void> {
    const actions = options.actions ?? allActions;
    await told(session, () => session.select('INBOX', random.chance(0.2)).then(() => {}));
    for (let step = 0; step < options.steps; step++) {
      const possible = actions.filter(({ when }) => {
        if (when === 'logged-in') return true;
        return session.view !== undefined && (when === 'selected' || session.view.messages.length > 0);
      });
      let dice = random.next() * possible.reduce((sum, { weight }) => sum + weight, 0);
      const action = possible.find(({ weight }) => {
        dice -= weight;
        return dice < 0;
      });
      if (action === undefined) continue;
      await told(session, async () => {
        if (!(await withUids(() => action.run(session, random, world)))) await session.reconnect();
        this.#done++;
      });
    }
  }

  /** Every client knows, after NOOP, what somebody sees who has just come. */
  async #compare(sessions: readonly CheckedSession[]): Promise<void> {
    for (const session of sessions) {
      await told(session, async () => {
        if (!(await withUids(() => session.noop()))) return;
        const { view, resyncPoint } = session;
        if (resyncPoint !== undefined) {
          session.companion ??= await connectForResync(session.options);
          await checkResync(session.companion, resyncPoint);
        }
        if (view === undefined) return;
        using fresh = await CheckedSession.connect({ ...session.options, features: [], compress: false });
        for (const name of ['INBOX', 'one', 'two', 'three']) {
          if (!(await fresh.select(name, true)) || fresh.view?.uidValidity !== view.uidValidity) continue;
          if (fresh.view.messages.length > 0) await fresh.ok('FETCH 1:* (UID FLAGS)');
          const open = view.messages.map(({ uid, flags }, at) => (uid && flags !== undefined ? 0 : at + 1));
          for (const number of open.filter(Boolean)) await session.ok(`FETCH ${number} (UID FLAGS)`);
          check(
            listOf(view.messages) === listOf(fresh.view.messages),
            `The client believes ${listOf(view.messages)}\nThere is ${listOf(fresh.view.messages)}`,
          );
          return;
        }
        check(view.messages.length === 0, 'The mailbox is gone, and its messages are still there');
      });
    }
  }
}

function listOf(messages: readonly { uid: number | undefined; flags: string | undefined }[]): string {
  return messages.map(({ uid, flags }) => `${uid} (${flags})`).join(', ');
}

/** @returns whether the session goes on: it does not when its mailbox was renamed to a name that had a greater UIDVALIDITY */
async function withUids(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof SessionEndedError && error.message.includes('UIDs of the mailbox have changed')) return false;
    throw error;
  }
}

/** Does something, and adds to its fault what was said before. */
async function told(session: CheckedSession, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith('The connection ended')) throw error;
    const { features, login } = session.options;
    throw new Error(
      `${login} with ${features.join(' ') || 'nothing'} enabled: ${message}\n${session.transcript.join('\n')}`,
      { cause: error },
    );
  }
}
