import { UnknownCharsetError } from '../imap/search-keys.ts';
import { ImapSyntaxError } from '../imap/syntax-error.ts';
import { UnknownEncodingError } from '../message/transfer-decoder.ts';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import { CommandTooLongError } from './command-input.ts';
import { RefusedError } from './reply.ts';

/** What a client is told of an error. */
export interface ErrorReply {
  readonly status: 'NO' | 'BAD';
  readonly code: string | undefined;
  readonly text: string;
  /** The server's own fault, to be logged with its cause. */
  readonly unexpected: boolean;
}

/** Codes of the store's errors. Their own texts name files and numbers, and stay here. */
const ofCode: Readonly<Record<string, readonly [code: string | undefined, text: string]>> = {
  'mailbox-not-found': ['NONEXISTENT', 'There is no such mailbox'],
  'mailbox-exists': ['ALREADYEXISTS', 'There is a mailbox with that name'],
  'mailbox-name': ['CANNOT', 'That is no name for a mailbox'],
  'mailbox-has-children': ['HASCHILDREN', 'There are mailboxes below it'],
  'inbox-required': ['CANNOT', 'Every account has an inbox'],
  'special-use-taken': ['USEATTR', 'Another mailbox has that use'],
  'over-quota': ['OVERQUOTA', 'The account is full'],
  'store-limit': ['LIMIT', 'That is more than is allowed'],
  'message-not-found': ['EXPUNGEISSUED', 'The message is gone'],
  'keyword-name': ['CANNOT', 'That is no name for a keyword'],
  'message-too-large': ['TOOBIG', 'The message is too large'],
  'disk-full': ['UNAVAILABLE', 'There is no room for it now'],
  'database-full': ['UNAVAILABLE', 'There is no room for it now'],
  'message-file': ['CORRUPTION', 'A message cannot be read'],
  'account-not-found': ['UNAVAILABLE', 'The account is not there any more'],
  'account-busy': ['INUSE', 'The account is in use'],
};
const serversFault = new Set(['disk-full', 'database-full', 'message-file']);

/**
 * The reply to a command that threw. Errors of no known kind say nothing about themselves.
 * Source: RFC 9051 §7.1, RFC 5530
 */
export function replyToError(error: unknown): ErrorReply {
  if (error instanceof UnknownCharsetError) {
    return { status: 'NO', code: 'BADCHARSET (UTF-8 US-ASCII)', text: error.publicText, unexpected: false };
  }
  if (error instanceof ImapSyntaxError) {
    return { status: 'BAD', code: undefined, text: error.publicText, unexpected: false };
  }
  if (error instanceof RefusedError) {
    return { status: error.status, code: error.responseCode, text: error.publicText, unexpected: false };
  }
  if (error instanceof CommandTooLongError) {
    // RFC 5464 §4.3: what is too long is the value, nearly always.
    if (error.command === 'SETMETADATA') {
      const code = `METADATA MAXSIZE ${limits.annotationBytes}`;
      return { status: 'NO', code, text: 'The value is too long', unexpected: false };
    }
    return { status: 'BAD', code: 'TOOBIG', text: 'The command is too long', unexpected: false };
  }
  if (error instanceof UnknownEncodingError) {
    return { status: 'NO', code: 'UNKNOWN-CTE', text: 'The part has an unknown transfer encoding', unexpected: false };
  }
  if (error instanceof RestanteError && Object.hasOwn(ofCode, error.code)) {
    const [code, text] = ofCode[error.code];
    return { status: 'NO', code, text, unexpected: serversFault.has(error.code) };
  }
  return { status: 'NO', code: 'SERVERBUG', text: 'Something went wrong', unexpected: true };
}
