#!/usr/bin/env node
// The launcher: plain JavaScript for any Node ≥ 18. It finds a Node ≥ 24 and runs the command line with it. The check has to
// come before any import of the server: the database library crashes older runtimes instead of refusing.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const required = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, 'src', 'cli', 'cli.ts');

const args = process.argv.slice(2);
// What runs for months gets memory settings that Node takes at its start only. Measured under load: half the memory, at the same
// speed. glibc gives each thread a heap of its own, and keeps what was freed; V8 lets new objects fill 48 MiB a thread. What is not kept
// is asked of the system again: in large pages that costs argon2, which fills 19 MiB for each password, a fifth of its time less.
const serves = args.includes('serve') || args.includes('localserve');
const flags = serves ? ['--max-semi-space-size=8'] : [];
// Compiled code is kept beside the sources, where that can be written: a command then starts in half the time.
const compiled = join(root, 'node_modules', '.cache', 'restante');
const environment = {
  NODE_COMPILE_CACHE: compiled,
  ...(serves
    ? { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072', GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' }
    : {}),
  ...process.env,
};

function major(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10);
}

function carriedNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    const manifest = nodeModule.createRequire(import.meta.url).resolve(`${name}/package.json`);
    const path = join(dirname(manifest), 'bin', 'node');
    return existsSync(path) ? { name, path } : { name };
  } catch {
    return { name };
  }
}

function fail(message, hint) {
  process.stderr.write(`restante: ${message}\n  ${hint}\n`);
  process.exit(1);
}

if (major(process.version) >= required) {
  const command = [process.execPath, ...flags, ...process.execArgv, cli, ...args];
  // The same process goes on as the server. Where it can't (Windows), it runs with what it has.
  if (serves && process.execve !== undefined) process.execve(process.execPath, command, environment);
  nodeModule.enableCompileCache?.(environment.NODE_COMPILE_CACHE);
  // Threads look for it here: each starts in half the time.
  process.env.NODE_COMPILE_CACHE = environment.NODE_COMPILE_CACHE;
  await import(cli);
} else {
  const { name, path } = carriedNode();
  if (path === undefined) {
    fail(
      `Cannot start: Node ${required} or newer is needed, this is ${process.version}, and the package "${name}" that carries one is not installed`,
      `Run "npm ci" in the project (without --omit=optional), or put Node ${required} or newer on the PATH.`,
    );
  }
  const probe = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (probe.status !== 0 || major(probe.stdout) < required) {
    fail(
      `Cannot start: the carried runtime "${path}" does not run here: ${(probe.error?.message ?? probe.stderr ?? '').trim()}`,
      `Put Node ${required} or newer on the PATH.`,
    );
  }
  const child = spawn(path, [...flags, ...process.execArgv, cli, ...args], { stdio: 'inherit', env: environment });
  // A terminal sends its signals to the whole group; those sent to this process alone are passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) =>
    fail(`Cannot start "${path}": ${error.message}`, `Put Node ${required} or newer on the PATH.`),
  );
  child.on('exit', (code, signal) =>
    process.exit(signal ? 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0) : code),
  );
}
