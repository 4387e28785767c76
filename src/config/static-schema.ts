import { z } from 'zod';
import type { limits } from '../runtime/limits.ts';
import { accepting, mapping } from './accepted-value.ts';
import {
  acceptedSize,
  accountNameValue,
  countValue,
  durationValue,
  fileValue,
  hostnameValue,
  ipAddressValue,
  logLevelValue,
  mailboxNameValue,
  nameValue,
  networkValue,
  portValue,
  serverAddressValue,
  sizeValue,
  textValue,
} from './values.ts';

/** The schema of `restante.yaml`: what only changes with a restart. */

function service(port: number, description: string) {
  return z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether the service runs. Naming a service is enough to enable it.'),
      port: portValue.default(port).describe('TCP port.'),
    })
    .optional()
    .describe(description);
}

const tls = z.strictObject({
  certificates: z
    .array(
      z.strictObject({
        certificateFile: accepting(
          fileValue.clone(),
          'a path; a relative one starts at the directory of this file',
          '/etc/ssl/mail.example.org.pem',
        ).describe('PEM file with the certificate, followed by its intermediate certificates.'),
        privateKeyFile: accepting(
          fileValue.clone(),
          'a path; a relative one starts at the directory of this file',
          '/etc/ssl/mail.example.org-key.pem',
        ).describe('PEM file with the private key of the certificate.'),
      }),
    )
    .default([])
    .describe('Certificates to choose from by the name the client asks for; the first one serves every other name.'),
  selfSigned: z
    .boolean()
    .default(false)
    .describe('Without certificates: use one that the server makes and signs itself, kept in the data directory.'),
  minimumVersion: z
    .enum(['TLSv1.2', 'TLSv1.3'])
    .default('TLSv1.2')
    .describe('Oldest TLS version accepted. RFC 8996 forbids those before 1.2.'),
});

const listener = z.strictObject({
  addresses: z
    .array(ipAddressValue)
    .min(1)
    .describe('IP addresses to listen at; "0.0.0.0" and "::" stand for all of the machine.'),
  hostname: hostnameValue.optional().describe('Name to greet with here; otherwise the "hostname" of the server.'),
  tls: tls.optional().describe('Certificates. Needed by every TLS service, and for STARTTLS on the others.'),
  proxyProtocolFrom: z
    .array(networkValue)
    .default([])
    .describe('Proxies that say whom a connection comes from, by PROXY protocol 1 or 2. Nobody else is believed.'),
  allowPlaintextAuth: z
    .boolean()
    .default(false)
    .describe('Accept passwords on connections without TLS. Only for loopback and tests.'),
  smtp: service(25, 'Mail from other servers.'),
  submission: service(587, 'Mail from users, STARTTLS (RFC 6409).'),
  submissions: service(465, 'Mail from users, TLS from the first byte (RFC 8314 §3.3).'),
  imap: service(143, 'Reading mail, STARTTLS.'),
  imaps: service(993, 'Reading mail, TLS from the first byte.'),
  http: service(80, 'Web pages, without TLS.'),
  https: service(443, 'Web pages, TLS.'),
  metrics: service(8010, 'Prometheus metrics at /metrics and health at /health. Keep it to internal addresses.'),
});

const transport = z.strictObject({
  kind: z
    .enum(['smtp', 'socks', 'direct', 'fail'])
    .default('smtp')
    .describe(
      '"smtp": all is handed to one server; "socks": to the MX of the recipient by a SOCKS 5 proxy, which looks up its address; "direct": to the MX of the recipient, from here; "fail": nowhere.',
    ),
  host: accepting(
    z.union([hostnameValue.clone(), ipAddressValue.clone()]),
    'a host name such as mail.example.org, or for "socks" also an IP address',
    'mail.example.org',
  )
    .optional()
    .describe('The server or the proxy. Needed by "smtp" and "socks".'),
  port: accepting(portValue.clone(), 'a port number, 0 (any free one) to 65535', 587)
    .optional()
    .describe('TCP port there. Left out: 587, of a proxy 1080.'),
  tls: z
    .enum(['required', 'implicit', 'opportunistic', 'none'])
    .default('required')
    .describe(
      'Of "smtp": "required": STARTTLS or no delivery; "implicit": TLS from the first byte, as on port 465; "opportunistic": STARTTLS where it is offered; "none".',
    ),
  username: textValue.optional().describe('Login, when the server wants one.'),
  passwordFile: accepting(
    fileValue.clone(),
    'a path; a relative one starts at the directory of this file',
    'smarthost.password',
  )
    .optional()
    .describe('File that holds the password of the login, on its first line.'),
  disableIPv4: z.boolean().default(false).describe('Of "direct": use no IPv4 addresses.'),
  disableIPv6: z.boolean().default(false).describe('Of "direct": use no IPv6 addresses.'),
  code: accepting(z.int().min(400).max(599), 'a code of SMTP from 400 to 599', 550)
    .default(550)
    .describe('Of "fail": the reply. With one below 500 mail waits, and is given up in the end.'),
  text: accepting(
    z.string().regex(/^[\x20-\x7e]{1,400}$/),
    'one line of ASCII, at most 400 characters',
    'This server does not send mail to you',
  )
    .optional()
    .describe('Of "fail": what the sender is told.'),
});

