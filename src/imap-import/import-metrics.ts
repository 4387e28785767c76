import type { Metrics } from '../runtime/metrics.ts';
import type { ImapImportResult } from './import-tally.ts';

/** Counts what imports from other servers have brought. */
export class ImportMetrics {
  readonly #runs;
  readonly #messages;
  readonly #bytes;

  constructor(metrics: Metrics) {
    this.#runs = metrics.counter('restante_import_runs_total', 'Imports from other servers, by how they ended.');
    this.#messages = metrics.counter('restante_import_messages_total', 'Messages of imports, by what became of them.');
    this.#bytes = metrics.counter('restante_import_bytes_total', 'Bytes of messages that imports have added.');
  }

  count({ imported, bytes, matched, skipped, failed }: ImapImportResult): void {
    this.#messages.add(imported, { outcome: 'added' });
    this.#messages.add(matched, { outcome: 'matched' });
    this.#messages.add(skipped, { outcome: 'skipped' });
    this.#bytes.add(bytes);
    this.#runs.add(1, { outcome: skipped + failed.length > 0 ? 'incomplete' : 'complete' });
  }

  countFailed({ imported, bytes }: Pick<ImapImportResult, 'imported' | 'bytes'>): void {
    this.#messages.add(imported, { outcome: 'added' });
    this.#bytes.add(bytes);
    this.#runs.add(1, { outcome: 'failed' });
  }
}
