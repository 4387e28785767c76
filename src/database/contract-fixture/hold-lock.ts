import { lockDataDirectory } from '../directory-lock.ts';

/** A program that locks a data directory, says so, and waits to be killed. */
const lock = lockDataDirectory(process.argv[2]!);
process.stdout.write('locked\n');
setInterval(() => lock, 1000);
