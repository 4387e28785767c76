import type { NotifyEvent } from '../imap/event-groups.ts';
import { quoteUnlessAtom } from '../imap/quote.ts';
import type { AccountReader } from '../store/account-reader.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { Session } from './session.ts';
import { type StatusItem, statusText } from './status-items.ts';

/** Events that a client wants to be told of a mailbox that it has not selected. */
export type EventsOf = (mailbox: { readonly name: string; readonly subscribed: boolean }) => ReadonlySet<NotifyEvent>;

type Known = Pick<Mailbox, 'name' | 'uidValidity' | 'uidNext' | 'messages'>;

/** Own changes to one mailbox that are remembered until the next look; when there are more, the client is told of them. */
const ownChangesKept = 16;

/**
 * The mailboxes of an account as a client with NOTIFY knows them, and how they have changed since it was told last. It holds a few
 * numbers and the name of each mailbox, whatever happens in them.
 * Source: RFC 5465 §5
 */
export class MailboxWatch {
  readonly #session: Session;
  readonly #eventsOf: EventsOf;
  readonly #known = new Map<number, Known>();
  readonly #followsSubscriptions: boolean;
  readonly #wantsMetadata: boolean;
  readonly #wantsServerMetadata: boolean;
  /** Names, when subscriptions are followed. */
  #subscribed = new Set<string>();
  #seenModseq = 0;
  /** MODSEQ of what the client itself has changed, by mailbox. */
  readonly #own = new Map<number, number[]>();
  /** MODSEQ of annotations that it has changed. */
  readonly #ownMetadata = new Set<number>();

  /**
   * @param wanted events of any mailbox
   * @param followsSubscriptions whether events depend on subscriptions, which are looked at with every change then
   */
  constructor(session: Session, eventsOf: EventsOf, wanted: ReadonlySet<NotifyEvent>, followsSubscriptions: boolean) {
    this.#session = session;
    this.#eventsOf = eventsOf;
    this.#followsSubscriptions = followsSubscriptions;
    this.#wantsServerMetadata = wanted.has('ServerMetadataChange');
    this.#wantsMetadata = this.#wantsServerMetadata || wanted.has('MailboxMetadataChange');
  }

  get count(): number {
    return this.#known.size;
  }

