// npm run bench:junk [-- --learn N] [--judge N] [--seed N]
//
// How well junk filters tell junk from other mail: Restante's, and bogofilter and the Bayes filter of SpamAssassin where they are
// installed. All learn the same messages in the same order, and then judge the same others. Each at its own threshold.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSqliteEngine } from '../../../src/database/sqlite/sqlite-engine.ts';
import { JunkFilters } from '../../../src/junk/junk-filters.ts';
import { messageWords } from '../../../src/junk/message-words.ts';
import { parseStructure } from '../../../src/message/structure-parser.ts';
import { silentLog } from '../../../src/runtime/log.ts';
import { type LabelledMessage, makeCorpus } from './make-corpus.ts';
import { naiveBayes } from './naive-bayes.ts';

const { values } = parseArgs({
  options: {
    learn: { type: 'string', default: '1000' },
    judge: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
  },
});
const corpus = makeCorpus(Number(values.learn) + Number(values.judge), Number(values.seed));
const learned = corpus.slice(0, Number(values.learn));
const judged = corpus.slice(Number(values.learn));
const directory = mkdtempSync(join(tmpdir(), 'restante-bench-junk-'));

interface Result {
  readonly name: string;
  readonly threshold: number;
  /** Probability of each judged message. */
  readonly scores: readonly number[];
  readonly learnSeconds: number;
  readonly judgeSeconds: number;
}

function print({ name, threshold, scores, learnSeconds, judgeSeconds }: Result): void {
  const count = (isJunk: boolean, isCalledJunk: boolean): number =>
    judged.filter((message, at) => message.isJunk === isJunk && scores[at]! >= threshold === isCalledJunk).length;
  const junk = judged.filter(({ isJunk }) => isJunk).length;
  const ham = judged.length - junk;
  const percent = (part: number, all: number): string => `${((100 * part) / all).toFixed(2)} %`.padStart(10);
  const missed = judged.filter((message, at) => message.isJunk && scores[at]! < threshold);
  const kinds = Object.entries(Object.groupBy(missed, ({ kind }) => kind)).map(
    ([kind, all]) => `${kind} ${all?.length}`,
  );
  console.log(
    `${name.padEnd(36)}${threshold.toFixed(2).padStart(6)}${percent(count(false, true), ham)}${percent(count(true, false), junk)}` +
      `${((learnSeconds / learned.length) * 1000).toFixed(2).padStart(9)}${((judgeSeconds / judged.length) * 1000).toFixed(2).padStart(9)}   ${kinds.join(', ')}`,
  );
}

function wordsOf({ text }: LabelledMessage): Set<string> {
  const bytes = Buffer.from(text);
  return messageWords(bytes, parseStructure(bytes));
}

async function restante(): Promise<Result> {
  mkdirSync(join(directory, 'accounts', 'me'), { recursive: true });
  await using engine = createSqliteEngine({ log: silentLog, workers: 1 });
  await using filters = new JunkFilters({ engine, dataDirectory: directory, log: silentLog });
  const started = performance.now();
  for (let from = 0; from < learned.length; from += 50) {
    const lessons = learned.slice(from, from + 50);
    await filters.learn(
      'me',
      lessons.map((message, at) => ({ contentId: from + at, isJunk: message.isJunk, words: wordsOf(message) })),
    );
  }
  const between = performance.now();
  const scores: number[] = [];
  for (const message of judged) scores.push((await filters.score('me', wordsOf(message))).probability);
  return {
    name: 'Restante (chi-square)',
    threshold: 0.95,
    scores,
    learnSeconds: (between - started) / 1000,
    judgeSeconds: (performance.now() - between) / 1000,
  };
}

/** Files of both sets, for other programs; `.list` names them in order. */
function writeFiles(name: string, messages: readonly LabelledMessage[]): string {
  const paths = messages.map(({ text }, at) => {
    const path = join(directory, `${name}-${String(at).padStart(6, '0')}`);
    writeFileSync(path, text.replaceAll('\r\n', '\n'));
    return path;
  });
  const list = join(directory, `${name}.list`);
  writeFileSync(list, `${paths.join('\n')}\n`);
  return list;
}

