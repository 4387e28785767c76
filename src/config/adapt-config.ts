import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseDocument } from 'yaml';
import { writeDurably } from '../runtime/durable-file.ts';

/**
 * Makes a restored `restante.yaml` name the data directory that was restored with it. Comments stay.
 * @param directory where the file is now
 * @param finalDirectory where it will be: a relative path in it starts there
 */
export async function adaptConfig(directory: string, finalDirectory: string, dataDirectory: string): Promise<void> {
  const path = join(directory, 'restante.yaml');
  const document = parseDocument(await readFile(path, 'utf8'));
  document.set('dataDirectory', relative(finalDirectory, dataDirectory) || '.');
  await writeDurably(path, document.toString({ lineWidth: 0 }));
}
