/** The control socket. */
export const controlLimits = {
  /** One line from a client of the control socket: arguments, or a chunk of input. */
  controlLineBytes: 1024 * 1024,
  /** One line from the server over the control socket: a result, such as a page of the queue. */
  controlReplyBytes: 16 * 1024 * 1024,
  /** Bytes of input or output in one line of the control protocol. */
  controlChunkBytes: 64 * 1024,
  /** What may wait for a slow reader at the control socket; further log lines are left out, output waits. */
  controlUnsentBytes: 1024 * 1024,
  /** Commands at the control socket at the same time: people and their scripts. */
  controlConnections: 64,
} as const;
