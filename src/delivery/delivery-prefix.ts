import { type Address, formatAddress } from '../smtp/address.ts';
import type { Decision } from './decision/decision.ts';

/**
 * The fields that are put before a message for one recipient; its file is the same for all.
 * @param deliveredTo address without angle brackets
 * @param common fields for all recipients: Received
 * @param decision why the message goes where it goes, when that was decided
 * Source: RFC 5321 §4.4; RFC 9228 for Delivered-To
 */
export function deliveryPrefix(
  sender: Address | undefined,
  deliveredTo: string,
  common: Uint8Array,
  decision?: Pick<Decision, 'reason' | 'detail'>,
): Buffer {
  const detail = decision?.detail === undefined ? '' : ` (${decision.detail})`;
  const reason = decision === undefined ? '' : `X-Restante-Reason: ${decision.reason}${detail}\r\n`;
  return Buffer.concat([
    Buffer.from(`Return-Path: <${formatAddress(sender)}>\r\nDelivered-To: ${deliveredTo}\r\n${reason}`),
    common,
  ]);
}
