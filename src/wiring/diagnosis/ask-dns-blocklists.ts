import { existsSync } from 'node:fs';
import { loadStaticConfig } from '../../config/static-config.ts';
import { type BlocklistEntry, checkBlocklist, lookUpBlocklist } from '../../mailauth/dns-blocklist.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

export interface BlocklistAnswer {
  readonly list: string;
  /** What is wrong with the list itself. */
  readonly problem?: string;
  readonly entry?: BlocklistEntry;
}

/**
 * Asks DNS blocklists about an address, after seeing whether they work.
 * @param question.lists none: those of the configuration
 */
export async function askDnsBlocklists(question: {
  staticConfigPath: string;
  lists: readonly string[];
  ip: string | undefined;
  signal: AbortSignal;
}): Promise<BlocklistAnswer[]> {
  const { staticConfigPath, ip, signal } = question;
  const { resolver } = await openDiagnosisResolver(staticConfigPath);
  const configured = existsSync(staticConfigPath) ? (await loadStaticConfig(staticConfigPath)).dnsBlocklists : [];
  const lists = question.lists.length > 0 ? question.lists : configured;
  const answers: BlocklistAnswer[] = [];
  for (const list of lists) {
    try {
      await checkBlocklist(resolver, list, signal);
      const entry = ip === undefined ? undefined : await lookUpBlocklist(resolver, list, ip, signal);
      answers.push(entry === undefined ? { list } : { list, entry });
    } catch (error) {
      signal.throwIfAborted();
      answers.push({ list, problem: (error as Error).message });
    }
  }
  return answers;
}
