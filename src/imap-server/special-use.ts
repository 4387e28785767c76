import type { SpecialUse } from '../store/mailboxes/mailbox.ts';

/** RFC 6154 §2. `\All` and `\Flagged` are views of other mailboxes, which we don't make. */
const creatable: readonly SpecialUse[] = ['\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash'];

/** @returns undefined for a use that no mailbox can be given */
export function specialUseNamed(name: string): SpecialUse | undefined {
  return creatable.find((use) => use.toLowerCase() === name.toLowerCase());
}
