import { limits } from '../runtime/limits.ts';
import type { RulesetSettings } from './rulesets-schema.ts';

/** What a ruleset's keys say together that no key says alone. @returns for each fault its key; without one it is the ruleset's */
export function rulesetFaults(ruleset: RulesetSettings): { key?: keyof RulesetSettings; message: string }[] {
  const { smtpMailFrom, msgFrom, verifiedDomain, clientNetworks, headers, listAllowDomain, isForward } = ruleset;
  const faults: ReturnType<typeof rulesetFaults> = [];
  const fields = Object.keys(headers).length;
  const conditions = [smtpMailFrom, msgFrom, verifiedDomain, clientNetworks, listAllowDomain];
  if (fields === 0 && conditions.every((condition) => condition === undefined)) {
    const accepted = 'one with smtpMailFrom, msgFrom, verifiedDomain, clientNetworks, headers or listAllowDomain';
    faults.push({ message: `found a ruleset for all mail, accepted: ${accepted}` });
  }
  if (fields > limits.ruleHeaders) {
    faults.push({ key: 'headers', message: `found ${fields} fields, accepted: at most ${limits.ruleHeaders}` });
  }
  // Otherwise anybody could say that they pass a message on.
  if (isForward && verifiedDomain === undefined && clientNetworks === undefined) {
    const accepted = 'true together with verifiedDomain or clientNetworks, which strangers cannot forge';
    faults.push({ key: 'isForward', message: `found true, accepted: ${accepted}` });
  }
  if (isForward && listAllowDomain !== undefined) {
    faults.push({ key: 'isForward', message: 'found true, accepted: not together with listAllowDomain' });
  }
  return faults;
}
