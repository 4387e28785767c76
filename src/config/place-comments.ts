import { type Document, isScalar, type Pair, type Scalar, visit, YAMLMap } from 'yaml';

/**
 * Puts comments that follow `key:` without a value where people mean them: the one on the same line stays with the key, those on
 * the lines below go to the next key. The parser gives them all to the missing value, and would write them below the key.
 */
export function placeComments(document: Document, text: string): void {
  let waiting: string[] = [];
  visit(document, {
    Pair(_, pair: Pair) {
      if (waiting.length > 0 && isScalar(pair.key)) {
        putBefore(pair.key, waiting);
        waiting = [];
      }
      const value = pair.value;
      if (!isScalar(value) || value.value !== null || value.source !== '' || !value.comment) return;
      const start = value.range?.[0] ?? 0;
      const lines = value.comment.split('\n');
      const lineEnd = text.indexOf('\n', start);
      const isBeside = text.slice(start, lineEnd < 0 ? undefined : lineEnd).includes('#');
      const empty = new YAMLMap();
      empty.flow = true;
      if (isBeside) empty.comment = lines.shift();
      pair.value = empty;
      waiting = lines;
    },
  });
  if (waiting.length > 0) {
    const rest = waiting.join('\n').replace(/^\n+/, '');
    document.comment = document.comment ? `${rest}\n\n${document.comment}` : rest;
  }
}

function putBefore(key: Scalar, lines: string[]): void {
  if (lines[0] === '') key.spaceBefore = true;
  while (lines[0] === '') lines.shift();
  if (lines.length === 0) return;
  const gap = key.commentBefore === undefined && key.spaceBefore ? '' : '\n';
  key.commentBefore = key.commentBefore ? `${lines.join('\n')}${gap}${key.commentBefore}` : lines.join('\n');
}
