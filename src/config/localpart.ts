/** The one form of a localpart that is compared: Unicode NFC (RFC 6532 §3.1), lower case unless the domain's case counts. */
export function comparableLocalpart(localpart: string, caseSensitive: boolean): string {
  const composed = localpart.normalize('NFC');
  // Lower-casing can decompose again ("İ"): the form that is compared is always composed.
  return caseSensitive ? composed : composed.toLowerCase().normalize('NFC');
}
