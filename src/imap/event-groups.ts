import type { ArgumentParser } from './argument-parser.ts';
import { type FetchItem, parseFetchList } from './fetch-items.ts';
import { type MailboxFilter, parseMailboxFilter } from './mailbox-filter.ts';

/** Events that NOTIFY can ask for here: what it says with BADEVENT when it is asked for others. */
export const supportedEvents = [
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
] as const;

const messageEvents: ReadonlySet<string> = new Set(['MessageNew', 'MessageExpunge', 'FlagChange']);

export type NotifyEvent = (typeof supportedEvents)[number];

/** What a client wants to be told of some mailboxes. */
export interface EventGroup {
  readonly filter: MailboxFilter;
  /** Empty for NONE. */
  readonly events: ReadonlySet<NotifyEvent>;
  /** Of new messages in the selected mailbox. */
  readonly fetchItems: readonly FetchItem[];
}

export interface NotifySet {
  /** Whether STATUS is told now of each mailbox. */
  readonly status: boolean;
  readonly groups: readonly EventGroup[];
  /** Events that were asked for and that there are none of. */
  readonly unsupported: readonly string[];
}

/**
 * Parses `NONE` or `SET [STATUS] (mailboxes events) …` to the end of the command.
 * @returns undefined for NONE
 * @throws ImapSyntaxError
 * Source: RFC 5465 §8
 */
export function parseNotify(parser: ArgumentParser): NotifySet | undefined {
  const word = parser.word();
  if (word === 'NONE') {
    parser.end();
    return undefined;
  }
  if (word !== 'SET') parser.fail('SET or NONE expected');
  parser.space();
  const status = parser.takeIf('STATUS ');
  const groups: EventGroup[] = [];
  const unsupported: string[] = [];
  do groups.push(parseGroup(parser, unsupported));
  while (parser.takeIf(' '));
  parser.end();
  if (groups.filter(isOfSelected).length > 1) parser.fail('SELECTED and SELECTED-DELAYED can be given once');
  // Of what is asked for besides, nothing is known.
  if (unsupported.length === 0) for (const group of groups) checkEvents(parser, group);
  return { status, groups, unsupported };
}

export function isOfSelected({ filter }: EventGroup): boolean {
  return filter.kind === 'selected' || filter.kind === 'selected-delayed';
}

function parseGroup(parser: ArgumentParser, unsupported: string[]): EventGroup {
  parser.take('(');
  const filter = parseMailboxFilter(parser);
  if (filter.kind === 'subtree-one') parser.fail('SUBTREE-ONE is for searching');
  parser.space();
  const events = new Set<NotifyEvent>();
  let fetchItems: FetchItem[] = [];
  if (parser.peek() === '(') {
    parser.list(() => {
      const name = parser.word();
      const event = supportedEvents.find((known) => known.toUpperCase() === name);
      if (event === undefined) unsupported.push(name);
      else events.add(event);
      if (event === 'MessageNew' && parser.rest.startsWith(' (')) {
        parser.space();
        fetchItems = parseFetchList(parser);
      }
    }, 1);
  } else if (parser.word() !== 'NONE') parser.fail('Events or NONE expected');
  parser.take(')');
  return { filter, events, fetchItems };
}

/** Source: RFC 5465 §5, §6.1 and §8 */
function checkEvents(parser: ArgumentParser, group: EventGroup): void {
  const { events } = group;
  if (events.has('MessageNew') !== events.has('MessageExpunge'))
    parser.fail('MessageNew and MessageExpunge go together');
  if (events.has('FlagChange') && !events.has('MessageNew')) parser.fail('FlagChange needs MessageNew');
  if (!isOfSelected(group)) {
    if (group.fetchItems.length > 0) parser.fail('Data items are for the selected mailbox');
  } else if ([...events].some((event) => !messageEvents.has(event))) {
    parser.fail('Only events of messages can be told of the selected mailbox');
  }
}
