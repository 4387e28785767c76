import { type EventGroup, isOfSelected, type NotifyEvent } from '../imap/event-groups.ts';
import type { Account } from '../store/account.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import { ChangeTeller } from './change-teller.ts';
import { type EventsOf, MailboxWatch } from './mailbox-watch.ts';
import { mailboxMatcher } from './match-mailboxes.ts';
import { statusLine } from './reply.ts';
import { noSelectedEvents, type SelectedEvents } from './selected-events.ts';
import type { Session } from './session.ts';

/**
 * What a client has asked for by NOTIFY, and the telling of it whenever no command is under way. The account's changes wake it; it
 * looks what has changed then, and remembers nothing that it has not told yet.
 * Source: RFC 5465
 */
export class Notifications implements AsyncDisposable {
  #selected: SelectedEvents;
  readonly #session: Session;
  readonly #teller: ChangeTeller;
  readonly #stop: () => void;
  #listensTo: Account | undefined;
  #stopSelected: (() => void) | undefined;
  /** Of mailboxes that are not selected; undefined when the client wants to know nothing of them. */
  #watch: MailboxWatch | undefined;

  private constructor(session: Session, groups: readonly EventGroup[]) {
    this.#session = session;
    this.#selected = selectedEvents(groups);
    const others = groups.filter((group) => !isOfSelected(group));
    const wanted = new Set(others.flatMap(({ events }) => [...events]));
    if (wanted.size > 0) {
      const follows = others.some(
        ({ filter, events }) => filter.kind === 'subscribed' || events.has('SubscriptionChange'),
      );
      this.#watch = new MailboxWatch(session, eventsOf(session, others), wanted, follows);
    }
    this.#teller = new ChangeTeller(session, () => this.#tell(), { paused: true });
    this.#stop = session.mail.onChange(() => this.#teller.lookAgain());
  }

  /**
   * Begins to listen: what changes from now on is told.
   * @param groups none for NOTIFY NONE
   * @returns with the mailboxes there are now, when some are to be watched
   * @throws RefusedError for names that are not validly encoded
   */
  static async start(
    session: Session,
    groups: readonly EventGroup[],
  ): Promise<{ notifications: Notifications; mailboxes: readonly Mailbox[] }> {
    const notifications = new Notifications(session, groups);
    try {
      return { notifications, mailboxes: (await notifications.#watch?.start()) ?? [] };
    } catch (error) {
      await notifications[Symbol.asyncDispose]();
      throw error;
    }
  }

  get selected(): SelectedEvents {
    return this.#selected;
  }

  /** Whether something is being told now. */
  get busy(): boolean {
    return this.#teller.busy;
  }

  /** STATUS of a mailbox when the client begins to be told of it. */
  firstStatus(mailbox: Mailbox): string | undefined {
    return this.#session.hasSelected(this.#session.mail, mailbox.id) ? undefined : this.#watch?.firstStatus(mailbox);
  }

  /** No command is under way. */
  resume(): void {
    this.#listenToSelected();
    this.#teller.resume();
  }

  async pause(): Promise<void> {
    await this.#teller.pause();
  }

  noteOwn(mailboxId: number, modseq: number): void {
    this.#watch?.noteOwn(mailboxId, modseq);
  }

  /** See {@link MailboxWatch.noteOwnNames}. */
  async noteOwnNames(names: readonly string[]): Promise<void> {
    await this.#watch?.noteOwnNames(names);
  }

  noteOwnMetadata(modseq: number): void {
    this.#watch?.noteOwnMetadata(modseq);
  }

  noteOwnSubscription(name: string, subscribed: boolean): void {
    this.#watch?.noteOwnSubscription(name, subscribed);
  }

  /** Tells what has changed in mailboxes that are not selected. */
  async tellOthers(): Promise<void> {
    const watch = this.#watch;
    if (watch === undefined) return;
    const { out } = this.#session;
    for (const response of await watch.look()) {
      out.write(`* ${response}\r\n`);
      if (out.full) await out.flush();
    }
    if (watch.count <= this.#session.server.limits.imapNotifyMailboxes) return;
    // RFC 5465 §5.8: as if NOTIFY NONE had been given.
    this.#watch = undefined;
    this.#selected = noSelectedEvents;
    out.write(statusLine('*', 'OK', 'NOTIFICATIONOVERFLOW', 'There are too many mailboxes to tell of their changes'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    this.#stopSelected?.();
    await this.#teller.pause();
  }

  /** The selected mailbox may be another account's. */
  #listenToSelected(): void {
    const { selected } = this.#session;
    const shared = selected?.shared === true ? selected.account : undefined;
    if (shared === this.#listensTo) return;
    this.#stopSelected?.();
    this.#listensTo = shared;
    this.#stopSelected = shared?.onChange(() => this.#teller.lookAgain());
    // What changed before the listening is not missed.
    this.#teller.lookAgain();
  }

  async #tell(): Promise<void> {
    const session = this.#session;
    const { messages, delayed } = this.#selected;
    if (messages) await session.selected?.tell(session, !delayed);
    await this.tellOthers();
    await session.metadata?.tell();
  }
}

function selectedEvents(groups: readonly EventGroup[]): SelectedEvents {
  const group = groups.find(isOfSelected);
  if (group === undefined) return noSelectedEvents;
  return {
    messages: group.events.has('MessageNew'),
    flags: group.events.has('FlagChange'),
    delayed: group.filter.kind === 'selected-delayed',
    fetchItems: group.fetchItems,
  };
}

/** RFC 5465 §6: several groups may apply to a mailbox; one with NONE hides the mailbox from those after it. */
function eventsOf(session: Session, groups: readonly EventGroup[]): EventsOf {
  const matchers = groups.map(({ filter, events }) => ({ matches: mailboxMatcher(session, filter), events }));
  return (mailbox) => {
    const wanted = new Set<NotifyEvent>();
    for (const { matches, events } of matchers) {
      if (!matches(mailbox)) continue;
      if (events.size === 0) break;
      for (const event of events) wanted.add(event);
    }
    return wanted;
  };
}
