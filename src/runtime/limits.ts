import { connectionLimits } from './limits/connections.ts';
import { controlLimits } from './limits/control.ts';
import { dnsLimits } from './limits/dns.ts';
import { httpLimits } from './limits/http.ts';
import { imapLimits } from './limits/imap.ts';
import { importLimits } from './limits/imports.ts';
import { junkLimits } from './limits/junk.ts';
import { loginLimits } from './limits/logins.ts';
import { mailauthLimits } from './limits/mailauth.ts';
import { messageLimits } from './limits/message.ts';
import { queueLimits } from './limits/queue.ts';
import { reportLimits } from './limits/reports.ts';
import { smtpLimits } from './limits/smtp.ts';
import { storeLimits } from './limits/store.ts';
import { textIndexLimits } from './limits/text-index.ts';
import { webhookLimits } from './limits/webhooks.ts';

/**
 * Every limit of the server, with its RFC or reason, from a file for each subject. A part's options may override a limit; the
 * configuration names those an operator can set.
 */
export const limits = {
  ...messageLimits,
  ...storeLimits,
  ...textIndexLimits,
  ...loginLimits,
  ...connectionLimits,
  ...smtpLimits,
  ...imapLimits,
  ...importLimits,
  ...httpLimits,
  ...controlLimits,
  ...queueLimits,
  ...webhookLimits,
  ...dnsLimits,
  ...mailauthLimits,
  ...junkLimits,
  ...reportLimits,
} as const;
