import type { HeaderField } from '../../message/header-fields.ts';
import type { ByteText } from '../../message/structure.ts';
import { relaxedField } from './relaxed-field.ts';

/** Fields that are signed one time more than they are there: another one in front breaks the signature (RFC 6376 §8.15). */
const sealedFields = ['from', 'to', 'cc', 'subject', 'date', 'message-id', 'mime-version', 'content-type'];
/** Fields that are signed when they are there. Source: RFC 6376 §5.4.1 */
const signedFields = [
  'reply-to',
  'in-reply-to',
  'references',
  'content-transfer-encoding',
  'resent-date',
  'resent-from',
  'resent-to',
  'resent-cc',
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
];

/**
 * Of several fields of one name, the last comes first (RFC 6376 §5.4.2); a name once more than there are stands for none.
 * @param others further fields that are signed when they are there
 * @returns the names for the tag `h`, folded, and what is signed for them
 */
export function fieldsToSign(
  header: ByteText,
  fields: readonly HeaderField[],
  others: readonly string[] = [],
): { names: string; canonical: ByteText } {
  const names: string[] = [];
  let canonical = '';
  const add = (name: string, seal: boolean): void => {
    for (let at = fields.length - 1; at >= 0; at--) {
      const field = fields[at];
      if (field.name !== name) continue;
      names.push(name);
      canonical += `${relaxedField(name, header.slice(field.valueStart, field.end))}\r\n`;
    }
    if (seal) names.push(name);
  };
  for (const name of sealedFields) add(name, true);
  for (const name of [...signedFields, ...others]) add(name, false);
  return { names: foldNames(names), canonical };
}

function foldNames(names: readonly string[]): string {
  let text = '';
  let width = 11;
  for (const [at, name] of names.entries()) {
    if (at > 0) text += ':';
    if (width + name.length > 74) {
      text += '\r\n\t ';
      width = 9;
    }
    text += name;
    width += name.length + 1;
  }
  return text;
}
