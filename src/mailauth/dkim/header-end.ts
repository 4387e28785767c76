/** @returns where the header ends and the body begins, or undefined when that isn't in sight yet */
export function headerEnd(bytes: Buffer): { header: number; body: number } | undefined {
  if (bytes[0] === 13 && bytes[1] === 10) return { header: 0, body: 2 };
  const at = bytes.indexOf('\r\n\r\n');
  return at === -1 ? undefined : { header: at + 2, body: at + 4 };
}
