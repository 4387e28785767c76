import { z } from 'zod';
import { limits } from '../runtime/limits.ts';
import { accepting, mapping } from './accepted-value.ts';
import { rulesets } from './rulesets-schema.ts';
import {
  accountNameValue,
  countValue,
  domainNameValue,
  durationValue,
  emailAddressValue,
  fileValue,
  mailboxNameValue,
  nameValue,
  sizeValue,
  textValue,
  webhookUrlValue,
} from './values.ts';

/** The schema of `domains.yaml`: what changes while the server runs. */

const routes = z.array(
  z.strictObject({
    fromDomains: z
      .array(domainNameValue)
      .default([])
      .describe('Only mail from these domains of senders. Empty: from all.'),
    toDomains: z
      .array(
        accepting(
          z.string().regex(/^\.?[^\s@.][^\s@]*$/u),
          'a domain name, or ".example.org" for all names below it',
          'example.net',
        ),
      )
      .default([])
      .describe('Only mail to these domains; ".example.net" stands for all names below it. Empty: to all.'),
    minimumAttempts: accepting(z.int().nonnegative(), 'a whole number, 0 or more', 0)
      .default(0)
      .describe('Only after this many failed attempts.'),
    transport: accepting(
      nameValue.clone(),
      'a name under "transports" of restante.yaml, or direct, or fail',
      'smarthost',
    ).describe('Name under "transports" of restante.yaml, or "direct": the MX of the recipient, or "fail": refused.'),
  }),
);

