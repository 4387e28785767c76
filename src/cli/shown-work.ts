import type { LogMessage, Progress } from '../control/control-message.ts';

/** Shows what a long command says while it works. */
export interface ShownWork {
  show(progress: Progress): void;
  log(line: Pick<LogMessage, 'level' | 'message' | 'fields'>): void;
  /** The work has ended. */
  clear(): void;
}
