import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Bytes of a path in `struct sockaddr_un` on Linux are 108 with the final zero; elsewhere 104. */
const longestPathBytes = 103;

/**
 * A path by which a unix socket can be reached however deep its directory is: on Linux through the open directory.
 * Dispose of it after the socket is closed.
 */
export async function socketPath(path: string): Promise<{ path: string } & AsyncDisposable> {
  if (Buffer.byteLength(path) <= longestPathBytes || process.platform !== 'linux') {
    return { path, [Symbol.asyncDispose]: async () => {} };
  }
  const directory = await open(dirname(path), 'r');
  return {
    path: `/proc/self/fd/${directory.fd}/${basename(path)}`,
    [Symbol.asyncDispose]: () => directory.close(),
  };
}
