import { type Address, formatAddress } from '../smtp/address.ts';

/**
 * The fields that are put before a message for one recipient; its file is the same for all.
 * @param deliveredTo address without angle brackets
 * @param common fields for all recipients: Received
 * Source: RFC 5321 §4.4; RFC 9228 for Delivered-To
 */
export function deliveryPrefix(sender: Address | undefined, deliveredTo: string, common: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`Return-Path: <${formatAddress(sender)}>\r\nDelivered-To: ${deliveredTo}\r\n`),
    common,
  ]);
}
