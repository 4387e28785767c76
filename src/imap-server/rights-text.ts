import { formatRights, type Rights } from '../store/sharing/rights.ts';

/** Rights as responses have them. Source: RFC 4314 §7 */
export function rightsText(rights: Rights): string {
  return rights === '' ? '""' : formatRights(rights);
}
