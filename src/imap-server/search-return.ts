import type { ArgumentParser } from '../imap/argument-parser.ts';
import { formatNumbers } from '../imap/sequence-set.ts';

/** What SEARCH and SORT are to say of what they find. */
type ReturnOption = 'MIN' | 'MAX' | 'ALL' | 'COUNT' | 'SAVE' | 'RELEVANCY';

/** `RETURN ()` is `RETURN (ALL)`. */
export function parseReturn(args: ArgumentParser): Set<ReturnOption> {
  const options = new Set<ReturnOption>();
  args.list(() => {
    const name = args.word();
    switch (name) {
      case 'MIN':
      case 'MAX':
      case 'ALL':
      case 'COUNT':
      case 'SAVE':
      case 'RELEVANCY':
        options.add(name);
        return;
    }
    args.fail('Unknown return option');
  });
  args.space();
  if (options.size === 0) options.add('ALL');
  return options;
}

/** RFC 9051 §6.4.4.4: with MIN or MAX alone only those are saved. @param uids in the order of the response. @returns ascending */
export function savedUids(uids: Uint32Array, options: ReadonlySet<ReturnOption>): Uint32Array {
  const extremes = options.has('MIN') || options.has('MAX');
  if (!extremes || options.has('ALL') || options.has('COUNT') || uids.length === 0) return uids.toSorted();
  const saved = new Set<number>();
  if (options.has('MIN')) saved.add(uids[0]);
  if (options.has('MAX')) saved.add(uids[uids.length - 1]);
  return Uint32Array.from(saved).sort();
}

/**
 * ESEARCH: MIN and MAX are the first and the last.
 * @param modseqs of the messages, when they are asked for
 * Source: RFC 9051 §7.3.4, RFC 7162 §3.1.10 (MODSEQ), RFC 5267 §3 (of SORT, where the order is that of the sort)
 */
export function extendedResponse(
  tag: string,
  byUid: boolean,
  options: ReadonlySet<ReturnOption>,
  numbers: Uint32Array,
  modseqs: readonly number[] | undefined,
): string {
  let text = `ESEARCH (TAG "${tag}")${byUid ? ' UID' : ''}`;
  const last = numbers.length - 1;
  if (last >= 0) {
    if (options.has('MIN')) text += ` MIN ${numbers[0]}`;
    if (options.has('MAX')) text += ` MAX ${numbers[last]}`;
    if (options.has('ALL')) text += ` ALL ${formatNumbers(numbers)}`;
  }
  if (options.has('COUNT')) text += ` COUNT ${numbers.length}`;
  if (modseqs === undefined || last < 0) return text;
  if (options.has('ALL') || options.has('COUNT') || !(options.has('MIN') || options.has('MAX'))) {
    return `${text} MODSEQ ${highestOf(modseqs)}`;
  }
  const told: number[] = [];
  if (options.has('MIN')) told.push(modseqs[0]);
  if (options.has('MAX')) told.push(modseqs[last]);
  return `${text} MODSEQ ${highestOf(told)}`;
}

export function highestOf(modseqs: readonly number[] | undefined): number {
  let highest = 1;
  for (const modseq of modseqs ?? []) if (modseq > highest) highest = modseq;
  return highest;
}
