import { createSmallFilesPart } from '../backup/small-files-part.ts';
import type { DurablePart } from '../database/durable-part.ts';
import { createJunkPart } from '../junk/junk-part.ts';
import { createQueuePart } from '../queue/queue-part.ts';
import { createDmarcEvaluationPart } from '../reports/dmarc/evaluations/evaluation-part.ts';
import { createReceivedDmarcPart } from '../reports/dmarc/received/received-part.ts';
import { createMtaStsPart } from '../reports/mta-sts/mta-sts-part.ts';
import { createReceivedTlsPart } from '../reports/tls/received/received-part.ts';
import { createTlsResultPart } from '../reports/tls/results/results-part.ts';
import { isUnfinishedWrite } from '../runtime/durable-file.ts';
import { createAuthPart } from '../store/login-attempts/auth-part.ts';
import { createSharingPart } from '../store/sharing/sharing-part.ts';
import { createStorePart } from '../store/store-part.ts';
import { wrongWithLastBackup } from './last-backup.ts';

/** Of the data directory's layout. A server doesn't touch a directory with a greater one. */
export const dataFormat = 1;
export const receivedIdKeyBytes = 16;
export const decoyKeyBytes = 32;

/** Every part that keeps something in the data directory: together they own each of its files. */
export function durableParts(options: { configuredAccounts?: () => ReadonlySet<string> } = {}): DurablePart[] {
  return [
    createSmallFilesPart('server', [
      { path: 'version', required: true, wrongWith: wrongWithVersion },
      { path: 'receivedid.key', required: true, wrongWith: wrongLength(receivedIdKeyBytes) },
      { path: 'decoy.key', required: true, wrongWith: wrongLength(decoyKeyBytes) },
      { path: 'tls/selfsigned.pem', required: false },
      { path: 'tls/selfsigned-key.pem', required: false },
    ]),
    processPart,
    createAuthPart(),
    createQueuePart(),
    createStorePart(options.configuredAccounts),
    createSharingPart(),
    createJunkPart(),
    createReceivedDmarcPart(),
    createDmarcEvaluationPart(),
    createMtaStsPart(),
    createReceivedTlsPart(),
    createTlsResultPart(),
  ];
}

/** What belongs to this server in this place only, such as when it was last backed up: never backed up, and never opened, since closing the lock's file would let it go. */
const processPart: DurablePart = {
  name: 'process',
  owns: (path) =>
    /^(?:ctl|lock|lock-journal|backups\.json)$/.test(path) || path.startsWith('tmp/') || isUnfinishedWrite(path),
  async captureAtInstant() {},
  async *capture() {},
  async *verify(directory) {
    const wrong = await wrongWithLastBackup(directory);
    if (wrong === undefined) return;
    const message = `The file "backups.json" ${wrong}`;
    const hint = 'The next backup writes it anew.';
    yield { severity: 'error', code: 'last-backup-unknown', message, path: 'backups.json', hint };
  },
};

/** What the file "version" says; undefined when it says nothing. */
export function formatOf(text: string): number | undefined {
  try {
    const { format } = JSON.parse(text) as { format?: unknown };
    return typeof format === 'number' ? format : undefined;
  } catch {
    return undefined;
  }
}

function wrongWithVersion(bytes: Buffer): string | undefined {
  const format = formatOf(bytes.toString('utf8'));
  if (format === undefined) return 'names no format';
  return format > dataFormat ? `names format ${format}, and this version knows up to ${dataFormat}` : undefined;
}

function wrongLength(length: number): (bytes: Buffer) => string | undefined {
  return (bytes) => (bytes.length === length ? undefined : `has ${bytes.length} bytes instead of ${length}`);
}
