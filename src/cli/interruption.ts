import { InterruptedError } from '../control/control-error.ts';

let signal: AbortSignal | undefined;

/**
 * Fires when the person at the terminal presses Ctrl-C, or the system asks the process to end. A second time ends the process
 * at once.
 */
export function interruption(): AbortSignal {
  if (signal !== undefined) return signal;
  const abort = new AbortController();
  signal = abort.signal;
  const stop = (): void => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort(new InterruptedError());
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return signal;
}
