/** RFC 9051 §4.3: only literal8 may hold NUL. Other literals get 0x80 in its place, as Dovecot sends it. */
export function replaceNul(bytes: Buffer): void {
  for (let at = bytes.indexOf(0); at !== -1; at = bytes.indexOf(0, at + 1)) bytes[at] = 0x80;
}
