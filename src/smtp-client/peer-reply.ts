import type { Reply } from '../smtp/reply.ts';

/** The answer for a recipient, a message or a session: the peer's, or ours in its place. */
export interface PeerReply {
  /** 2xx accepted, 4xx may be tried again, 5xx never. */
  readonly code: number;
  /** RFC 3463; of the code's class when the peer gave none. */
  readonly enhanced: string;
  readonly text: string;
  /** Who said it; absent when it was us. */
  readonly host?: string;
}

/** What is kept of a long reply. */
const textCharacters = 1000;

export function peerReply(reply: Reply, host: string): PeerReply {
  return {
    code: reply.code,
    enhanced: reply.enhancedCode ?? `${reply.code < 300 ? 2 : reply.code < 500 ? 4 : 5}.0.0`,
    // It ends up in logs and bounces.
    text: reply.lines
      .join(' ')
      .slice(0, textCharacters)
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, ' '),
    host,
  };
}
