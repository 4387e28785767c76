import type { HeaderField } from '../../message/header-fields.ts';
import type { ByteText } from '../../message/structure.ts';
import type { MessageSignature } from './dkim-signature.ts';
import { relaxedField } from './relaxed-field.ts';

/**
 * What a signature field signs of a header: the fields that it names, and itself without the signature. Of several fields of one name,
 * the last comes first; a name once more than there are stands for none.
 * @param own the field with the signature
 * Source: RFC 6376 §3.7, §5.4.2
 */
export function signedHeader(
  header: ByteText,
  fields: readonly HeaderField[],
  own: HeaderField,
  { fields: names, headerForm }: Pick<MessageSignature, 'fields' | 'headerForm'>,
): ByteText {
  const unused = Map.groupBy(fields, ({ name }) => name);
  let signed = '';
  for (const name of names) {
    const field = unused.get(name)?.pop();
    if (field === undefined) continue;
    const text = header.slice(field.start, field.end);
    if (headerForm === 'simple') signed += text;
    else signed += `${relaxedField(name, header.slice(field.valueStart, field.end))}\r\n`;
  }
  const value = withoutSignature(header.slice(own.valueStart, own.end));
  if (headerForm === 'relaxed') return `${signed}${relaxedField(own.name, value)}`;
  return `${signed}${header.slice(own.start, own.valueStart)}${value.replace(/\r\n$/, '')}`;
}

/** @param value of a signature field @returns the same with an empty tag `b` */
export function withoutSignature(value: ByteText): ByteText {
  return value.replace(/((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1');
}
