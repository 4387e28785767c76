import type { LogMessage, Progress } from '../control/control-message.ts';
import { sizeText } from './print-result.ts';
import { printableName } from './printable-name.ts';
import { ProgressRate } from './progress-rate.ts';
import type { ShownWork } from './shown-work.ts';

const clearLine = '\r\u001b[K';
const barLength = 20;

/** One line on standard error that says how far a long command is: on a terminal only. Log lines go above it. */
export class ProgressLine implements ShownWork {
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #rate = new ProgressRate();
  #shown = '';

  show(progress: Progress): void {
    if (!this.#isTerminal) return;
    const { step, done, total, unit, bytes } = progress;
    const width = process.stderr.columns ?? 80;
    let text = total === undefined ? `${step}: ${done} ${unit}` : `${step}: ${done} of ${total} ${unit}`;
    if (total !== undefined && total > 0) {
      const filled = Math.min(barLength, Math.floor((done / total) * barLength));
      text = `[${'='.repeat(filled)}${' '.repeat(barLength - filled)}] ${text}`;
    }
    const { bytesPerSecond, secondsLeft } = this.#rate.of(progress);
    if (bytes !== undefined && bytes > 0) text += `, ${sizeText(bytes)}`;
    if (bytesPerSecond !== undefined && bytesPerSecond > 0) text += `, ${sizeText(bytesPerSecond)}/s`;
    if (secondsLeft !== undefined) text += `, ${timeText(secondsLeft)} left`;
    this.#shown = printableName(text).slice(0, width - 1);
    process.stderr.write(`${clearLine}${this.#shown}`);
  }

  log({ level, message, fields }: Pick<LogMessage, 'level' | 'message' | 'fields'>): void {
    const details = Object.entries(fields).map(([key, value]) => {
      return `; ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
    });
    const prefix = level === 'error' ? 'error: ' : level === 'warn' ? 'warning: ' : '';
    const above = this.#shown === '' ? '' : clearLine;
    process.stderr.write(`${above}${prefix}${printableName(message + details.join(''))}\n${this.#shown}`);
  }

  clear(): void {
    if (this.#shown !== '') process.stderr.write(clearLine);
    this.#shown = '';
  }
}

/** `1:02:03` or `2:03` */
function timeText(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
