/** Names in all scripts, and texts with such names, in one line, without what would steer a terminal. */
export function printableName(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '?');
}

/** The same of a text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printableName).join('\n');
}
