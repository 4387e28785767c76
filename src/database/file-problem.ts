import type { FileProblem } from './durable-part.ts';

/** The wording of what can be wrong with a file. */
export const fileProblem = {
  notAFile: () => ({ kind: 'not-a-file', detail: 'is not a regular file' }) as const,
  fromError({ code, message }: { code?: string | undefined; message: string }): Omit<FileProblem, 'at'> {
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing', detail: 'is missing' };
    // Reading a directory or an open pipe fails so.
    if (code === 'NOT_A_FILE' || code === 'ELOOP' || code === 'EISDIR' || code === 'EAGAIN')
      return fileProblem.notAFile();
    return { kind: 'unreadable', detail: `can't be read: ${message}` };
  },
  compare(
    expected: { sizeBytes: number; sha256: string },
    found: { sizeBytes: number; sha256: string },
  ): Omit<FileProblem, 'at'> | undefined {
    if (found.sizeBytes !== expected.sizeBytes) {
      return { kind: 'size', detail: `has ${found.sizeBytes} bytes, not ${expected.sizeBytes}` };
    }
    if (found.sha256 === expected.sha256) return undefined;
    return { kind: 'sha256', detail: 'was changed: its SHA-256 is not the one that it was stored with' };
  },
};
