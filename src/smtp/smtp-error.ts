import { RestanteError } from '../runtime/errors.ts';

/**
 * A failure with its reply. The peer is told `replyCode`, `enhancedCode` and `publicText`, which reveal nothing about the machine;
 * `message` and `cause` are for the log.
 */
export class SmtpError extends RestanteError {
  /** 400 to 599. */
  readonly replyCode: number;
  /** RFC 3463, such as `5.1.1`. */
  readonly enhancedCode: string;
  readonly publicText: string;

  constructor(
    replyCode: number,
    enhancedCode: string,
    publicText: string,
    details: { message?: string; hint?: string; context?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super('smtp-error', details.message ?? publicText, {
      hint: details.hint,
      context: { replyCode, enhancedCode, ...details.context },
      cause: details.cause,
    });
    this.replyCode = replyCode;
    this.enhancedCode = enhancedCode;
    this.publicText = publicText;
  }

  /** Whether trying again later may help (RFC 5321 §4.2.1). */
  get temporary(): boolean {
    return this.replyCode < 500;
  }
}
