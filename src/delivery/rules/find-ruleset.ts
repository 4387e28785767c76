import { unicodeDomain } from '../../message/domain.ts';
import { splitHeader, unfold } from '../../message/header-fields.ts';
import { decodeHeaderText } from '../../message/header-text.ts';
import { inNetwork } from '../../runtime/address-range.ts';
import { limits } from '../../runtime/limits.ts';
import { readHeader } from '../delivered-to.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import { type Author, messageAuthors } from '../message-authors.ts';
import { verifiedDomains } from '../verified-domains.ts';
import { matchesPattern } from './matches-pattern.ts';
import type { Ruleset } from './ruleset.ts';

/** What rulesets ask of a message; found out once for all recipients. */
export interface RulesetFacts {
  /** In the forms in which it may be written; the null sender is `<>`. */
  readonly mailFrom: readonly string[];
  readonly authors: readonly string[];
  readonly verifiedDomains: readonly string[];
  readonly clientAddress: string | undefined;
  /** Values by name in lower case. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

export async function rulesetFacts(message: IncomingMessage): Promise<RulesetFacts> {
  const header = (await readHeader(message)).toString('latin1');
  const { sender } = message.envelope;
  const fields = new Map<string, string[]>();
  for (const { name, valueStart, end } of splitHeader(header)) {
    const values = fields.get(name) ?? [];
    if (name === '' || values.length >= limits.ruleFields) continue;
    const value = unfold(header.slice(valueStart, Math.min(end, valueStart + limits.ruleFieldCharacters)));
    values.push(decodeHeaderText(value));
    fields.set(name, values);
  }
  return {
    mailFrom: sender === undefined ? ['<>'] : writtenForms(sender),
    authors: messageAuthors(header).flatMap(writtenForms),
    verifiedDomains: message.sender === undefined ? [] : verifiedDomains(message.sender),
    clientAddress: message.reception.remoteAddress,
    fields,
  };
}

/** @returns the first ruleset that is for the message */
export function findRuleset(rulesets: readonly Ruleset[], facts: RulesetFacts): Ruleset | undefined {
  return rulesets.find((ruleset) => isFor(ruleset, facts));
}

function isFor(ruleset: Ruleset, facts: RulesetFacts): boolean {
  const { smtpMailFrom, msgFrom, verifiedDomain, clientNetworks, headers, listAllowDomain } = ruleset;
  const { clientAddress, fields } = facts;
  const fits = (pattern: string | undefined, texts: readonly string[] = []): boolean =>
    pattern === undefined || texts.some((text) => matchesPattern(pattern, text));
  const isVerified = (domain: string | undefined): boolean =>
    domain === undefined || facts.verifiedDomains.some((known) => `.${known}`.endsWith(`.${domain}`));
  return (
    fits(smtpMailFrom, facts.mailFrom) &&
    fits(msgFrom, facts.authors) &&
    isVerified(verifiedDomain) &&
    (clientNetworks === undefined ||
      (clientAddress !== undefined && clientNetworks.some((network) => inNetwork(clientAddress, network)))) &&
    Object.entries(headers).every(([name, pattern]) => fits(pattern, fields.get(name.toLowerCase()))) &&
    (listAllowDomain === undefined || (isVerified(listAllowDomain) && isOfList(fields)))
  );
}

/** RFC 2919 §3, RFC 2369 §3.4; `Precedence` is what lists had before these. */
function isOfList(fields: RulesetFacts['fields']): boolean {
  return fields.has('list-id') || fields.has('list-post') || fields.get('precedence')?.includes('list') === true;
}

/** With A-labels and U-labels: a pattern may have either. */
function writtenForms({ localpart, domain }: Author): string[] {
  return [...new Set([`${localpart}@${domain}`, `${localpart}@${unicodeDomain(domain.toLowerCase())}`])];
}
