import { DiskFullError, MessageFileError } from './store-errors.ts';

/** @param action as in `Cannot write "…"`. @returns DiskFullError or MessageFileError */
export function toFileError(error: unknown, action: string, path: string): DiskFullError | MessageFileError {
  if (error instanceof DiskFullError || error instanceof MessageFileError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DiskFullError(action, path, error);
  const detail = code === 'ENOENT' ? 'it does not exist' : error instanceof Error ? error.message : String(error);
  return new MessageFileError(action, path, detail, error);
}
