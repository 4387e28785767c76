import { limits } from '../../runtime/limits.ts';
import { KeywordNameError } from '../store-errors.ts';

export const noKeywords: readonly string[] = [];

/** @param text as in a message row: a JSON array */
export function parseKeywords(text: string): readonly string[] {
  return JSON.parse(text) as string[];
}

/** Turns the JSON of a row into the list it stands for. */
export function takeKeywords(row: { readonly keywords: readonly string[] }): void {
  const text = row.keywords as unknown as string | null;
  (row as { keywords: readonly string[] }).keywords = text === null ? noKeywords : parseKeywords(text);
}

/** RFC 9051 §9: a keyword is an atom. @throws KeywordNameError */
export function checkKeywords(keywords: readonly string[]): readonly string[] {
  for (const keyword of keywords) {
    if (keyword.length > limits.keywordLength || !/^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+$/.test(keyword)) {
      throw new KeywordNameError(keyword);
    }
  }
  return keywords;
}
