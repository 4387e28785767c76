import { RestanteError } from '../runtime/errors.ts';

/** What came is no report that could be read. */
export class ReportFormatError extends RestanteError {
  constructor(detail: string, options: { cause?: unknown } = {}) {
    super('report-format', `Cannot read the report: ${detail}`, { cause: options.cause });
  }
}
