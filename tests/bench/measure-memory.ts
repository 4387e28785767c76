import { readdirSync, readFileSync } from 'node:fs';

/** Proportional set size of a process and all below it, in bytes: memory that processes share is counted once. */
export function treeMemoryBytes(root: number): number {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended meanwhile.
    }
  }
  let bytes = 0;
  for (const waiting = [root]; waiting.length > 0; ) {
    const pid = waiting.pop() as number;
    waiting.push(...(children.get(pid) ?? []));
    try {
      const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
      bytes += Number(pss?.[1] ?? 0) * 1024;
    } catch {
      // It ended meanwhile.
    }
  }
  return bytes;
}
