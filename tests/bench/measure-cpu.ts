import { readFileSync } from 'node:fs';
import { processTree } from './process-tree.ts';

/** The kernel counts in hundredths of a second, whatever its own clock (USER_HZ). */
const tickMs = 10;

/** Processor time, user and system, of a process, all below it, and those of them that have ended: in milliseconds. */
export function treeCpuMs(root: number): number {
  let ticks = 0;
  for (const pid of processTree(root)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // After the name, which may hold anything: state is field 3; utime, stime, cutime and cstime are 14 to 17 (proc_pid_stat(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      for (const field of fields.slice(11, 15)) ticks += Number(field);
    } catch {
      // It ended meanwhile.
    }
  }
  return ticks * tickMs;
}
