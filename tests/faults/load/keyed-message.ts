/**
 * Messages whose bytes follow from their key alone, so that whoever finds one knows what it must be. The key is in the header, and
 * says the size.
 */
export function newKey(kind: string, number: number, sizeBytes: number): string {
  return `${kind}${number}x${sizeBytes}`;
}

const line = 'The quick brown fox jumps over the lazy dog; it came back for its mail, poste restante.\r\n';
const filler = line.repeat(5000);

/** @param key of {@link newKey} */
export function keyedMessage(key: string): string {
  const sizeBytes = Number(key.slice(key.lastIndexOf('x') + 1));
  const header =
    `From: me <a0@example.org>\r\nTo: you@example.org\r\nSubject: message ${key}\r\nX-Key: ${key}\r\n` +
    `Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <${key}@test.example>\r\n\r\n${key}\r\n`;
  const body = filler.slice(0, Math.min(filler.length, Math.max(0, sizeBytes - header.length)));
  return `${header}${body.endsWith('\r\n') || body === '' ? body : `${body.replace(/\r$/, '')}\r\n`}`;
}

/** The key of a message, or of its header. */
export function keyOf(text: string): string | undefined {
  return /^X-Key: (\S+)\r$/m.exec(text)?.[1];
}

/**
 * Whether a stored message is what was sent: the same bytes, after the fields of the way here if it was delivered.
 * @returns what is wrong
 */
export function wrongBytes(key: string, stored: string): string | undefined {
  const sent = keyedMessage(key);
  if (stored === sent) return undefined;
  if (!stored.endsWith(sent)) return `other bytes than were sent: ${JSON.stringify(stored.slice(0, 300))}`;
  const prefix = stored.slice(0, stored.length - sent.length);
  if (!/^(?:[A-Za-z-]+: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+$/.test(prefix)) return `a broken prefix: ${prefix}`;
  return undefined;
}
