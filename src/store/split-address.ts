/** @param address as in SMTP commands, without angle brackets; empty for the null sender. @returns the domain in lower case, empty if there is none */
export function splitAddress(address: string): { localpart: string; domain: string } {
  const at = address.lastIndexOf('@');
  if (at === -1) return { localpart: address, domain: '' };
  return { localpart: address.slice(0, at), domain: address.slice(at + 1).toLowerCase() };
}
