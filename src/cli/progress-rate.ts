import type { Progress } from '../control/control-message.ts';

/** Works out how fast a long command is, since its first progress, and when it will be done. */
export class ProgressRate {
  #startedAt: number | undefined;

  of({ done, total, bytes, totalBytes }: Progress): { bytesPerSecond?: number; secondsLeft?: number } {
    const now = performance.now();
    this.#startedAt ??= now;
    const elapsed = (now - this.#startedAt) / 1000;
    if (elapsed < 0.5) return {};
    // Files cost time whatever their size, bytes whatever their number: half and half is near enough.
    const shares = [share(done, total), share(bytes, totalBytes)].filter((each) => each !== undefined);
    const part = shares.reduce((sum, each) => sum + each, 0) / shares.length;
    return {
      ...(bytes === undefined ? {} : { bytesPerSecond: Math.round(bytes / elapsed) }),
      ...(part > 0.01 ? { secondsLeft: Math.round((elapsed * (1 - part)) / part) } : {}),
    };
  }
}

function share(done: number | undefined, total: number | undefined): number | undefined {
  return done === undefined || total === undefined || total === 0 ? undefined : Math.min(1, done / total);
}