/** Limits of `runtime/limits.ts` that an operator may set. */
const operatorLimits = {
  messageBytes: accepting(sizeValue.clone(), acceptedSize, '100 MiB')
    .optional()
    .describe('Largest message accepted, in bytes.'),
  openConnections: accepting(countValue.clone(), 'a whole number, 1 or more', 30)
    .optional()
    .describe(
      'Connections that one address (IPv6: one /64) may have open at the same time, at SMTP and at IMAP each. Networks around it may have 3 and 9 times as many. This machine itself has no limit.',
    ),
  connectionsPerMinute: accepting(countValue.clone(), 'a whole number, 1 or more', 300)
    .optional()
    .describe('Connections that one address may make in a minute, at SMTP and at IMAP each; networks as above.'),
  failedLoginsPerMinute: accepting(countValue.clone(), 'a whole number, 1 or more', 10)
    .optional()
    .describe(
      'Failed logins of one address in a minute, and 5 times as many in a day, at all services together; networks as above.',
    ),
  failedLoginsPerAccount: accepting(countValue.clone(), 'a whole number, 1 or more', 100)
    .optional()
    .describe(
      'Failed logins of one account in an hour, from all addresses together. With more, its password is good only where it was used within the last 30 days; app passwords and certificates are good everywhere.',
    ),
  failedLoginDelay: durationValue
    .clone()
    .optional()
    .describe(
      'How long the answer to the first failed login of an address in a minute waits; the next ones wait longer, up to five times. Left out: 1 s. 0: not at all.',
    ),
  sessionsPerAccount: accepting(countValue.clone(), 'a whole number, 1 or more', 100)
    .optional()
    .describe(
      'Sessions that one account may have open at the same time, at IMAP and at submission each. Those from this machine itself are not counted.',
    ),
} satisfies Partial<Record<keyof typeof limits | 'failedLoginDelay', z.ZodType>>;

const specialUse = {
  Archive: mailboxNameValue.default('Archive').describe('Mail that is kept.'),
  Drafts: mailboxNameValue.default('Drafts').describe('Mail that is not finished.'),
  Junk: mailboxNameValue.default('Junk').describe('Mail that nobody wants.'),
  Sent: mailboxNameValue.default('Sent').describe('Copies of mail that was sent.'),
  Trash: mailboxNameValue.default('Trash').describe('Mail that was deleted.'),
};

