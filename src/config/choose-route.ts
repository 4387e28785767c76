import { comparableDomain, splitAddress } from './address-text.ts';
import type { DomainsSettings, RouteSettings } from './domains-schema.ts';

/** What decides on the way out of a message for one recipient elsewhere. */
interface OutgoingMail {
  /** That submitted it. */
  account: string | undefined;
  /** Reverse-path; empty for the null one, which is from no domain. */
  sender: string;
  /** In any spelling, or an address literal. */
  recipientDomain: string;
  /** That have failed. */
  attempts: number;
}

/**
 * The first route that fits: of the account, then of the sender's domain, then of all mail.
 * @param mainDomain the configured name of a domain here, whose other names count as itself
 * @returns `direct`, `fail`, the name of a transport, or undefined when no route fits
 */
export function chooseRoute(
  mail: OutgoingMail,
  settings: Pick<DomainsSettings, 'accounts' | 'domains' | 'routes'>,
  mainDomain: (domain: string) => string | undefined,
): string | undefined {
  const senderDomain = splitAddress(mail.sender)?.domain;
  const ownDomain = senderDomain === undefined ? undefined : mainDomain(senderDomain);
  const lists = [
    mail.account === undefined ? undefined : settings.accounts[mail.account]?.routes,
    ownDomain === undefined ? undefined : settings.domains[ownDomain]?.routes,
    settings.routes,
  ];
  if (lists.every((routes) => routes === undefined || routes.length === 0)) return undefined;
  const from = senderDomain === undefined ? undefined : comparable(senderDomain);
  const to = comparable(mail.recipientDomain);
  for (const routes of lists) {
    const found = routes?.find((route) => fits(route, from, to, mail.attempts));
    if (found !== undefined) return found.transport;
  }
  return undefined;
}

function fits(route: RouteSettings, from: string | undefined, to: string, attempts: number): boolean {
  if (attempts < route.minimumAttempts) return false;
  if (route.fromDomains.length > 0 && !route.fromDomains.some((domain) => comparable(domain) === from)) return false;
  if (route.toDomains.length === 0) return true;
  return route.toDomains.some((domain) =>
    domain.startsWith('.') ? to.endsWith(`.${comparable(domain.slice(1))}`) : comparable(domain) === to,
  );
}

function comparable(domain: string): string {
  return comparableDomain(domain) ?? domain.toLowerCase();
}
