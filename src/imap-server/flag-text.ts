import { type ChangeableFlags, everyFlag, type Flags, flagBit, flagNames } from '../store/flags.ts';
import { RefusedError } from './reply.ts';

/** What a session tells of a message beside its flags: `\Recent`, which no message has by itself. Not a bit of {@link flagBits}. */
export const recentBit = 1 << 30;

/** Flags without keywords, as sent: there are few sets of bits, and FETCH asks once a message. */
const textOfBits = new Map<number, string>();

/** Writes flags in parentheses. */
export function formatFlags(bits: number, keywords: readonly string[]): string {
  if (keywords.length > 0) return `(${[...namesOf(bits), ...keywords].join(' ')})`;
  let text = textOfBits.get(bits);
  if (text === undefined) {
    text = `(${namesOf(bits).join(' ')})`;
    textOfBits.set(bits, text);
  }
  return text;
}

function namesOf(bits: number): readonly string[] {
  return (bits & recentBit) === 0 ? flagNames(bits) : [...flagNames(bits & ~recentBit), '\\Recent'];
}

/**
 * All flags a mailbox may show: what FLAGS announces. The registered keywords are always among them; `\Recent`, which clients know
 * anyway, is not.
 */
export function formatMailboxFlags(keywords: readonly string[], permanent: boolean): string {
  return `(${mailboxFlags(keywords, everyFlag)}${permanent ? ' \\*' : ''})`;
}

/** Those of them that a user may change: PERMANENTFLAGS. RFC 4314 §5.1.1 */
export function formatPermanentFlags(keywords: readonly string[], changeable: ChangeableFlags): string {
  return changeable.keywords
    ? `(${mailboxFlags(keywords, changeable)} \\*)`
    : `(${flagNames(changeable.bits).join(' ')})`;
}

function mailboxFlags(keywords: readonly string[], { bits }: ChangeableFlags): string {
  return [...flagNames(bits), ...keywords.filter((keyword) => flagBit(keyword) === undefined)].join(' ');
}

/**
 * Flags from their names on the wire. `\Recent`, which old clients copy from what they fetched, is left out.
 * @throws RefusedError for other system flags that don't exist
 */
export function parseFlagNames(names: readonly string[]): Flags {
  let bits = 0;
  const keywords: string[] = [];
  for (const name of names) {
    const bit = flagBit(name);
    if (bit !== undefined) bits |= bit;
    else if (!name.startsWith('\\')) {
      if (!keywords.some((keyword) => keyword.toLowerCase() === name.toLowerCase())) keywords.push(name);
    } else if (name.toLowerCase() !== '\\recent') throw new RefusedError('BAD', undefined, 'Unknown system flag');
  }
  return { bits, keywords };
}
