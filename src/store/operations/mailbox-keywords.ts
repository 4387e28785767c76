import { limits } from '../../runtime/limits.ts';
import { StoreLimitError } from '../store-errors.ts';
import type { MailboxRecord } from './account-change.ts';

/**
 * Adds keywords to those of the mailbox, unless they are there in any case.
 * @returns how the mailbox writes them, and whether it has new ones
 * @throws StoreLimitError
 * Source: RFC 9051 §2.3.2: keywords are case-insensitive
 */
export function takeKeywords(mailbox: MailboxRecord, keywords: readonly string[]): { names: string[]; added: boolean } {
  if (keywords.length === 0) return { names: [], added: false };
  const known = JSON.parse(mailbox.keywords) as string[];
  const byLowerName = new Map(known.map((name) => [name.toLowerCase(), name]));
  const before = known.length;
  const names = new Set<string>();
  for (const keyword of keywords) {
    const lower = keyword.toLowerCase();
    let name = byLowerName.get(lower);
    if (name === undefined) {
      if (known.length >= limits.keywordsPerMailbox) {
        throw new StoreLimitError(
          `use keyword "${keyword}" in mailbox "${mailbox.name}"`,
          'keywordsPerMailbox',
          limits.keywordsPerMailbox,
        );
      }
      name = keyword;
      known.push(name);
      byLowerName.set(lower, name);
    }
    names.add(name);
  }
  if (names.size > limits.keywordsPerMessage) {
    throw new StoreLimitError('set keywords of a message', 'keywordsPerMessage', limits.keywordsPerMessage);
  }
  const added = known.length > before;
  if (added) mailbox.keywords = JSON.stringify(known);
  return { names: [...names], added };
}

/** What a message row holds: sorted, so that equal sets are equal texts. */
export function keywordsText(names: readonly string[]): string | null {
  return names.length === 0 ? null : JSON.stringify([...names].sort());
}
