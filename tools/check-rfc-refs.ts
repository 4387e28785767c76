// Fails when code cites an RFC that docs/rfc-index.txt does not list, when a line there has not the right form, or when it lists
// an RFC that no code cites.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';

const indexFile = 'docs/rfc-index.txt';
/** `1234  yes|partly|ref  Title, and what is missing` */
const indexLine = /^(\d{3,5}) {2}(yes|partly|ref) +\S.*$/;

/** @returns one line for each fault */
export function checkRfcRefs(root: string): string[] {
  const faults: string[] = [];
  const listed = new Set<string>();
  for (const [at, line] of readFileSync(join(root, indexFile), 'utf8').split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const number = indexLine.exec(line)?.[1];
    if (number === undefined)
      faults.push(`${indexFile}:${at + 1}: not of the form "1234  yes|partly|ref  Title": ${line}`);
    else if (listed.has(number)) faults.push(`${indexFile}:${at + 1}: RFC ${number} is listed twice`);
    else listed.add(number);
  }
  const cited = new Map<string, string>();
  for (const file of globSync(['src/**/*.ts', 'tests/**/*.ts'], { cwd: root })) {
    for (const [, number = ''] of readFileSync(join(root, file), 'utf8').matchAll(/\bRFC[ -]?(\d{3,5})\b/g)) {
      if (!cited.has(number)) cited.set(number, file);
    }
  }
  for (const [number, file] of cited) {
    if (!listed.has(number)) faults.push(`${file}: cites RFC ${number}, which ${indexFile} does not list`);
  }
  for (const number of listed) {
    if (!cited.has(number)) faults.push(`${indexFile}: lists RFC ${number}, which no code cites`);
  }
  return faults;
}

if (argv[1] === import.meta.filename) {
  const faults = checkRfcRefs(dirname(import.meta.dirname));
  for (const fault of faults) console.error(fault);
  console.error(faults.length === 0 ? 'RFC references: OK' : `RFC references: ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
