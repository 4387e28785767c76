#!/usr/bin/env node
// The launcher: plain JavaScript for any Node ≥ 18. It finds a Node ≥ 24 and runs the command line with it. The check has to
// come before any import of the server: the database library crashes older runtimes instead of refusing.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const required = 24;
const cli = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'cli', 'cli.ts');

function major(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10);
}

function carriedNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
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
  const child = spawn(path, [...process.execArgv, cli, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends its signals to the whole group; those sent to this process alone are passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Cannot start "${path}": ${error.message}`, `Put Node ${required} or newer on the PATH.`));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0) : code));
}
