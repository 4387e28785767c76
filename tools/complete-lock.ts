// Adds to package-lock.json the optional packages for other platforms that the lock names but does not hold. npm leaves them out
// where the registry in use lacks them, and then refuses `npm ci` on every platform. Run it after each `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';

interface LockedPackage {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const platformName =
  /[-/](?<os>android|darwin|freebsd|linux|openharmony|win32)-(?<cpu>arm64|arm|ia32|ppc64|riscv64|s390x|x64)(?:-(?<abi>[a-z]+))?$/;

/** @returns names of the packages that were added */
export function completeLock(packages: Record<string, LockedPackage>): string[] {
  const added: string[] = [];
  for (const holder of Object.values(packages)) {
    for (const [name, version] of Object.entries(holder.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      const platform = platformName.exec(name)?.groups;
      if (packages[path] !== undefined || platform === undefined || !/^\d/.test(version)) continue;
      const { os = '', cpu = '', abi = '' } = platform;
      packages[path] = {
        version,
        ...(holder.dev === true ? { dev: true } : {}),
        optional: true,
        os: [os],
        cpu: [cpu],
        ...(os === 'linux' ? { libc: [abi.startsWith('musl') ? 'musl' : 'glibc'] } : {}),
      };
      added.push(name);
    }
  }
  return added;
}

if (argv[1] === import.meta.filename) {
  const path = join(dirname(import.meta.dirname), 'package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockedPackage> };
  const added = completeLock(lock.packages);
  const [root = ['', {}], ...rest] = Object.entries(lock.packages);
  rest.sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries([root, ...rest]);
  if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.error(`package-lock.json: ${added.length} packages for other platforms added`);
}
