import type { ByteText } from '../../message/structure.ts';
import { relaxedField } from '../dkim/relaxed-field.ts';
import { withoutSignature } from '../dkim/signed-header.ts';
import type { ArcSet } from './arc-set.ts';

/**
 * What each seal signs: all sets before it, and its own.
 * @param sets the oldest first
 * Source: RFC 8617 §5.1.1
 */
export function sealedTexts(header: ByteText, sets: readonly Pick<ArcSet, 'fields'>[]): ByteText[] {
  let before = '';
  return sets.map(({ fields: { results, message, seal } }) => {
    const value = (field: typeof seal): ByteText => header.slice(field.valueStart, field.end);
    const others = [results, message].map((field) => `${relaxedField(field.name, value(field))}\r\n`).join('');
    const text = `${before}${others}${relaxedField(seal.name, withoutSignature(value(seal)))}`;
    before += `${others}${relaxedField(seal.name, value(seal))}\r\n`;
    return text;
  });
}

/** The beginning of what the next seal signs: all sets that are there. */
export function sealedSets(header: ByteText, sets: readonly Pick<ArcSet, 'fields'>[]): ByteText {
  return sets
    .flatMap(({ fields: { results, message, seal } }) => [results, message, seal])
    .map(({ name, valueStart, end }) => `${relaxedField(name, header.slice(valueStart, end))}\r\n`)
    .join('');
}
