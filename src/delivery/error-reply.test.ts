import { describe, expect, it } from 'vitest';
import { RestanteError } from '../runtime/errors.ts';
import { SmtpError } from '../smtp/smtp-error.ts';
import {
  AccountNotFoundError,
  DiskFullError,
  MailboxNameError,
  MailboxNotFoundError,
  MessageFileError,
  MessageTooLargeError,
  OverQuotaError,
  StoreLimitError,
} from '../store/store-errors.ts';
import { errorReply } from './error-reply.ts';

describe('errorReply', () => {
  it.each([
    [new OverQuotaError(1, 2, 3), '452 4.2.2'],
    [new MessageTooLargeError(1), '552 5.3.4'],
    [new DiskFullError('write', '/secret', undefined), '452 4.3.1'],
    [new Error('wrapped', { cause: Object.assign(new Error('full'), { code: 'ENOSPC' }) }), '452 4.3.1'],
    [new RestanteError('database-full', 'secret'), '452 4.3.1'],
    [new AccountNotFoundError('secret', 'open'), '451 4.3.5'],
    [new MailboxNotFoundError('secret'), '451 4.3.5'],
    [new MailboxNameError('secret', 'bad'), '451 4.3.5'],
    [new StoreLimitError('create mailbox', 'secret', 1), '452 4.2.2'],
    [new MessageFileError('read', '/secret', 'gone'), '451 4.3.0'],
    [new RestanteError('toString', 'secret'), '451 4.3.0'],
    [new Error('secret'), '451 4.3.0'],
    ['secret', '451 4.3.0'],
    [undefined, '451 4.3.0'],
  ])('answers %s with %s, and tells nothing of the machine', (error, expected) => {
    const reply = errorReply(error);
    expect(`${reply.replyCode} ${reply.enhancedCode}`).toBe(expected);
    expect(reply.publicText).not.toMatch(/secret/);
    expect(reply.cause).toBe(error);
  });

  it('leaves replies as they are', () => {
    const error = new SmtpError(550, '5.1.1', 'No');
    expect(errorReply(error)).toBe(error);
  });
});
