import { unicodeCasemap } from '../../message/unicode-casemap.ts';
import { limits } from '../../runtime/limits.ts';

/** What the index has in place of NUL, at which its tokenizer would end. */
const inPlaceOfNul = ' ';

/** A text as the index of trigrams has it. */
export function indexedForm(text: string): string {
  return unicodeCasemap(text).replaceAll('\0', inPlaceOfNul);
}

/**
 * Trigrams that every text has in which a text is found by i;unicode-casemap.
 * @param options.words blanks are left out: for texts whose blanks may be others in the index
 * @returns empty when the text is too short for any
 */
export function trigramsOf(text: string, options: { words: boolean }): string[] {
  const form = indexedForm(text);
  const grams = new Set<string>();
  for (const run of options.words ? form.split(/\s+/) : [form]) {
    const characters = [...run];
    for (let at = 0; at + 3 <= characters.length && grams.size < limits.textIndexTrigrams; at++) {
      grams.add(characters.slice(at, at + 3).join(''));
    }
  }
  return [...grams];
}

/** Letters and digits that belong together, for a search by words. */
export function wordsOf(text: string): string[] {
  return (text.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).slice(0, limits.textIndexWords);
}
