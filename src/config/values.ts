import { isIP } from 'node:net';
import { z } from 'zod';
import { logLevels } from '../runtime/log.ts';
import { accepting } from './accepted-value.ts';
import { isDomainName, isEmailAddress } from './address-text.ts';

/** The kinds of values that the configuration files hold, each with what it accepts. */

const sizeUnits: Record<string, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const timeUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function withUnit(text: string, units: Record<string, number>): number | undefined {
  const [, digits, unit] = /^(\d{1,12}(?:\.\d{1,6})?)\s*([A-Za-z]+)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  const value = Math.round(Number(digits) * units[unit]);
  return Number.isSafeInteger(value) ? value : undefined;
}

function quantity(units: Record<string, number>): z.ZodType<number, string | number> {
  return z.union([z.int().nonnegative(), z.string()]).transform((given, context) => {
    const value = typeof given === 'number' ? given : withUnit(given, units);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'not a quantity' });
    return z.NEVER;
  });
}

export const acceptedSize = 'a size in bytes, or with a unit such as 500 kB, 100 MiB, 10 GB';

/** Output in bytes. */
export const sizeValue = accepting(quantity(sizeUnits), acceptedSize, '10 GiB');

/** Output in milliseconds. */
export const durationValue = accepting(
  quantity(timeUnits),
  'a time in milliseconds, or with a unit such as 500 ms, 30 s, 5 m, 4 h, 7 d',
  '30 s',
);

export const countValue = accepting(z.int().positive(), 'a whole number, 1 or more', 1000);

export const portValue = accepting(z.int().min(0).max(65_535), 'a port number, 0 (any free one) to 65535');

export const logLevelValue = accepting(z.enum(logLevels), logLevels.join(', '), 'info');

export const textValue = accepting(z.string().max(10_000), 'text', 'text');

export const fileValue = accepting(
  z
    .string()
    .min(1)
    .max(4096)
    .refine((path) => !path.includes('\0')),
  'a path; a relative one starts at the directory of this file',
);

/** HTTP in the clear only within this machine. A name or password in the URL would be seen in lists and logs. */
export const webhookUrlValue = accepting(
  z
    .string()
    .max(2000)
    .refine((text) => {
      const url = URL.parse(text);
      if (url === null || url.username !== '' || url.password !== '') return false;
      if (url.protocol === 'https:') return true;
      return url.protocol === 'http:' && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
    }),
  'a URL that starts with https://, or with http:// and names this machine, without login',
  'https://hooks.example.org/mail',
);

export const ipAddressValue = accepting(
  z.string().refine((text) => isIP(text) !== 0),
  'an IPv4 or IPv6 address such as 192.0.2.1 or "2001:db8::1"',
  '127.0.0.1',
);

export const networkValue = accepting(
  z.string().refine((text) => {
    const [base = '', prefix, ...more] = text.split('/');
    const bits = isIP(base) === 4 ? 32 : 128;
    if (isIP(base) === 0 || more.length > 0) return false;
    return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  }),
  'an IP address or a network such as 192.0.2.0/24 or "2001:db8::/32"',
  '192.0.2.0/24',
);

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`. */
export const serverAddressValue = accepting(
  z.string().refine((text) => {
    if (isIP(text) !== 0) return true;
    const [, six, four, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
    const isAddress = isIP(four ?? '') === 4 || isIP(six ?? '') === 6;
    return isAddress && Number(port) > 0 && Number(port) < 65_536;
  }),
  'an IP address, or one with a port such as 192.0.2.1:53 or "[2001:db8::1]:53"',
  '127.0.0.1',
);

export const domainNameValue = accepting(
  z.string().refine(isDomainName),
  'a domain name such as example.org',
  'example.org',
);

export const hostnameValue = accepting(
  z.string().refine(isDomainName),
  'a host name such as mail.example.org',
  'mail.example.org',
);

export const emailAddressValue = accepting(
  z.string().refine(isEmailAddress),
  'an email address such as me@example.org',
  'me@example.org',
);

/** An account's name is a directory's name: nothing that a file system could read as anything else. */
export const accountNameValue = accepting(
  z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  'an account name: 1 to 64 of a-z, 0-9, ".", "_", "-", starting with a letter or digit',
  'me',
);

/** Names that operators choose for listeners, transports and DKIM selectors. */
export const nameValue = accepting(
  z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i),
  'a name: 1 to 64 letters, digits, ".", "_", "-", starting with a letter or digit',
);

export const mailboxNameValue = accepting(
  z
    .string()
    .min(1)
    .max(500)
    .refine((name) => name.split('/').every((part) => part !== '' && part !== '.' && part !== '..'))
    .refine((name) => !/[\u0000-\u001f\u007f*%#]/.test(name)),
  'a mailbox name such as Inbox or Lists/Work, without control characters, "*", "%", "#" and empty parts',
  'Inbox',
);
