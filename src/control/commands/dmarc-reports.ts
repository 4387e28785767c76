import { z } from 'zod';
import { comparableDomain } from '../../config/address-text.ts';
import type { ReportRecord } from '../../reports/dmarc/aggregate-report.ts';
import type { ReceivedReport } from '../../reports/dmarc/received/received-reports.ts';
import { limits } from '../../runtime/limits.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const listSchema = z.strictObject({
  domain: z.string().max(1000).optional(),
  /** Milliseconds: reports whose time ends after that. */
  from: z.int().nonnegative().optional(),
  limit: z.int().min(1).max(1000),
});

export type DmarcReportList = ReceivedReport[];
export type DmarcReportRecords = ReportRecord[];

type Services = Pick<ControlServices, 'dmarcReports'>;

/** Received reports, the latest first. */
export function dmarcReports({ dmarcReports: { received } }: Services) {
  return controlCommand(listSchema, async ({ domain, from, limit }): Promise<DmarcReportList> => {
    const comparable = domain === undefined ? undefined : (comparableDomain(domain) ?? domain);
    return await received.list({ domain: comparable, from, limit });
  });
}

/** The records of one report, as many as one reply has room for. */
export function dmarcReportRecords({ dmarcReports: { received } }: Services) {
  return controlCommand(z.strictObject({ id: z.int() }), async ({ id }): Promise<DmarcReportRecords> => {
    let bytes = 0;
    const records = await received.records(id);
    const most = records.findIndex((record) => {
      bytes += Buffer.byteLength(JSON.stringify(record)) + 1;
      return bytes > limits.controlReplyBytes / 2;
    });
    return most === -1 ? records : records.slice(0, most);
  });
}
