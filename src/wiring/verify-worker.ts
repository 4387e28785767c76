import { parentPort, workerData } from 'node:worker_threads';
import { verifyData } from '../backup/verify-data.ts';
import type { Finding } from '../database/durable-part.ts';
import { durableParts } from './durable-parts.ts';
import { verifyConfig } from './verify-config.ts';
import type { LiveVerification, LiveVerificationEvent } from './verify-live.ts';

const { directory, databases, configDirectory, full } = workerData as LiveVerification;
const abort = new AbortController();
parentPort!.on('message', () => abort.abort(new Error('interrupted')));

function tell(event: LiveVerificationEvent): void {
  parentPort!.postMessage(event);
}

let lastProgressAt = 0;
const ofConfig = { error: 0, warning: 0, note: 0 };
try {
  const result = await verifyData(directory, {
    parts: durableParts(),
    databases,
    full,
    niceness: 10,
    signal: abort.signal,
    onFinding: (finding: Finding) => tell({ finding }),
    onProgress(progress) {
      const now = performance.now();
      if (now - lastProgressAt < 100) return;
      lastProgressAt = now;
      tell({ progress });
    },
  });
  for await (const finding of verifyConfig(configDirectory)) {
    ofConfig[finding.severity]++;
    tell({ finding });
  }
  const { errors, warnings, notes } = result;
  tell({
    result: {
      ...result,
      errors: errors + ofConfig.error,
      warnings: warnings + ofConfig.warning,
      notes: notes + ofConfig.note,
    },
  });
} catch (error) {
  tell({ error: error instanceof Error ? new Error(error.message) : error });
}
