import { formatField } from '../../message/format-field.ts';
import type { SpfVerdict } from './verify-spf.ts';

/**
 * The Received-SPF field.
 * @param client its address, and the name it gave
 * Source: RFC 7208 §9.1
 */
export function receivedSpf(
  verdict: SpfVerdict,
  client: { readonly ip: string; readonly helloName: string; readonly receiver: string },
): string {
  const { result, identity, sender, mechanism, problem } = verdict;
  const pairs = [
    ['identity', identity],
    ['client-ip', client.ip],
    ['envelope-from', sender],
    ['helo', client.helloName],
    ['receiver', client.receiver],
    ...(mechanism === undefined ? [] : [['mechanism', mechanism]]),
    ...(problem === undefined ? [] : [['problem', problem]]),
  ] as const;
  return formatField('Received-SPF', `${result} ${pairs.map(([key, value]) => `${key}=${quoted(value!)};`).join(' ')}`);
}

/** A dot-atom as it is, anything else as a quoted-string: RFC 5322 §3.2. */
function quoted(value: string): string {
  const text = value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 500);
  if (/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+$/.test(text) && !/^\.|\.\.|\.$/.test(text)) return text;
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
