/**
 * Removes spaces, tabs and line ends around a byte text. `String.trim` isn't fit for it: to it the byte 0xA0, the end of many UTF-8
 * characters, is a space.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return end - start === text.length ? text : text.slice(start, end);
}

/** Whether a byte is one of them. */
export function isBlank(code: number): boolean {
  return code === 32 || (code <= 13 && code >= 9);
}
