export interface ProgressReport {
  readonly phase: string;
  readonly files: number;
  /** Expected, until more are there. */
  readonly totalFiles: number;
  /** Copied; linked files have none. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** How far a backup is. The totals are what was expected, and grow with what is found. */
export class BackupProgress {
  readonly #expected: { readonly files: number; readonly bytes: number };
  readonly #onProgress: ((report: ProgressReport) => void) | undefined;
  #phase = 'snapshot';
  #files = 0;
  #bytes = 0;

  constructor(expected: { files: number; bytes: number }, onProgress: ((report: ProgressReport) => void) | undefined) {
    this.#expected = expected;
    this.#onProgress = onProgress;
  }

  enter(phase: string): void {
    this.#phase = phase;
    this.#tell();
  }

  add(done: { files?: number; bytes?: number }): void {
    this.#files += done.files ?? 0;
    this.#bytes += done.bytes ?? 0;
    this.#tell();
  }

  #tell(): void {
    this.#onProgress?.({
      phase: this.#phase,
      files: this.#files,
      totalFiles: Math.max(this.#files, this.#expected.files),
      bytes: this.#bytes,
      totalBytes: Math.max(this.#bytes, this.#expected.bytes),
    });
  }
}
