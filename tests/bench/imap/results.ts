/** Measured values of one line of the table, by server. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly ours: number[];
  readonly theirs: number[];
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? Number.NaN;
}

function digits(value: number): string {
  if (Number.isNaN(value)) return '';
  return value.toFixed(value < 10 ? 2 : value < 1000 ? 1 : 0);
}

export function printTitle(title: string): void {
  console.log(`\n${title.padEnd(44)}${'Restante'.padStart(10)}${'Dovecot'.padStart(10)}${'ratio'.padStart(8)}`);
}

/** Medians, and ours by theirs. */
export function printRow({ name, unit, ours, theirs }: Measured): void {
  const ratio = median(ours) / median(theirs);
  const shown = Number.isNaN(ratio) ? '' : ratio.toFixed(2);
  console.log(
    `${name.padEnd(44)}${digits(median(ours)).padStart(10)}${digits(median(theirs)).padStart(10)}${shown.padStart(8)}  ${unit}`,
  );
}
