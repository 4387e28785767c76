/**
 * System flags and registered keywords that every account has, as bits of one integer. All other keywords are kept by name.
 * Source: RFC 9051 §2.3.2
 */
export const flagBits = {
  '\\Seen': 1,
  '\\Answered': 2,
  '\\Flagged': 4,
  '\\Deleted': 8,
  '\\Draft': 16,
  $Forwarded: 32,
  $Junk: 64,
  $NotJunk: 128,
  $Phishing: 256,
  $MDNSent: 512,
} as const;

export type FlagName = keyof typeof flagBits;

/** Flag names of each set of bits met so far: there are few, and FETCH asks for them once a message. */
const namesOfBits = new Map<number, readonly FlagName[]>();

/** @returns the names of the bits that are set, in the order of {@link flagBits} */
export function flagNames(bits: number): readonly FlagName[] {
  let names = namesOfBits.get(bits);
  if (names === undefined) {
    names = (Object.keys(flagBits) as FlagName[]).filter((name) => (bits & flagBits[name]) !== 0);
    namesOfBits.set(bits, names);
  }
  return names;
}

const bitOfLowerName = new Map(Object.entries(flagBits).map(([name, bit]) => [name.toLowerCase(), bit]));

/** @returns the bit of a system flag or registered keyword in any case, or undefined for another keyword */
export function flagBit(name: string): number | undefined {
  return bitOfLowerName.get(name.toLowerCase());
}

/** A part of all flags: those that a user may change. */
export interface ChangeableFlags {
  readonly bits: number;
  readonly keywords: boolean;
}

export const everyFlag: ChangeableFlags = {
  bits: Object.values(flagBits).reduce((all, bit) => all | bit, 0),
  keywords: true,
};

/** Flags of a message: bits of {@link flagBits}, and other keywords as first written in the mailbox. */
export interface Flags {
  readonly bits: number;
  readonly keywords: readonly string[];
}
