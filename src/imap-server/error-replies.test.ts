import { describe, expect, it } from 'vitest';
import { UnknownCharsetError } from '../imap/search-keys.ts';
import { ImapSyntaxError } from '../imap/syntax-error.ts';
import { UnknownEncodingError } from '../message/transfer-decoder.ts';
import * as store from '../store/store-errors.ts';
import { CommandTooLongError } from './command-input.ts';
import { replyToError } from './error-replies.ts';
import { RefusedError } from './reply.ts';

describe('the reply to an error', () => {
  it.each([
    [new store.MailboxNotFoundError('a/b'), 'NO', 'NONEXISTENT'],
    [new store.MailboxExistsError('a/b'), 'NO', 'ALREADYEXISTS'],
    [new store.MailboxNameError('a//b', 'x'), 'NO', 'CANNOT'],
    [new store.MailboxHasChildrenError('a'), 'NO', 'HASCHILDREN'],
    [new store.InboxRequiredError('delete'), 'NO', 'CANNOT'],
    [new store.SpecialUseTakenError('\\Sent', 'Sent'), 'NO', 'USEATTR'],
    [new store.OverQuotaError(1, 2, 3), 'NO', 'OVERQUOTA'],
    [new store.StoreLimitError('use keyword', 'keywordsPerMailbox', 500), 'NO', 'LIMIT'],
    [new store.MessageNotFoundError('Inbox', 1), 'NO', 'EXPUNGEISSUED'],
    [new store.KeywordNameError('x'), 'NO', 'CANNOT'],
    [new store.MessageTooLargeError(5), 'NO', 'TOOBIG'],
    [new store.DiskFullError('write', '/data/secret', undefined), 'NO', 'UNAVAILABLE'],
    [new store.MessageFileError('read', '/data/secret', 'it is gone'), 'NO', 'CORRUPTION'],
    [new store.AccountNotFoundError('me', 'open'), 'NO', 'UNAVAILABLE'],
    [new store.AccountBusyError('me', 'x'), 'NO', 'INUSE'],
    [new UnknownEncodingError('x'), 'NO', 'UNKNOWN-CTE'],
    [new UnknownCharsetError('Unknown charset'), 'NO', 'BADCHARSET (UTF-8 US-ASCII)'],
    [new ImapSyntaxError('Space expected'), 'BAD', undefined],
    [new CommandTooLongError(5, 'a'), 'BAD', 'TOOBIG'],
    [new RefusedError('NO', 'TRYCREATE', 'x'), 'NO', 'TRYCREATE'],
    [new Error('/data/secret'), 'NO', 'SERVERBUG'],
    ['thrown text', 'NO', 'SERVERBUG'],
  ])('%s is %s [%s]', (error, status, code) => {
    const reply = replyToError(error);
    expect(reply).toMatchObject({ status, code });
    expect(reply.text).not.toMatch(/secret|a\/b|\n/);
  });

  it('is a fault of the server only when it is one', () => {
    expect(replyToError(new Error('x')).unexpected).toBe(true);
    expect(replyToError(new store.DiskFullError('write', 'x', undefined)).unexpected).toBe(true);
    expect(replyToError(new store.MailboxNotFoundError('x')).unexpected).toBe(false);
  });
});
