/**
 * Searches text for a needle without regard to case.
 * Source: RFC 9051 §6.4.4
 */
export class TextMatcher {
  readonly #needle: string;

  constructor(needle: string) {
    this.#needle = foldCase(needle);
  }

  matchesText(text: string): boolean {
    return foldCase(text).includes(this.#needle);
  }
}

function foldCase(text: string): string {
  return text.toLowerCase();
}
