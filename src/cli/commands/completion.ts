import { Argument, type Command } from 'commander';
import { commandMap } from '../command-map.ts';

/** Writes a script that completes commands and options in a shell. */
export function completion(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nBash: source <(restante completion bash)\nzsh: source <(restante completion zsh)\nfish: restante completion fish | source',
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const program = command.parent as Command;
      for (const each of program.commands) {
        if (each !== command && Object.hasOwn(commandMap, each.name())) (await commandMap[each.name()].load())(each);
      }
      process.stdout.write(scripts[shell](wordsByPath(program)));
    });
}

/** What can follow each command, by the words of the command: `''`, `queue`, `queue list`. */
function wordsByPath(program: Command): Map<string, string[]> {
  const words = new Map<string, string[]>();
  const visit = (command: Command, path: string): void => {
    const options = command.options.map((option) => option.long ?? option.short ?? '');
    const names = command.commands.map((each) => each.name());
    const choices = command.registeredArguments.slice(0, 1).flatMap((argument) => argument.argChoices ?? []);
    words.set(path, [...names, ...choices, ...options, ...(path === '' ? [] : ['--config']), '--help']);
    for (const each of command.commands) visit(each, path === '' ? each.name() : `${path} ${each.name()}`);
  };
  visit(program, '');
  return words;
}

function bash(words: Map<string, string[]>): string {
  const cases = [...words].map(([path, next]) => `    '${path}') words='${next.join(' ')}' ;;`);
  return `_restante() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      -*) ;;
      *) path="\${path:+$path }$word" ;;
    esac
  done
  # Arguments are not commands: the longest known beginning decides.
  while :; do
    case "$path" in
${cases.join('\n')}
    esac
    [ -n "$words" ] && break
    case "$path" in
      *' '*) path="\${path% *}" ;;
      '') break ;;
      *) path='' ;;
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}") $(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _restante restante
`;
}

const scripts: Record<'bash' | 'zsh' | 'fish', (words: Map<string, string[]>) => string> = {
  bash,
  zsh: (words) => `autoload -U +X bashcompinit && bashcompinit\n${bash(words)}`,
  fish: (words) =>
    [...words]
      .map(([path, next]) => {
        const seen = path.split(' ').filter((word) => word !== '');
        const condition =
          seen.length === 0
            ? '__fish_use_subcommand'
            : seen.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
        return `complete -c restante -n '${condition}' -a '${next.join(' ')}'\n`;
      })
      .join(''),
};
