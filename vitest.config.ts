import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'tests/server/**/*.test.ts'],
    isolate: false,
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Argon2 and key generation are the slow parts; two workers keep both cores of a small machine busy.
    maxWorkers: 2,
  },
});
