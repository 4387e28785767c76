import { defineConfig } from 'vitest/config';
import '../keep-compiled-code.ts';

export default defineConfig({
  test: {
    include: ['tests/faults/**/*.test.ts', 'src/store/restore/restore-model.test.ts'],
    env: { RESTANTE_RESTORES: process.env.RESTANTE_RESTORES ?? '200' },
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
