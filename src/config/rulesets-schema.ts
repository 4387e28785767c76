import { z } from 'zod';
import { limits } from '../runtime/limits.ts';
import { accepting, mapping } from './accepted-value.ts';
import { comparableDomain } from './address-text.ts';
import { domainNameValue, mailboxNameValue, networkValue } from './values.ts';

const pattern = (example: string) =>
  accepting(
    z
      .string()
      .min(1)
      .max(limits.rulePatternCharacters)
      .refine((text) => !/[\u0000-\u001f\u007f]/.test(text)),
    `text in which "*" stands for anything, at most ${limits.rulePatternCharacters} characters`,
    example,
  );

const verified = accepting(domainNameValue.clone(), 'a domain name such as example.org', 'lists.example').transform(
  (name) => comparableDomain(name) ?? name,
);

const mailbox = accepting(
  mailboxNameValue.clone(),
  'a mailbox name such as Inbox or Lists/Work, without control characters, "*", "%", "#" and empty parts',
  'Lists/Team',
);

const ruleset = z.strictObject({
  smtpMailFrom: pattern('*@example.net')
    .optional()
    .describe('Address in MAIL FROM, such as "*@example.net"; "<>" for the null sender of bounces.'),
  msgFrom: pattern('*@example.net').optional().describe('Address in the From field, such as "*@example.net".'),
  verifiedDomain: verified
    .optional()
    .describe('Domain, or one below it, that SPF, DKIM or DMARC has shown to stand behind the message.'),
  clientNetworks: z
    .array(accepting(networkValue.clone(), 'an IP address or a network such as 192.0.2.0/24', '192.0.2.0/24'))
    .min(1)
    .optional()
    .describe('Where the server that sends the message is.'),
  headers: mapping(
    accepting(z.string().regex(/^[!-9;-~]{1,100}$/u), 'the name of a header field', 'List-Id'),
    pattern('*<team.lists.example>'),
    { key: 'List-Id', value: '*<team.lists.example>' },
  )
    .default({})
    .describe('Header fields by name, such as "List-Id": "*<team.lists.example>". All of them must fit.'),
  listAllowDomain: verified
    .optional()
    .describe(
      'Like verifiedDomain, for messages of a mailing list: they are accepted, whatever the policy of their authors.',
    ),
  mailbox: mailbox.optional().describe('Where these messages go, made when it does not exist.'),
  isForward: z
    .boolean()
    .default(false)
    .describe('Another server of yours passes these messages on. Needs verifiedDomain or clientNetworks.'),
  acceptRejectsToMailbox: accepting(
    mailboxNameValue.clone(),
    'a mailbox name such as Inbox or Lists/Work, without control characters, "*", "%", "#" and empty parts',
    'Suspicious',
  )
    .optional()
    .describe('Where those of these messages go that would be refused or taken for junk.'),
});

export const rulesets = accepting(
  z.array(ruleset).max(limits.rulesets),
  `a list of at most ${limits.rulesets} rulesets`,
);

export type RulesetSettings = z.output<typeof ruleset>;