const domain = z.strictObject({
  description: textValue.optional().describe('For people.'),
  otherNames: z
    .array(accepting(domainNameValue.clone(), 'a domain name such as example.org', 'example.net'))
    .default([])
    .describe('Further domains in which every address of this one exists too.'),
  localpartCaseSensitive: z.boolean().default(false).describe('Whether Me@ and me@ are different addresses.'),
  localpartSeparators: z
    .array(accepting(z.string().regex(/^[^\s@"a-zA-Z0-9]{1,4}$/u), 'one to four signs such as "+"', '+'))
    .default(['+'])
    .describe('What ends a localpart: me+shop@ is delivered to me@. Empty: nothing does.'),
  catchAll: z
    .strictObject({
      account: accountNameValue.describe('Account that takes the mail.'),
      mailbox: mailboxNameValue.default('Inbox').describe('Mailbox, made when it does not exist.'),
    })
    .optional()
    .describe('Where mail to unknown addresses goes. Without it they are refused.'),
  dkim: z
    .strictObject({
      selectors: mapping(
        nameValue,
        z.strictObject({
          privateKeyFile: accepting(
            fileValue.clone(),
            'a path; a relative one starts at the directory of this file',
            'keys/2026a._domainkey.example.org.pem',
          ).describe('PEM file (PKCS #8) with an RSA or Ed25519 key.'),
        }),
        { key: '2026a' },
      )
        .default({})
        .describe('Keys by selector: the public one is in DNS at <selector>._domainkey.<domain>.'),
      sign: z
        .array(accepting(nameValue.clone(), 'a name under "selectors"', '2026a'))
        .default([])
        .describe(
          'Selectors to sign outgoing mail of the domain with. While a key cannot be read, such mail is refused for now.',
        ),
    })
    .prefault({})
    .describe('Signatures (RFC 6376).'),
  mtaSts: z
    .strictObject({
      mode: z
        .enum(['testing', 'enforce', 'none'])
        .default('testing')
        .describe(
          '"testing": others report what would fail; "enforce": they send only over TLS with a valid certificate; "none": the policy ends. Go back through "none", and keep that for as long as "maxAge" was.',
        ),
      mx: z
        .array(
          accepting(z.string().regex(/^(?:\*\.)?[^\s@*]+$/u), 'a host name, or "*.example.org"', 'mail.example.org'),
        )
        .default([])
        .describe('Hosts that take mail for the domain, as in its MX records. Empty: the "hostname" of this server.'),
      maxAge: durationValue.prefault('7 d').describe('How long others hold to the policy after they last saw it.'),
    })
    .optional()
    .describe(
      'Policy served at https://mta-sts.<domain>/.well-known/mta-sts.txt (RFC 8461). "restante config dnsrecords" prints the record that announces it.',
    ),
  dmarcReports: z
    .strictObject({
      account: accountNameValue.describe('Account that gets the messages which bring reports.'),
      localpart: accepting(
        z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
        'what stands before "@", such as dmarc-reports',
        'dmarc-reports',
      )
        .default('dmarc-reports')
        .describe('The address, without the domain: as in "rua" of the _dmarc record.'),
      mailbox: mailboxNameValue.default('Reports').describe('Mailbox, made when it does not exist.'),
    })
    .optional()
    .describe(
      'Address for aggregate reports (RFC 9990): those that come there are read and counted too. See "restante dmarc reports".',
    ),
  tlsReports: z
    .strictObject({
      account: accountNameValue.describe('Account that gets the messages which bring reports.'),
      localpart: accepting(
        z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
        'what stands before "@", such as tls-reports',
        'tls-reports',
      )
        .default('tls-reports')
        .describe('The address, without the domain: as in "rua" of the _smtp._tls record.'),
      mailbox: mailboxNameValue.default('Reports').describe('Mailbox, made when it does not exist.'),
    })
    .optional()
    .describe(
      'Address for reports on TLS (RFC 8460): those that come there are read and counted too. See "restante tlsrpt reports".',
    ),
  routes: routes
    .default([])
    .describe('Ways out for mail from this domain, after those of the account. The first one that fits counts.'),
});

const webhookEvents = [
  'delivered',
  'suppressed',
  'delayed',
  'failed',
  'relayed',
  'expanded',
  'canceled',
  'unrecognized',
] as const;

const webhookMembers = {
  url: webhookUrlValue.describe('Where the requests go: POST with JSON.'),
  authorizationFile: accepting(
    fileValue.clone(),
    'a path; a relative one starts at the directory of this file',
    'keys/hook.authorization',
  )
    .optional()
    .describe('File whose first line is sent as the field Authorization, such as "Bearer secret".'),
};

const account = z.strictObject({
  domain: domainNameValue.describe('Domain that the account belongs to.'),
  fullName: textValue.optional().describe('Name of the person, for new messages.'),
  description: textValue.optional().describe('For people.'),
  addresses: mapping(
    emailAddressValue,
    z.strictObject({
      mailbox: mailboxNameValue.default('Inbox').describe('Where mail to this address goes.'),
      fullName: textValue
        .optional()
        .describe('Name for new messages from this address, otherwise that of the account.'),
      rulesets: rulesets
        .default([])
        .describe('For mail to this address, before those of the account. The first one that fits counts.'),
    }),
    { key: 'me@example.org' },
  )
    .default({})
    .describe('Addresses of the account: it receives mail to them, may write from them, and logs in with any of them.'),
  rulesets: rulesets
    .default([])
    .describe('Where mail goes, and how it is judged, by what it is. The first one that fits counts.'),
  quota: sizeValue.optional().describe('Most that the account may store; otherwise the quota of restante.yaml.'),
  messageQuota: countValue
    .optional()
    .describe('Most messages that the account may store; otherwise the messageQuota of restante.yaml.'),
  junkFilter: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe('Whether mail that looks like what the user has called junk goes to the mailbox for junk.'),
      threshold: accepting(z.number().gt(0.5).lt(1), 'a number above 0.5 and below 1', 0.95)
        .default(0.95)
        .describe('How probable it must be that a message is junk.'),
    })
    .prefault({})
    .describe('What the account learns from what its user moves and flags.'),
  fromIdAddresses: z
    .array(accepting(emailAddressValue.clone(), 'an address of the account', 'me@example.org'))
    .default([])
    .describe(
      'Mail from these addresses gets an envelope sender of its own for each message (me+<id>@), by which notices of failure are told from made up ones and matched to their message.',
    ),
  rejectsMailbox: accepting(
    mailboxNameValue.clone().refine((name) => name.toLowerCase() !== 'inbox'),
    'a mailbox name such as Rejects, other than Inbox',
    'Rejects',
  )
    .optional()
    .describe('Where mail that is refused is kept for some days, made when it does not exist. Without it, nowhere.'),
  keepRejects: z
    .boolean()
    .default(false)
    .describe(
      'Whether it stays there: otherwise for 14 days, the latest 1000 messages, and until it arrives after all.',
    ),
  introductionMailbox: accepting(
    mailboxNameValue.clone().refine((name) => name.toLowerCase() !== 'inbox'),
    'a mailbox name such as Introductions, other than Inbox',
    'Introductions',
  )
    .optional()
    .describe(
      'Where mail goes of senders that nothing is known of, made when it does not exist. Whoever is moved out of there is known from then on. Without it, where it is addressed to.',
    ),
  subjectPass: accepting(
    durationValue.clone().refine((ms) => ms >= 3_600_000 && ms <= 90 * 86_400_000),
    'a time from 1 h to 90 d, such as 7 d',
    '7 d',
  )
    .optional()
    .describe(
      'How long a token is good that lets in whoever a blocklist refuses: put into the subject. Without it, none is offered.',
    ),
  firstTimeSenderDelay: accepting(
    durationValue.clone().refine((ms) => ms <= limits.firstTimeDelayMs),
    'a time up to 5 m, such as 15 s; 0 for none',
    '15 s',
  )
    .default(15_000)
    .describe(
      'How long senders that nothing is known of wait for the reply to a message, before blocklists are asked.',
    ),
  outgoingWebhook: z
    .strictObject({
      ...webhookMembers,
      events: z
        .array(accepting(z.enum(webhookEvents), webhookEvents.join(', '), 'failed'))
        .default([...webhookEvents])
        .describe('What is told. Left out: everything.'),
    })
    .optional()
    .describe('A program that is told what becomes of the mail of the account.'),
  incomingWebhook: z
    .strictObject(webhookMembers)
    .optional()
    .describe('A program that is told of each message that is delivered to the account.'),
  loginDisabled: textValue.optional().describe('Refuse logins, with this text. Mail is still received.'),
  maxOutgoingMessagesPerDay: countValue.optional().describe('Otherwise as in restante.yaml.'),
  maxNewRecipientsPerDay: countValue.optional().describe('Otherwise as in restante.yaml.'),
  routes: routes
    .default([])
    .describe(
      "Ways out for mail from this account, before those of the sender's domain. The first one that fits counts.",
    ),
});

const alias = z.strictObject({
  members: z
    .array(emailAddressValue)
    .min(1)
    .describe('Addresses of accounts of this server that each get the message.'),
  description: textValue.optional().describe('For people.'),
  postPublic: z.boolean().default(false).describe('Whether others than the members may write to it.'),
  allowFrom: z.boolean().default(false).describe('Whether members may write from the address of the alias.'),
});

export const domainsSchema = z
  .strictObject({
    domains: mapping(domainNameValue, domain, { key: 'example.org' })
      .default({})
      .describe('Domains that this server receives mail for.'),
    accounts: mapping(accountNameValue, account, { key: 'me' })
      .default({})
      .describe('Accounts: each has its own mailboxes and password, kept in the data directory.'),
    aliases: mapping(
      accepting(emailAddressValue.clone(), 'an email address such as team@example.org', 'team@example.org'),
      alias,
      { key: 'team@example.org' },
    )
      .default({})
      .describe('Addresses that stand for several others.'),
    routes: routes
      .default([])
      .describe('Ways out for all mail, after those of account and domain, before "relay" of restante.yaml.'),
  })
  .describe('Domains, accounts and aliases of a Restante server; read again when the file changes.');

/** Settings of `domains.yaml` with defaults filled in. Sizes in bytes. */
export type DomainsSettings = z.output<typeof domainsSchema>;
export type AccountSettings = z.output<typeof account>;
export type AliasSettings = z.output<typeof alias>;
export type DomainSettings = z.output<typeof domain>;
export type RouteSettings = z.output<typeof routes>[number];
