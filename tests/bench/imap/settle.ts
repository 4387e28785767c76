import { setTimeout as wait } from 'node:timers/promises';
import { treeCpuMs } from '../measure-cpu.ts';

const lookMs = 1000;
/** Processor time in a look that a server with nothing to do may take, its profiler included. */
const idleCpuMs = 300;
const mostLooks = 300;

/** Waits until a server has done what it does later: indexes that are made in the background. */
export async function settle(pid: number): Promise<void> {
  let quiet = 0;
  for (let look = 0; look < mostLooks && quiet < 3; look++) {
    const before = treeCpuMs(pid);
    await wait(lookMs);
    quiet = treeCpuMs(pid) - before <= idleCpuMs ? quiet + 1 : 0;
  }
}