export const staticSchema = z
  .strictObject({
    dataDirectory: accepting(
      fileValue.clone(),
      'a path; a relative one starts at the directory of this file',
      '../data',
    ).describe('Directory of all mail, queues and keys. Made on first start. Relative to this file.'),
    hostname: hostnameValue.describe('Full name of this machine in DNS: the MX of its domains, and its EHLO name.'),
    logLevel: logLevelValue.default('info').describe('Least severe messages to log.'),
    logLevels: mapping(nameValue, logLevelValue, { key: 'smtp-server', value: 'debug' })
      .default({})
      .describe('Levels of single parts of the server, otherwise "logLevel".'),
    postmaster: z
      .strictObject({
        account: accountNameValue.describe('Account of domains.yaml.'),
        mailbox: mailboxNameValue.default('Postmaster').describe('Mailbox, made when it does not exist.'),
      })
      .describe(
        'Where mail to postmaster goes, at this host and at each domain that has no such address (RFC 5321 §4.5.1).',
      ),
    adminPasswordFile: fileValue
      .default('adminpassword')
      .describe('File with the hash of the password for the administration pages; see "restante setadminpassword".'),
    listeners: mapping(nameValue, listener, { key: 'public' }).describe(
      'Where the server listens: sets of addresses with the services there, each under a name of your choice.',
    ),
    resolver: z
      .strictObject({
        servers: z
          .array(serverAddressValue)
          .default([])
          .describe(
            'DNS servers. Without any: those of /etc/resolv.conf. For DANE use a validating one on this machine.',
          ),
        timeout: durationValue.prefault('5 s').describe('How long to wait for one answer before asking again.'),
      })
      .prefault({})
      .describe('DNS.'),
    dnsBlocklists: z
      .array(accepting(hostnameValue.clone(), 'a domain name such as zen.spamhaus.org', 'zen.spamhaus.org'))
      .default([])
      .describe(
        'DNS blocklists (RFC 5782): mail from addresses that are on one is refused. Asked in this order; none by default.',
      ),
    trustedArcSealers: z
      .array(accepting(hostnameValue.clone(), 'a domain name such as lists.example.net', 'lists.example.net'))
      .default([])
      .describe(
        'Domains of forwarders and mailing lists that are believed who a message was from when it came to them (RFC 8617): what such a ' +
          'server has sealed is not refused by the DMARC policy of its author. Exactly these names, as in "d=" of ARC-Seal; none by default.',
      ),
    limits: z.strictObject(operatorLimits).prefault({}).describe('Limits that differ from the built-in ones.'),
    newAccounts: z
      .strictObject({
        mailboxes: z
          .array(accepting(mailboxNameValue.clone(), 'a mailbox name such as Lists/Work', 'Lists/Work'))
          .default([])
          .describe('Mailboxes made beside Inbox and those of "specialUse".'),
        specialUse: z
          .strictObject(specialUse)
          .prefault({})
          .describe('Mailboxes with a purpose that mail programs find by themselves (RFC 6154), by purpose.'),
      })
      .prefault({})
      .describe('What an account starts with.'),
    quota: sizeValue
      .optional()
      .describe('Most that an account may store, unless domains.yaml says otherwise for it. Left out: no limit.'),
    messageQuota: countValue
      .optional()
      .describe(
        'Most messages that an account may store, unless domains.yaml says otherwise for it. Left out: no limit.',
      ),
    maxOutgoingMessagesPerDay: countValue
      .optional()
      .describe(
        'Messages an account may send in 24 hours, counted once for each recipient. Keeps a stolen password from doing much harm.',
      ),
    maxNewRecipientsPerDay: countValue
      .optional()
      .describe('Recipients an account may write to for the first time in 24 hours.'),
    keepRetiredMessages: durationValue
      .prefault('7 d')
      .describe(
        'How long the queue remembers what became of each message, for "restante queue retired". Notices of failure that come in later than that say nothing to it. 0: not at all.',
      ),
    transports: mapping(nameValue, transport, { key: 'smarthost' })
      .default({})
      .describe(
        'Ways out other than delivery to the MX of the recipient, for "relay", and for "routes" of domains.yaml.',
      ),
    relay: accepting(nameValue.clone(), 'a name under "transports"', 'smarthost')
      .optional()
      .describe(
        'Transport for all mail that is not for this server and that no route is for. Left out: straight to the MX of the recipient.',
      ),
    dmarcReporting: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe(
            'Whether other domains get the reports they ask for on mail in their name (RFC 9990). Never in try-out mode.',
          ),
      })
      .prefault({})
      .describe('Reports to other domains. They come from postmaster at a domain that mail is signed for.'),
    tlsReporting: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe(
            'Whether other domains get the reports they ask for on TLS with their mail servers (RFC 8460). Never in try-out mode.',
          ),
      })
      .prefault({})
      .describe('Reports to other domains on TLS. They come from postmaster at a domain that mail is signed for.'),
    localserve: z
      .boolean()
      .default(false)
      .describe('Try-out mode: every recipient of every domain is accepted, nothing ever leaves this machine.'),
  })
  .describe('Static configuration of a Restante server; changes need a restart.');

/** Settings of `restante.yaml` with defaults filled in. Sizes in bytes, times in milliseconds. */
export type StaticSettings = z.output<typeof staticSchema>;
export type ListenerSettings = z.output<typeof listener>;
export type TransportSettings = z.output<typeof transport>;
