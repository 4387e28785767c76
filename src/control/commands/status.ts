import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

export interface StatusResult {
  software: string;
  node: string;
  pid: number;
  upSeconds: number;
  memoryBytes: number;
  hostname: string;
  dataDirectory: string;
}

/** What is running. */
export function status(services: Pick<ControlServices, 'software' | 'config'>) {
  return controlCommand(
    z.strictObject({}),
    async (): Promise<StatusResult> => ({
      software: services.software,
      node: process.version,
      pid: process.pid,
      upSeconds: Math.round(process.uptime()),
      memoryBytes: process.memoryUsage.rss(),
      hostname: services.config.hostname,
      dataDirectory: services.config.dataDirectory,
    }),
  );
}
