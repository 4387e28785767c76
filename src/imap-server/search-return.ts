import type { ArgumentParser } from '../imap/argument-parser.ts';
import { type FetchItem, parseFetchList } from '../imap/fetch-items.ts';
import { type PartialRange, parsePartialRange, takePartial } from '../imap/partial-range.ts';
import { formatNumbers } from '../imap/sequence-set.ts';

/** What SEARCH and SORT are to say of what they find. */
type ReturnOption = 'MIN' | 'MAX' | 'ALL' | 'COUNT' | 'SAVE' | 'UPDATE' | 'RELEVANCY';

export interface ReturnOptions {
  readonly names: ReadonlySet<ReturnOption>;
  /** RFC 9394 §3.1 */
  readonly partial: PartialRange | undefined;
  /** Of UPDATE: what is told of new messages (RFC 5465 §7). */
  readonly attributes: readonly FetchItem[];
}

/** What an ESEARCH response says when nothing else was asked for. */
export const returnAll: ReturnOptions = { names: new Set(['ALL']), partial: undefined, attributes: [] };

/** `RETURN ()` is `RETURN (ALL)`. */
export function parseReturn(args: ArgumentParser): ReturnOptions {
  const names = new Set<ReturnOption>();
  let partial: PartialRange | undefined;
  let hinted = false;
  let attributes: FetchItem[] = [];
  args.list(() => {
    const name = args.word();
    switch (name) {
      case 'MIN':
      case 'MAX':
      case 'ALL':
      case 'COUNT':
      case 'SAVE':
      case 'RELEVANCY':
        names.add(name);
        return;
      case 'UPDATE':
        names.add(name);
        if (args.rest.startsWith(' (')) args.space();
        if (args.peek() === '(') attributes = parseFetchList(args);
        return;
      // RFC 5267 §4.2: a hint. What a search needs is at hand anyway.
      case 'CONTEXT':
        hinted = true;
        return;
      case 'PARTIAL':
        args.space();
        if (partial !== undefined) args.fail('PARTIAL can be given once');
        partial = parsePartialRange(args);
        return;
    }
    args.fail('Unknown return option');
  });
  args.space();
  if (partial !== undefined && names.has('ALL')) args.fail('PARTIAL and ALL exclude each other');
  if (names.size === 0 && partial === undefined && !hinted) names.add('ALL');
  return { names, partial, attributes };
}

/** Whether there is anything to say: SAVE alone is silent. */
export function isTold({ names, partial }: ReturnOptions): boolean {
  return !(names.has('SAVE') && names.size === 1 && partial === undefined);
}

/**
 * What SAVE keeps: with MIN, MAX or PARTIAL alone only those.
 * @param uids in the order of the response. @returns ascending
 * Source: RFC 9051 §6.4.4.4, RFC 9394 §3.2
 */
export function savedUids(uids: Uint32Array, { names, partial }: ReturnOptions): Uint32Array {
  const some = names.has('MIN') || names.has('MAX') || partial !== undefined;
  if (!some || names.has('ALL') || names.has('COUNT') || uids.length === 0) return uids.toSorted();
  const saved = new Set<number>(partial === undefined ? [] : takePartial(uids, partial));
  if (names.has('MIN')) saved.add(uids[0]);
  if (names.has('MAX')) saved.add(uids[uids.length - 1]);
  return Uint32Array.from(saved).sort();
}

/**
 * ESEARCH: MIN and MAX are the first and the last.
 * @param correlator says which command is answered: `TAG "a"`
 * @param modseqs of the messages, when they are asked for
 * Source: RFC 9051 §7.3.4, RFC 7162 §3.1.10 (MODSEQ), RFC 5267 §3 (of SORT, where the order is that of the sort), RFC 9394 §3.1
 */
export function extendedResponse(
  correlator: string,
  byUid: boolean,
  { names, partial }: ReturnOptions,
  numbers: Uint32Array,
  modseqs: readonly number[] | undefined,
): string {
  let text = `ESEARCH (${correlator})${byUid ? ' UID' : ''}`;
  const last = numbers.length - 1;
  if (last >= 0) {
    if (names.has('MIN')) text += ` MIN ${numbers[0]}`;
    if (names.has('MAX')) text += ` MAX ${numbers[last]}`;
    if (names.has('ALL')) text += ` ALL ${formatNumbers(numbers)}`;
  }
  if (partial !== undefined) {
    text += ` PARTIAL (${partial.text} ${formatNumbers(takePartial(numbers, partial)) || 'NIL'})`;
  }
  if (names.has('COUNT')) text += ` COUNT ${numbers.length}`;
  if (modseqs === undefined || last < 0) return text;
  if (names.has('ALL') || names.has('COUNT') || !(names.has('MIN') || names.has('MAX') || partial !== undefined)) {
    return `${text} MODSEQ ${highestOf(modseqs)}`;
  }
  const places = new Uint32Array(modseqs.length).map((_, place) => place);
  const told = partial === undefined ? [] : Array.from(takePartial(places, partial), (place) => modseqs[place]!);
  if (names.has('MIN')) told.push(modseqs[0]);
  if (names.has('MAX')) told.push(modseqs[last]);
  return told.length === 0 ? text : `${text} MODSEQ ${highestOf(told)}`;
}

export function highestOf(modseqs: readonly number[] | undefined): number {
  let highest = 1;
  for (const modseq of modseqs ?? []) if (modseq > highest) highest = modseq;
  return highest;
}
