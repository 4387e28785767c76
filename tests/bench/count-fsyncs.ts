import { spawn } from 'node:child_process';
import { processTree } from './process-tree.ts';
import { endProcess, runProgram } from './run-program.ts';

/** @returns how often a process and all below it call fsync or fdatasync while `work` runs; undefined without strace */
export async function countFsyncs(pid: number, work: () => Promise<void>): Promise<number | undefined> {
  const found = await runProgram('/bin/sh', ['-c', 'command -v strace']).catch(() => undefined);
  if (found === undefined) return undefined;
  const strace = spawn('strace', [
    '-f',
    ...processTree(pid).flatMap((each) => ['-p', String(each)]),
    '-e',
    'trace=fsync,fdatasync',
    '-qq',
  ]);
  let count = 0;
  let rest = '';
  strace.stderr.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    count += lines.filter((line) => /\b(fsync|fdatasync)\(/.test(line)).length;
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  try {
    await work();
  } finally {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await endProcess(strace, 'SIGINT');
  }
  return count;
}
