import { expect, it } from 'vitest';
import { completeLock } from './complete-lock.ts';

it('adds the packages for other platforms that are named and missing, and nothing else', () => {
  const packages = {
    'node_modules/tool': {
      dev: true,
      optionalDependencies: {
        '@tool/cli-linux-x64-musl': '1.2.3',
        '@tool/cli-win32-arm64': '1.2.3',
        colours: '^2.0.0',
      },
    },
    'node_modules/@tool/cli-win32-arm64': { version: '1.2.3' },
  };
  expect(completeLock(packages)).toEqual(['@tool/cli-linux-x64-musl']);
  expect(packages).toHaveProperty(['node_modules/@tool/cli-linux-x64-musl'], {
    version: '1.2.3',
    dev: true,
    optional: true,
    os: ['linux'],
    cpu: ['x64'],
    libc: ['musl'],
  });
});
