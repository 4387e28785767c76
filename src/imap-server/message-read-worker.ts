import { type MessagePort, workerData } from 'node:worker_threads';
import { messageFilePath } from '../store/message-files.ts';
import { readFileInto } from '../store/read-file-into.ts';
import type { FrameRead, FrameToRead } from './message-read-thread.ts';
import { replaceNul } from './replace-nul.ts';

// The thread of `MessageReadThread`. It answers in the order in which it is asked.

const { port } = workerData as { port: MessagePort };

port.on('message', ({ memory, usedBytes, directory, files }: FrameToRead) => {
  const bytes = Buffer.from(memory);
  let whole = true;
  try {
    for (let at = 0; at < files.length; at += 3) {
      const path = `${directory}/${messageFilePath(files[at]!)}`;
      readFileInto(path, bytes, files[at + 1]!, files[at + 2]!);
    }
    replaceNul(bytes.subarray(0, usedBytes));
  } catch {
    // Who asked reads them again, one by one, and finds out what is wrong with which.
    whole = false;
  }
  port.postMessage({ memory, whole } satisfies FrameRead, [memory]);
});
port.postMessage('ready');
