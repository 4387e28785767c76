import type { LogMessage, Progress } from '../control/control-message.ts';

const clearLine = '\r\u001b[K';

/** One line on standard error that says how far a long command is: on a terminal only. Log lines go above it. */
export class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY === true;
  #shown = '';

  show(progress: Progress): void {
    if (!this.#isTerminal) return;
    const { step, done, total, unit } = progress;
    const width = process.stderr.columns ?? 80;
    let text = total === undefined ? `${step}: ${done} ${unit}` : `${step}: ${done} of ${total} ${unit}`;
    if (total !== undefined && total > 0) {
      const filled = Math.min(20, Math.floor((done / total) * 20));
      text = `[${'='.repeat(filled)}${' '.repeat(20 - filled)}] ${text}`;
    }
    this.#shown = text.slice(0, width - 1);
    process.stderr.write(`${clearLine}${this.#shown}`);
  }

  log({ level, message, fields }: Pick<LogMessage, 'level' | 'message' | 'fields'>): void {
    const details = Object.entries(fields).map(([key, value]) => {
      return `; ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
    });
    const prefix = level === 'error' ? 'error: ' : level === 'warn' ? 'warning: ' : '';
    const above = this.#shown === '' ? '' : clearLine;
    process.stderr.write(`${above}${prefix}${message}${details.join('')}\n${this.#shown}`);
  }

  clear(): void {
    if (this.#shown !== '') process.stderr.write(clearLine);
    this.#shown = '';
  }
}
