import { listPatternMatcher } from '../imap/list-pattern.ts';
import type { ListedMailbox, Namespaces } from '../imap-client/list-mailboxes.ts';
import { normaliseMailboxName } from '../store/mailbox-name.ts';
import type { SpecialUse } from '../store/mailboxes/mailbox.ts';
import { MailboxNameError } from '../store/store-errors.ts';
import type { MailboxChoice } from './import-request.ts';
import { type SourcePath, sourcePaths } from './source-path.ts';
import { wellKnownUse } from './well-known-mailboxes.ts';

export interface PlannedMailbox {
  readonly listed: ListedMailbox;
  /** Name of the mailbox here. */
  readonly target: string;
  /** To be given to it, if no other has it. */
  readonly specialUse: SpecialUse | undefined;
  /** Only messages that are in no other mailbox: the archive of Gmail. */
  readonly unlabelledOnly: boolean;
}

export interface MailboxPlan {
  readonly mailboxes: readonly PlannedMailbox[];
  /** Left out as one would expect. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** Wanted, and impossible. */
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

interface Candidate extends SourcePath {
  readonly listed: ListedMailbox;
  readonly use: SpecialUse | undefined;
  readonly unlabelledOnly: boolean;
}

const uses: readonly SpecialUse[] = ['\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash'];
/** RFC 6154 §2, RFC 8457: views of messages that are elsewhere. */
const virtualUses = ['\\all', '\\flagged', '\\important'];

/**
 * Decides what becomes of each mailbox of a source.
 * @param present names of mailboxes here, by special use
 * @param hasLabels the source has the labels of Gmail
 */
export function planMailboxes(
  listed: readonly ListedMailbox[],
  namespaces: Namespaces | undefined,
  choice: MailboxChoice,
  present: ReadonlyMap<SpecialUse, string>,
  hasLabels: boolean,
): MailboxPlan {
  const leftOut: { name: string; reason: string }[] = [];
  const candidates: Candidate[] = [];
  const pathOf = sourcePaths(listed, namespaces);
  const useOf = specialUses(listed, pathOf);
  const isIncluded = anyMatcher(choice.include);
  const isExcluded = anyMatcher(choice.exclude);
  for (const mailbox of listed) {
    const path = pathOf(mailbox);
    const { attributes, name } = mailbox;
    const isArchive = hasLabels && attributes.has('\\all') && !choice.includeVirtual;
    if (attributes.has('\\noselect') || path.path === '') continue;
    if (choice.include.length > 0 && !isIncluded(mailbox, path.path)) leftOut.push({ name, reason: 'not asked for' });
    else if (isExcluded(mailbox, path.path)) leftOut.push({ name, reason: 'excluded' });
    else if (path.isShared && !choice.includeShared) leftOut.push({ name, reason: 'of other users, or shared' });
    else if (virtualUses.some((use) => attributes.has(use)) && !choice.includeVirtual && !isArchive) {
      leftOut.push({ name, reason: 'a view of messages that are in other mailboxes' });
    } else {
      const use = isArchive ? '\\Archive' : useOf.get(mailbox);
      candidates.push({ ...path, listed: mailbox, use, unlabelledOnly: isArchive });
    }
  }
  return { ...nameAll(candidates, choice, present), leftOut };
}

function specialUses(
  listed: readonly ListedMailbox[],
  pathOf: (mailbox: ListedMailbox) => SourcePath,
): ReadonlyMap<ListedMailbox, SpecialUse> {
  const known = [...uses.map((use) => use.toLowerCase()), ...virtualUses];
  const told = listed.some(({ attributes }) => known.some((use) => attributes.has(use)));
  const found = new Map<SpecialUse, ListedMailbox>();
  for (const mailbox of listed) {
    const path = pathOf(mailbox);
    if (path.isShared) continue;
    const use = told
      ? uses.find((each) => mailbox.attributes.has(each.toLowerCase()))
      : wellKnownUse(path.path.replace(/^Inbox$/, ''));
    if (use !== undefined && !found.has(use)) found.set(use, mailbox);
  }
  return new Map([...found].map(([use, mailbox]) => [mailbox, use]));
}

/** A pattern takes what is below, too. It may be written as the source writes names, or with `/` between levels. */
function anyMatcher(patterns: readonly string[]): (mailbox: ListedMailbox, path: string) => boolean {
  const withBelow = (delimiter: string) =>
    patterns.flatMap((pattern) => [listPatternMatcher(pattern), listPatternMatcher(`${pattern}${delimiter}*`)]);
  const ofPaths = withBelow('/');
  const ofNames = new Map<string, typeof ofPaths>();
  return ({ name, delimiter = '/' }, path) => {
    const matchers = ofNames.get(delimiter) ?? withBelow(delimiter);
    ofNames.set(delimiter, matchers);
    return ofPaths.some((matches) => matches(path)) || matchers.some((matches) => matches(name));
  };
}

function nameAll(
  candidates: readonly Candidate[],
  choice: MailboxChoice,
  present: ReadonlyMap<SpecialUse, string>,
): Omit<MailboxPlan, 'leftOut'> {
  const mailboxes: PlannedMailbox[] = [];
  const failed: { name: string; reason: string }[] = [];
  const renamed = renamings(candidates, choice, present);
  const taken = new Set<string>();
  /** From which number on a name may be free: a source may have ten thousand that would be one here. */
  const nextNumbers = new Map<string, number>();
  const rank = ({ path, use, isChanged }: Candidate): number => {
    return path === 'Inbox' || use !== undefined ? 0 : isChanged ? 2 : 1;
  };
  const ordered = candidates.toSorted((a, b) => rank(a) - rank(b) || (a.listed.name < b.listed.name ? -1 : 1));
  for (const { listed, path, use, unlabelledOnly } of ordered) {
    const mapped = choice.map.some(({ from }) => from === path || from === listed.name);
    try {
      const wanted = normaliseMailboxName(withPrefix(choice.prefix, rename(path, renamed)));
      let target = wanted;
      // Two names there that would be one here stay two.
      let number = nextNumbers.get(wanted) ?? 2;
      while (taken.has(target) && !mapped) target = normaliseMailboxName(`${wanted} ${number++}`);
      if (!mapped) nextNumbers.set(wanted, number);
      taken.add(target);
      const specialUse = choice.prefix === undefined && !mapped ? use : undefined;
      mailboxes.push({ listed, target, specialUse, unlabelledOnly });
    } catch (error) {
      if (!(error instanceof MailboxNameError)) throw error;
      failed.push({ name: listed.name, reason: error.message });
    }
  }
  const order = new Map(candidates.map(({ listed }, at) => [listed, at]));
  mailboxes.sort((a, b) => order.get(a.listed)! - order.get(b.listed)!);
  return { mailboxes, failed };
}

interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** Longest first: what is asked for, then mailboxes that have a counterpart here. */
function renamings(
  candidates: readonly Candidate[],
  choice: MailboxChoice,
  present: ReadonlyMap<SpecialUse, string>,
): Renaming[] {
  const byLength = (a: Renaming, b: Renaming): number => b.from.length - a.from.length;
  const pathOf = new Map(candidates.map(({ listed, path }) => [listed.name, path]));
  const asked = choice.map.map(({ from, to }) => ({ from: pathOf.get(from) ?? from, to })).sort(byLength);
  if (choice.keepNames || choice.prefix !== undefined) return asked;
  const counterparts = candidates.flatMap(({ path, use, unlabelledOnly }): Renaming[] => {
    const to = use === undefined ? undefined : (present.get(use) ?? (unlabelledOnly ? 'Archive' : undefined));
    return to === undefined ? [] : [{ from: path, to }];
  });
  return [...asked, ...counterparts.toSorted(byLength)];
}

function rename(path: string, renamed: readonly Renaming[]): string {
  for (const { from, to } of renamed) {
    if (path === from) return to;
    if (path.startsWith(`${from}/`)) return to + path.slice(from.length);
  }
  return path;
}

function withPrefix(prefix: string | undefined, path: string): string {
  return prefix === undefined ? path : `${prefix}/${path}`;
}
