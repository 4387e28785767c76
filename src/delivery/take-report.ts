import type { MessageStructure } from '../message/structure.ts';
import { ReportFormatError } from '../reports/report-format-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Counter } from '../runtime/metrics.ts';
import type { IncomingMessage } from './incoming-message.ts';

/** What is special to one kind of reports. */
export interface ReportTaking<Report> {
  /** For the log: `DMARC report`. */
  readonly name: string;
  readonly counter: Counter;
  /** The domain that a message was shown to be from, well enough for such a report; undefined: it is not believed. */
  readonly senderOf: (message: IncomingMessage) => string | undefined;
  /** @throws ReportFormatError */
  readonly read: (message: Uint8Array, structure: MessageStructure) => Promise<Report>;
  /** What of a report is on domains of ours; undefined: nothing. */
  readonly ofOurs: (report: Report) => Report | undefined;
  readonly store: (taken: {
    sender: string;
    report: Report;
    now: number;
  }) => Promise<'stored' | 'duplicate' | 'too-many'>;
  /** For the log. */
  readonly describe: (report: Report) => Record<string, unknown>;
}

/**
 * Makes the function that takes the report out of a message to an address for reports. Nobody is believed who is not shown to have sent
 * it, and no report on a domain that isn't ours. Whatever is not taken is still delivered as any message.
 * @returns whether a report was taken, now or before
 * Source: RFC 9990 §5.6; RFC 8460 §5.3
 */
export function createTakeReport<Report>(
  kind: ReportTaking<Report>,
  options: { clock: Clock; log: Log },
): (message: IncomingMessage) => Promise<boolean> {
  const { clock, log } = options;
  const { name, counter } = kind;
  // One after the other: each may need some times `limits.reportBytes` of memory.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
  return async (message) => {
    const sender = kind.senderOf(message);
    const about = { ip: message.sender?.ip, from: message.sender?.author?.domain };
    if (sender === undefined) {
      counter.add(1, { result: 'unauthenticated' });
      log.info(about, `${name} not read: its message is not shown to be from its author`);
      return false;
    }
    return await inTurn(async () => {
      let report: Report;
      try {
        report = await readReport(message, kind.read);
      } catch (error) {
        if (!(error instanceof ReportFormatError)) throw error;
        counter.add(1, { result: 'broken' });
        log.warn({ ...about, err: error }, `${name} not read: its message is delivered as any other`);
        return false;
      }
      const named = { ...about, ...kind.describe(report) };
      const ours = kind.ofOurs(report);
      if (ours === undefined) {
        counter.add(1, { result: 'foreign' });
        log.info(named, `${name} not counted: it is on no domain of ours`);
        return false;
      }
      const result = await kind.store({ sender, report: ours, now: clock.now() });
      counter.add(1, { result });
      if (result === 'too-many') log.warn(named, `${name} not counted: its sender has sent too many today`);
      else log.info({ ...named, result }, `${name} received`);
      return result !== 'too-many';
    });
  };
}

async function readReport<Report>({ file }: IncomingMessage, read: ReportTaking<Report>['read']): Promise<Report> {
  const { sizeBytes, structure } = file;
  if (sizeBytes > limits.reportMessageBytes) throw new ReportFormatError(`the message has ${sizeBytes} bytes`);
  return await read(Buffer.concat(await Array.fromAsync(file.content())), structure);
}
