import { ownText } from '../imap/byte-text.ts';
import { limits } from '../runtime/limits.ts';
import { type Flags, flagBit } from '../store/flags.ts';

/** RFC 9051 §9: a keyword is an atom; what other software calls a keyword may be none. */
const keywordForm = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+$/;

/** Turns flags of a source into ours, within the limits of a mailbox here. */
export class SourceFlags {
  readonly #known: Set<string>;
  /** Keywords that could not be kept, in lower case: the first of them. */
  readonly leftOut = new Set<string>();

  /** @param keywords that the mailbox has already */
  constructor(keywords: readonly string[]) {
    this.#known = new Set(keywords.map((name) => name.toLowerCase()));
  }

  /** @param names as FETCH has them. \Recent is not kept: RFC 9051 §2.3.2 */
  read(names: readonly string[]): Flags {
    let bits = 0;
    const keywords = new Map<string, string>();
    for (const name of names) {
      const bit = flagBit(name);
      if (bit !== undefined) bits |= bit;
      else if (!name.startsWith('\\')) this.#take(keywords, name);
    }
    return { bits, keywords: [...keywords.values()] };
  }

  #take(keywords: Map<string, string>, name: string): void {
    const lower = name.toLowerCase();
    const key = ownText(lower.slice(0, limits.keywordLength));
    const fits =
      keywordForm.test(name) &&
      name.length <= limits.keywordLength &&
      keywords.size < limits.keywordsPerMessage &&
      (this.#known.has(lower) || this.#known.size < limits.keywordsPerMailbox);
    if (fits) {
      this.#known.add(key);
      if (!keywords.has(key)) keywords.set(key, ownText(name));
    } else if (this.leftOut.size < 100) this.leftOut.add(key);
  }
}
