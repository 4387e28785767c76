import { join } from 'node:path';

// Where the launcher keeps it too: each process and each thread that a test starts then begins in half the time.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../node_modules/.cache/restante');
