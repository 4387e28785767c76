import type { LogMessage, Progress } from '../control/control-message.ts';
import { printJson } from './print-result.ts';
import { ProgressLine } from './progress-line.ts';
import type { ShownWork } from './shown-work.ts';

/** Listed in a JSON report; all are counted. */
const maxListed = 10_000;

const severities: Record<LogMessage['level'], string> = {
  debug: 'verbose',
  info: 'note',
  warn: 'warning',
  error: 'error',
};

/** Shows what a verification finds: at once for a person, all together as JSON. */
export class FindingReport implements ShownWork {
  readonly #line = new ProgressLine();
  readonly #json: boolean;
  readonly #findings: object[] = [];

  constructor(json: boolean) {
    this.#json = json;
  }

  show(progress: Progress): void {
    this.#line.show(progress);
  }

  log({ level, message, fields }: Pick<LogMessage, 'level' | 'message' | 'fields'>): void {
    if (!this.#json) {
      // Account, mailbox and path are in the message already.
      const { code, hint } = fields;
      const shown = { ...(code === undefined ? {} : { code }), ...(hint === undefined ? {} : { hint }) };
      this.#line.log({ level, message, fields: shown });
    } else if (this.#findings.length < maxListed) {
      this.#findings.push({ severity: severities[level], message, ...fields });
    }
  }

  clear(): void {
    this.#line.clear();
  }

  print(result: object): void {
    printJson({ ...result, findings: this.#findings });
  }
}
