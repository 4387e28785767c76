import { RestanteError } from '../runtime/errors.ts';

/** What a command answers when it has done its work: `tag OK [code] text`. */
export interface OkReply {
  /** Response code without brackets. */
  readonly code?: string;
  readonly text?: string;
  /** The command names messages by number although it is one by UID: expunges are kept back. */
  readonly keepsNumbers?: boolean;
  /** Runs when the answer has been sent. */
  readonly after?: () => Promise<void>;
}

/** A command that is refused: `tag NO [code] text`, or BAD. Thrown by commands; the text goes to the client. */
export class RefusedError extends RestanteError {
  readonly status: 'NO' | 'BAD';
  /** Response code without brackets. */
  readonly responseCode: string | undefined;
  readonly publicText: string;

  constructor(status: 'NO' | 'BAD', responseCode: string | undefined, publicText: string, cause?: unknown) {
    super('imap-refused', `Cannot do IMAP command: ${publicText}`, { context: { responseCode }, cause });
    this.status = status;
    this.responseCode = responseCode;
    this.publicText = publicText;
  }
}

/** Writes the tagged or untagged status response. */
export function statusLine(tag: string, status: string, code: string | undefined, text: string): string {
  return `${tag} ${status} ${code === undefined ? '' : `[${code}] `}${text}\r\n`;
}
