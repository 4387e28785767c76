/** Text that a stranger wrote, without what would steer a terminal. */
export function printableText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
