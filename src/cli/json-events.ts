import type { LogMessage, Progress } from '../control/control-message.ts';
import { ProgressRate } from './progress-rate.ts';
import type { ShownWork } from './shown-work.ts';

const names: Record<LogMessage['level'], string> = { debug: 'verbose', info: 'note', warn: 'warning', error: 'error' };

/** For programs: one JSON object a line on standard output, `event` says what it is; the last is the result. */
export class JsonEvents implements ShownWork {
  readonly #rate = new ProgressRate();

  show(progress: Progress): void {
    const { step, done, total, unit, bytes, totalBytes } = progress;
    this.#write('progress', { step, done, total, unit, bytes, totalBytes, ...this.#rate.of(progress) });
  }

  log({ level, message, fields }: Pick<LogMessage, 'level' | 'message' | 'fields'>): void {
    this.#write(names[level], { message, ...fields });
  }

  clear(): void {}

  result(result: object): void {
    this.#write('result', result);
  }

  #write(event: string, fields: object): void {
    process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
  }
}
