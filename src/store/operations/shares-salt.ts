/** As `formatScramSecret` of sasl/ writes them. */
export interface ScramTexts {
  readonly scramSha1: string;
  readonly scramSha256: string;
}

/** Whether two passwords have the same iterations and salt, so that one account can have both; `other` may be none. */
export function sharesSalt(other: ScramTexts | undefined, given: ScramTexts): boolean {
  return (
    other === undefined ||
    (parameters(other.scramSha1) === parameters(given.scramSha1) &&
      parameters(other.scramSha256) === parameters(given.scramSha256))
  );
}

function parameters(text: string): string | undefined {
  return text.split('$')[1];
}
