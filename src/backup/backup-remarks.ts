/** `error`: the backup will be incomplete. `warning`: no effect on the result. `verbose`: what is being done. */
export type ReportRemark = (
  severity: 'error' | 'warning' | 'verbose',
  text: string,
  fields?: Record<string, unknown>,
) => void;

/** Those kept word for word in the manifest; further ones are counted. */
const maxKept = 1000;

interface Kept {
  readonly first: string[];
  count: number;
}

/** What a backup has to say: told at once, and kept for the manifest. */
export class BackupRemarks {
  readonly errors: Kept = { first: [], count: 0 };
  readonly warnings: Kept = { first: [], count: 0 };
  readonly #report: ReportRemark;

  constructor(report: ReportRemark) {
    this.#report = report;
  }

  tell(text: string, fields: Record<string, unknown>): void {
    this.#report('verbose', text, fields);
  }

  warn(text: string, path?: string): void {
    this.#note('warning', this.warnings, text, path);
  }

  error(text: string, path: string): void {
    this.#note('error', this.errors, text, path);
  }

  #note(severity: 'error' | 'warning', kept: Kept, text: string, path: string | undefined): void {
    this.#report(severity, text, path === undefined ? {} : { path });
    kept.count++;
    if (kept.first.length < maxKept) kept.first.push(path === undefined ? text : `${text}: ${path}`);
  }
}
