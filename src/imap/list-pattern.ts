/**
 * Whether a mailbox name matches a pattern of LIST or LSUB, where `*` stands for anything and `%` for anything within one level.
 * Runs in time proportional to both lengths.
 * Source: RFC 9051 §6.3.9
 */
export function listPatternMatcher(pattern: string): (name: string) => boolean {
  // Inbox in any case (RFC 9051 §5.1).
  const folded = pattern
    .replace(/^inbox(?=[/%*]|$)/i, 'Inbox')
    .replace(/[*%]*\*[*%]*/g, '*')
    .replace(/%+/g, '%');
  return (name) => matches(folded, name);
}

function matches(pattern: string, name: string): boolean {
  // Positions in the pattern that can be reached after each character of the name.
  let reached = closure(pattern, new Set([0]));
  for (const char of name.split('')) {
    const next = new Set<number>();
    for (const at of reached) {
      const wanted = pattern[at];
      if (wanted === '*' || (wanted === '%' && char !== '/')) next.add(at);
      else if (wanted === char) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = closure(pattern, next);
  }
  return reached.has(pattern.length);
}

/** Wildcards may stand for nothing. */
function closure(pattern: string, positions: Set<number>): Set<number> {
  for (const at of positions) if (pattern[at] === '*' || pattern[at] === '%') positions.add(at + 1);
  return positions;
}
