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
  // Places in the pattern that the name can have come to, before and after a character.
  let reached = new Uint8Array(folded.length + 1);
  let next = new Uint8Array(folded.length + 1);
  return (name) => {
    reached.fill(0);
    reached[0] = 1;
    passWildcards(folded, reached);
    for (let index = 0; index < name.length; index++) {
      const char = name[index];
      next.fill(0);
      let some = false;
      for (let at = 0; at < folded.length; at++) {
        if (reached[at] === 0) continue;
        const wanted = folded[at];
        if (wanted === '*' || (wanted === '%' && char !== '/')) next[at] = 1;
        else if (wanted === char) next[at + 1] = 1;
        else continue;
        some = true;
      }
      if (!some) return false;
      passWildcards(folded, next);
      [reached, next] = [next, reached];
    }
    return reached[folded.length] === 1;
  };
}

/** Wildcards may stand for nothing. */
function passWildcards(pattern: string, places: Uint8Array): void {
  for (let at = 0; at < pattern.length; at++) {
    if (places[at] === 1 && (pattern[at] === '*' || pattern[at] === '%')) places[at + 1] = 1;
  }
}
