import { type ChangeableFlags, everyFlag, type Flags, flagBits } from '../store/flags.ts';
import type { Rights } from '../store/sharing/rights.ts';

const [seen, deleted] = [flagBits['\\Seen'], flagBits['\\Deleted']];

/** Flags that a user with these rights may change. Source: RFC 4314 §4 */
export function changeableFlags(rights: Rights): ChangeableFlags {
  const writes = rights.includes('w');
  const bits =
    (rights.includes('s') ? seen : 0) |
    (rights.includes('t') ? deleted : 0) |
    (writes ? everyFlag.bits & ~(seen | deleted) : 0);
  return { bits, keywords: writes };
}

/** Those of the flags that may be changed. */
export function changeablePart({ bits, keywords }: Flags, changeable: ChangeableFlags): Flags {
  return { bits: bits & changeable.bits, keywords: changeable.keywords ? keywords : [] };
}
