import { z } from 'zod';
import { comparableDomain } from '../../config/address-text.ts';
import type { ReceivedTlsReport } from '../../reports/tls/received/received-tls-reports.ts';
import type { DueTlsReport } from '../../reports/tls/results/tls-results.ts';
import type { TlsPolicyReport } from '../../reports/tls/tls-report.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const limit = z.int().min(1).max(1000);
const listSchema = z.strictObject({
  domain: z.string().max(1000).optional(),
  /** Milliseconds: reports whose time ends after that. */
  from: z.int().nonnegative().optional(),
  limit,
});

/** Without strings and details: those are for one report. */
export type TlsReportList = ReceivedTlsReport[];
export type TlsResultList = (DueTlsReport & { policies: TlsPolicyReport[] })[];

type Services = Pick<ControlServices, 'tlsReports'>;

/** Received reports, the latest first. */
export function tlsReports({ tlsReports: { received } }: Services) {
  return controlCommand(listSchema, async ({ domain, from, limit }): Promise<TlsReportList> => {
    const comparable = domain === undefined ? undefined : (comparableDomain(domain) ?? domain);
    return await received.list({ domain: comparable, from, limit });
  });
}

/** Results that are being gathered for reports to other domains, those that are due first. */
export function tlsResults({ tlsReports: { results } }: Services) {
  return controlCommand(z.strictObject({ limit }), async ({ limit }): Promise<TlsResultList> => {
    const due = await results.due(undefined, limit);
    return await Promise.all(due.map(async (one) => ({ ...one, policies: await results.policies(one) })));
  });
}
