import type { DurablePart, Finding } from '../database/durable-part.ts';

export type { Finding };

export interface VerifyRequest {
  readonly parts: readonly DurablePart[];
  /** Parses every message again instead of a sample. */
  readonly full?: boolean;
  readonly signal: AbortSignal;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (progress: { phase: string; files: number; bytes: number }) => void;
}

export type FindingCount = Record<Finding['severity'], number>;

export interface VerifyResult {
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
}

/** Counts and tells what is found. */
export class Verification {
  readonly signal: AbortSignal;
  readonly #request: VerifyRequest;
  readonly #counts: FindingCount = { error: 0, warning: 0, note: 0 };
  #phase = '';
  #files = 0;
  #bytes = 0;

  constructor(request: VerifyRequest) {
    this.#request = request;
    this.signal = request.signal;
  }

  enter(phase: string): void {
    this.#phase = phase;
    this.read(0, 0);
  }

  read(files: number, bytes: number): void {
    this.#files += files;
    this.#bytes += bytes;
    this.#request.onProgress?.({ phase: this.#phase, files: this.#files, bytes: this.#bytes });
  }

  find(finding: Finding): void {
    this.#counts[finding.severity]++;
    this.#request.onFinding(finding);
  }

  counted(severity: Finding['severity']): number {
    return this.#counts[severity];
  }

  result(): VerifyResult {
    const { error: errors, warning: warnings, note: notes } = this.#counts;
    return { files: this.#files, bytes: this.#bytes, errors, warnings, notes };
  }
}