  /** Begins to know the mailboxes. @returns them */
  async start(): Promise<readonly Mailbox[]> {
    const { mailboxes, subscriptions, modseq } = await this.#session.mail.read(async (reader) => ({
      modseq: await reader.modseq(),
      mailboxes: await reader.mailboxes.all(),
      subscriptions: await this.#subscriptions(reader),
    }));
    for (const mailbox of mailboxes) this.#know(mailbox);
    this.#subscribed = subscriptions;
    this.#seenModseq = modseq;
    return mailboxes;
  }

  /** Notes a change that the client itself has made to the messages of a mailbox. */
  noteOwn(mailboxId: number, modseq: number): void {
    const own = this.#own.get(mailboxId);
    if (own === undefined) this.#own.set(mailboxId, [modseq]);
    else if (own.length < ownChangesKept) own.push(modseq);
  }

  /**
   * Takes over what the client itself has done to names: they, what is above and what is below them are told of no more.
   * @param names as stored
   */
  async noteOwnNames(names: readonly string[]): Promise<void> {
    const mailboxes = await this.#session.mail.read((reader) => reader.mailboxes.all());
    const isOwn = (name: string): boolean =>
      names.some((own) => name === own || own.startsWith(`${name}/`) || name.startsWith(`${own}/`));
    const live = new Set(mailboxes.map(({ id }) => id));
    for (const [id, { name }] of this.#known) if (!live.has(id) && isOwn(name)) this.#known.delete(id);
    for (const mailbox of mailboxes) {
      const known = this.#known.get(mailbox.id);
      if (known === undefined ? isOwn(mailbox.name) : known.name !== mailbox.name && isOwn(known.name)) {
        this.#know({ ...mailbox, ...(known && { uidNext: known.uidNext, messages: known.messages }) });
      }
    }
  }

  noteOwnMetadata(modseq: number): void {
    this.#ownMetadata.add(modseq);
  }

  /** @param name as stored */
  noteOwnSubscription(name: string, subscribed: boolean): void {
    if (!this.#followsSubscriptions) return;
    if (subscribed) this.#subscribed.add(name);
    else this.#subscribed.delete(name);
  }

  /** @returns the untagged responses that tell what has changed */
  async look(): Promise<string[]> {
    return await this.#session.mail.read(async (reader) => {
      const modseq = await reader.modseq();
      const since = this.#seenModseq;
      const changed = modseq === since ? [] : await reader.mailboxes.changedSince(since);
      const subscriptions = await this.#subscriptions(reader);
      const names = this.#changedNames(changed, subscriptions);
      const responses: string[] = [];
      for (const mailbox of changed) {
        const items = mailbox.expunged ? [] : await this.#changedItems(reader, mailbox, since);
        if (items.length > 0) responses.push(this.#status(mailbox, items));
      }
      const annotations = modseq === since ? [] : await this.#changedAnnotations(reader, since);
      const lists = names.size === 0 ? [] : await this.#list(reader, names);
      for (const mailbox of changed) {
        if (mailbox.expunged) this.#known.delete(mailbox.id);
        else this.#know(mailbox);
      }
      this.#subscribed = subscriptions;
      this.#seenModseq = modseq;
      this.#own.clear();
      this.#ownMetadata.clear();
      return [...lists, ...responses, ...annotations];
    });
  }

  /** STATUS as it is to be told at the beginning. Source: RFC 5465 §3.1 */
  firstStatus(mailbox: Mailbox): string | undefined {
    const events = this.#eventsOf(mailbox);
    if (!events.has('MessageNew')) return undefined;
    const items: StatusItem[] = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'];
    if (events.has('FlagChange')) items.push('UNSEEN', 'HIGHESTMODSEQ');
    return this.#status(mailbox, items);
  }

  async #subscriptions(reader: AccountReader): Promise<Set<string>> {
    return new Set(this.#followsSubscriptions ? await reader.mailboxes.subscriptions() : []);
  }

  #know({ id, name, uidValidity, uidNext, messages }: Known & { readonly id: number }): void {
    this.#known.set(id, { name, uidValidity, uidNext, messages });
  }

  #status(mailbox: Mailbox, items: readonly StatusItem[]): string {
    return `STATUS ${this.#session.quotedName(mailbox.name)} ${statusText(this.#session, mailbox, items)}`;
  }

  /** What STATUS is to tell of a mailbox that may have changed. Source: RFC 5465 §5.1 to §5.3 */
  async #changedItems(reader: AccountReader, mailbox: Mailbox, since: number): Promise<StatusItem[]> {
    const events = this.#eventsOf(mailbox);
    // What happens in the selected mailbox is told there (RFC 5465 §3.1).
    if (!events.has('MessageNew') || this.#session.hasSelected(this.#session.mail, mailbox.id)) return [];
    const known = this.#known.get(mailbox.id) ?? { uidValidity: mailbox.uidValidity, uidNext: 1, messages: 0 };
    const flags = events.has('FlagChange');
    const isRenewed = flags && known.uidValidity !== mailbox.uidValidity;
    if (!isRenewed && !(await this.#othersChanged(reader, mailbox.id, since))) return [];
    const items: StatusItem[] = [];
    // Whenever messages are added or expunged, at least one of the two changes.
    if (known.uidNext !== mailbox.uidNext || known.messages !== mailbox.messages) items.push('MESSAGES', 'UIDNEXT');
    if (flags) items.push('UIDVALIDITY', 'UNSEEN');
    if (items.length > 0 && this.#session.condstore) items.push('HIGHESTMODSEQ');
    return items;
  }

  /** Whether somebody else has changed messages: there are changes besides the own ones. */
  async #othersChanged(reader: AccountReader, mailboxId: number, since: number): Promise<boolean> {
    let after = since;
    for (const own of this.#own.get(mailboxId) ?? []) {
      if (await reader.changes.existBetween(mailboxId, after, own)) return true;
      after = own;
    }
    return await reader.changes.existBetween(mailboxId, after, Number.MAX_SAFE_INTEGER);
  }

  /**
   * Names of which LIST is to be told, with the name they had before.
   * Source: RFC 5465 §5.4, §5.5
   */
  #changedNames(
    changed: readonly (Mailbox & { readonly expunged: boolean })[],
    subscriptions: ReadonlySet<string>,
  ): Map<string, string | undefined> {
    const names = new Map<string, string | undefined>();
    const wants = (event: NotifyEvent, name: string): boolean => {
      const subscribed = subscriptions.has(name) || this.#subscribed.has(name);
      return this.#eventsOf({ name, subscribed }).has(event);
    };
    const note = (name: string, oldName?: string): void => {
      if (wants('MailboxName', name) || (oldName !== undefined && wants('MailboxName', oldName))) {
        names.set(name, oldName ?? names.get(name));
      }
    };
    const noteWithParent = (name: string): void => {
      note(name);
      const end = name.lastIndexOf('/');
      if (end > 0) note(name.slice(0, end));
    };
    const renamed: { from: string; to: string }[] = [];
    for (const { id, name, expunged } of changed.toSorted((a, b) => a.name.length - b.name.length)) {
      const known = this.#known.get(id);
      if (expunged) {
        if (known !== undefined) noteWithParent(known.name);
      } else if (known === undefined) noteWithParent(name);
      else if (known.name !== name) {
        // What is below goes along unsaid.
        const isBelow = renamed.some(({ from, to }) => {
          const rest = name.slice(to.length);
          return name.startsWith(`${to}/`) && known.name === from + rest;
        });
        if (isBelow) continue;
        renamed.push({ from: known.name, to: name });
        note(name, known.name);
      }
    }
    for (const name of subscriptions.symmetricDifference(this.#subscribed)) {
      if (!names.has(name) && wants('SubscriptionChange', name)) names.set(name, undefined);
    }
    return names;
  }

  /** Names of annotations, never values. Source: RFC 5465 §5.6, §5.7; RFC 5464 §4.4.2 */
  async #changedAnnotations(reader: AccountReader, since: number): Promise<string[]> {
    // After ENABLE METADATA the client is told of all anyway.
    if (!this.#wantsMetadata || this.#session.metadata !== undefined) return [];
    const changes = (await reader.annotations.changedSince(since)).filter(
      ({ modseq }) => !this.#ownMetadata.has(modseq),
    );
    const responses: string[] = [];
    for (const [name, entries] of Map.groupBy(changes, ({ mailbox }) => mailbox)) {
      const mailbox = name === undefined ? undefined : await reader.mailboxes.named(name);
      const isWanted =
        name === undefined
          ? this.#wantsServerMetadata
          : mailbox !== undefined && this.#eventsOf(mailbox).has('MailboxMetadataChange');
      const quoted = name === undefined ? '""' : this.#session.quotedName(name);
      if (isWanted) responses.push(`METADATA ${quoted} ${entries.map(({ key }) => quoteUnlessAtom(key)).join(' ')}`);
    }
    return responses;
  }

  async #list(reader: AccountReader, names: ReadonlyMap<string, string | undefined>): Promise<string[]> {
    const subscriptions = new Set(await reader.mailboxes.subscriptions());
    const mailboxes = new Map((await reader.mailboxes.all()).map((mailbox) => [mailbox.name, mailbox]));
    const parents = new Set([...mailboxes.keys()].map((name) => name.slice(0, Math.max(name.lastIndexOf('/'), 0))));
    return [...names].map(([name, oldName]) => {
      const attributes: string[] = mailboxes.has(name) ? [] : ['\\NonExistent'];
      attributes.push(parents.has(name) ? '\\HasChildren' : '\\HasNoChildren');
      if (subscriptions.has(name)) attributes.push('\\Subscribed');
      attributes.push(...(mailboxes.get(name)?.specialUse ?? []));
      const extended = oldName === undefined ? '' : ` ("OLDNAME" (${this.#session.quotedName(oldName)}))`;
      return `LIST (${attributes.join(' ')}) "/" ${this.#session.quotedName(name)}${extended}`;
    });
  }
}