function run(command: string, args: readonly string[], input = ''): { stdout: string; seconds: number } {
  const started = performance.now();
  const { stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) throw error;
  if (stderr !== '') console.error(stderr.slice(0, 500));
  return { stdout, seconds: (performance.now() - started) / 1000 };
}

function bogofilter(): Result {
  const home = join(directory, 'bogofilter');
  mkdirSync(home);
  let learnSeconds = 0;
  for (const [at, { isJunk }] of learned.entries()) {
    const path = join(directory, `learn-${String(at).padStart(6, '0')}`);
    learnSeconds += run('bogofilter', ['-d', home, isJunk ? '-s' : '-n', '-I', path]).seconds;
  }
  const list = judged.map((_, at) => join(directory, `judge-${String(at).padStart(6, '0')}`)).join('\n');
  const { stdout, seconds } = run('bogofilter', ['-d', home, '-T', '-b'], `${list}\n`);
  const scores = stdout
    .trim()
    .split('\n')
    .map((line) => Number(line.split(' ').at(-1)));
  return { name: 'bogofilter', threshold: 0.99, scores, learnSeconds, judgeSeconds: seconds };
}

const perl = `use Mail::SpamAssassin; my ($home, $learn, $judge) = @ARGV;
my $sa = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1,
  post_config_text => "bayes_path $home/bayes\\nuse_bayes 1\\nbayes_auto_learn 0\\nbayes_min_spam_num 20\\nbayes_min_ham_num 20\\n" });
$sa->init(1); use Time::HiRes 'time'; my $start = time;
sub text { local $/; open my $f, '<', $_[0] or die; <$f> }
open my $l, '<', $learn or die; while (<$l>) { chomp; my ($junk, $path) = split / /, $_, 2; my $m = $sa->parse(text($path)); $sa->learn($m, undef, $junk, 0); $m->finish }
$sa->rebuild_learner_caches; print 'learned ', time - $start, "\\n"; $start = time;
open my $j, '<', $judge or die; while (<$j>) { chomp; my $m = $sa->parse(text($_)); my $s = $sa->check($m); print 'score ', $s->get_tag('BAYES') // 0.5, "\\n"; $s->finish; $m->finish }
print 'judged ', time - $start, "\\n";`;

function spamAssassin(): Result {
  const home = join(directory, 'spamassassin');
  mkdirSync(home);
  const list = join(directory, 'labelled.list');
  const lines = learned.map(
    ({ isJunk }, at) => `${isJunk ? 1 : 0} ${join(directory, `learn-${String(at).padStart(6, '0')}`)}`,
  );
  writeFileSync(list, `${lines.join('\n')}\n`);
  const { stdout } = run('perl', ['-e', perl, home, list, join(directory, 'judge.list')]);
  const found = (name: string): number[] =>
    stdout
      .split('\n')
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => Number(line.slice(name.length + 1)));
  const [learnSeconds = 0] = found('learned');
  const [judgeSeconds = 0] = found('judged');
  return { name: "SpamAssassin's Bayes", threshold: 0.95, scores: found('score'), learnSeconds, judgeSeconds };
}

try {
  writeFiles('learn', learned);
  writeFiles('judge', judged);
  console.log(`${learned.length} messages learned, ${judged.length} judged, seed ${values.seed}\n`);
  console.log(
    `${''.padEnd(36)}${'from'.padStart(6)}${'ham lost'.padStart(10)}${'missed'.padStart(10)}${'ms learn'.padStart(9)}${'ms judge'.padStart(9)}   junk that was missed`,
  );
  print(await restante());
  print(naiveBayes(learned, judged, wordsOf));
  if (spawnSync('which', ['bogofilter']).status === 0) print(bogofilter());
  if (spawnSync('perl', ['-MMail::SpamAssassin', '-e', '1']).status === 0) print(spamAssassin());
} finally {
  rmSync(directory, { recursive: true });
}
