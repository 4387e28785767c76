import { randomBytes } from 'node:crypto';

const processPart = randomBytes(8).toString('hex');
let lastNumber = 0;

/** A name in `tmp/` that nobody else has or will guess. */
export function temporaryName(): string {
  return `${processPart}-${++lastNumber}`;
}
