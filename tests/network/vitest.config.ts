import { defineConfig } from 'vitest/config';
import '../keep-compiled-code.ts';

export default defineConfig({
  test: {
    include: ['tests/network/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
