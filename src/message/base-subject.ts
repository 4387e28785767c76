/** A subject as threads and SORT compare it. */
export interface BaseSubject {
  /** May be empty: then the subject says nothing about the thread. Not case-folded. */
  base: string;
  /** The subject had a mark of a reply or forward. */
  isReplyOrForward: boolean;
}

/** More of a subject says no more about its thread, and would take long to strip. */
const MAX_LENGTH = 2000;

/** `[blob]` marks, such as mailing lists put in front. */
const BLOB = /^\[[^[\]]*\]\s*/;
const TRAILER = /\s*\(fwd\)\s*$/i;

/**
 * Extracts the base subject.
 * @param subject decoded (see `decodeHeaderText`), of any length
 * Source: RFC 5256 §2.1
 */
export function baseSubject(subject: string): BaseSubject {
  let text = subject.slice(0, MAX_LENGTH).replace(/\s+/g, ' ').trim();
  let isReplyOrForward = false;
  for (;;) {
    const before = text;
    if (TRAILER.test(text)) {
      text = text.replace(TRAILER, '');
      isReplyOrForward = true;
      continue;
    }
    const leader = /^(?:\[[^[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^[\]]*\]\s*)?:\s*/i.exec(text);
    if (leader !== null) {
      text = text.slice(leader[0].length);
      isReplyOrForward = true;
      continue;
    }
    const blob = BLOB.exec(text);
    if (blob !== null && text.length > blob[0].length) {
      text = text.slice(blob[0].length);
      continue;
    }
    const forwarded = /^\[fwd:\s*(.*)\]$/i.exec(text);
    if (forwarded !== null) {
      text = forwarded[1]!.trim();
      isReplyOrForward = true;
    }
    if (text === before) return { base: text, isReplyOrForward };
  }
}
