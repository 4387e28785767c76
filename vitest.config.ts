import { defineConfig } from 'vitest/config';
import './tests/keep-compiled-code.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'tests/server/**/*.test.ts'],
    isolate: false,
    pool: 'forks',
    // To end what hangs. What is quick alone takes several times as long beside other work on a small machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // Real processes, sockets and clocks: a test that fails is tried once more before it counts, and the output says so.
    retry: 1,
    // Servers and commands that tests start are the slow part; a third worker keeps both cores of a small machine busy while others wait
    // for disks and clocks.
    maxWorkers: 3,
  },
});
