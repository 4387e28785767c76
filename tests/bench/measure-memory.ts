import { readFileSync } from 'node:fs';
import { processTree } from './process-tree.ts';

/** Proportional set size of a process and all below it, in bytes: memory that processes share is counted once. */
export function treeMemoryBytes(root: number): number {
  let bytes = 0;
  for (const pid of processTree(root)) {
    try {
      const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
      bytes += Number(pss?.[1] ?? 0) * 1024;
    } catch {
      // It ended meanwhile.
    }
  }
  return bytes;
}
