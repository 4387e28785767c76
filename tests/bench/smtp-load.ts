import { treeCpuMs } from './measure-cpu.ts';
import { treeMemoryBytes } from './measure-memory.ts';
import type { MailPeer } from './peers/mail-peer.ts';
import { runProgram } from './run-program.ts';

/**
 * Sends messages of 4 KiB over 10 connections, to each of the recipients in turn, and waits until all are stored for good.
 * @returns messages stored a second, processor time of the server for each, and the highest memory seen meanwhile
 */
export async function smtpRound(
  peer: MailPeer,
  recipients: number,
  messages: number,
): Promise<{ rate: number; cpuMs: number; peakBytes: number }> {
  const { smtp, storedMessages, pid } = peer;
  if (smtp === undefined || storedMessages === undefined || pid === undefined)
    throw new Error(`${peer.name} has no SMTP`);
  const before = await storedMessages();
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, treeMemoryBytes(pid));
  }, 500);
  const cpuBefore = treeCpuMs(pid);
  const startedAt = performance.now();
  const sessions = 10 / recipients;
  await Promise.all(
    smtp.recipients
      .slice(0, recipients)
      .map((recipient) =>
        runProgram('/usr/sbin/smtp-source', [
          ...['-d', '-s', String(sessions), '-l', '4096', '-m', String(messages / recipients)],
          ...['-f', 'sender@example.com', '-t', recipient, `127.0.0.1:${smtp.port}`],
        ]),
      ),
  );
  while ((await storedMessages()) < before + messages) await new Promise((resolve) => setTimeout(resolve, 10));
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuMs = (treeCpuMs(pid) - cpuBefore) / messages;
  clearInterval(watch);
  peakBytes = Math.max(peakBytes, treeMemoryBytes(pid));
  return { rate: messages / seconds, cpuMs, peakBytes };
}
