import { runCli } from './run-cli.ts';

// Who reads may have seen enough (`| head`): work goes on for nobody, and is no failure. Other errors of writing end the program.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exit(await runCli(process.argv.slice(2)));
