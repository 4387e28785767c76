import { defineConfig } from 'vitest/config';
import '../keep-compiled-code.ts';

export default defineConfig({
  test: {
    include: ['tests/attacks/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
