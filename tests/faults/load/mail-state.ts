/** What one worker knows to be in the mailboxes that only it changes. */
export interface MailState {
  /** By name, then by UID. UIDs that nobody knows yet are negative. */
  readonly mailboxes: Map<string, Map<number, HeldMessage>>;
  /** Keys of messages that this worker has moved out of Inbox or expunged there. */
  readonly taken: Set<string>;
  /** Flags of messages in Inbox, by key; those not named have none. */
  readonly inboxFlags: Map<string, string>;
}

export interface HeldMessage {
  readonly key: string;
  /** Sorted, with spaces between. */
  readonly flags: string;
}

export function emptyState(): MailState {
  return { mailboxes: new Map(), taken: new Set(), inboxFlags: new Map() };
}

export function copyState(state: MailState): MailState {
  return {
    mailboxes: new Map([...state.mailboxes].map(([name, messages]) => [name, new Map(messages)])),
    taken: new Set(state.taken),
    inboxFlags: new Map(state.inboxFlags),
  };
}

/** Flags as they are compared: \Recent is the session's. */
export function flagText(flags: readonly string[]): string {
  return flags
    .filter((flag) => flag.toLowerCase() !== '\\recent')
    .sort()
    .join(' ');
}

/** The numbers of a sequence set without `*`, in its order. */
export function numbersOf(set: string): number[] {
  return set.split(',').flatMap((range) => {
    const [first, last = first] = range.split(':').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}
