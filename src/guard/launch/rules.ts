/**
 * What becomes of a launch, best first. `needs-version`: it would be accepted with an exact version or digest.
 * `needs-approval`: only an administrator who has read it may let it start. `refuse`: not even then.
 */
export const VERDICTS = ['accept', 'needs-version', 'needs-approval', 'refuse'] as const;

/** One of VERDICTS. */
export type Verdict = (typeof VERDICTS)[number];

/** One rule of the grammar. */
export interface LaunchRule {
  readonly verdict: Verdict;
  /** It hands over the machine or hides what runs: approval asks for more than one click. */
  readonly dangerous?: true;
  /** For people: what is so, and what to do. */
  readonly reason: string;
}

const define = <T extends Record<string, LaunchRule>>(list: T): T => list;
const accept = (reason: string): LaunchRule => ({ verdict: 'accept', reason });
const version = (reason: string): LaunchRule => ({ verdict: 'needs-version', reason });
const approve = (reason: string): LaunchRule => ({ verdict: 'needs-approval', reason });
const danger = (reason: string): LaunchRule => ({ verdict: 'needs-approval', dangerous: true, reason });
const refuse = (reason: string): LaunchRule => ({ verdict: 'refuse', dangerous: true, reason });

/** Every rule, in one list. docs/launch.md shows it, and a test holds the two equal. */
export const LAUNCH_RULES = define({
  'npm.exact': accept('One npm package at one exact version.'),
  'pypi.exact': accept('One PyPI package at one exact version.'),
  'image.exact': accept('One image by its digest, in a container that is closed to the machine.'),
  'script.vouched': accept('One script in a folder that the operator vouches for.'),
  'program.vouched': accept('A program that the operator vouches for.'),

  'npm.version': version(
    'The package has no exact version, so its next release would run unseen. Write NAME@1.2.3.',
  ),
  'pypi.version': version(
    'The package has no exact version, so its next release would run unseen. Write NAME==1.2.3.',
  ),
  'image.digest': version(
    'The image has no digest, so its next build would run unseen. Write IMAGE@sha256:...',
  ),

  'package.source': approve(
    'This is no plain package of the registry: a URL, git, path, alias or other form. Use a published package, or have it approved.',
  ),
  'package.program': danger(
    'This package runs whatever its arguments say: it is an interpreter or starts other programs. Name the server itself.',
  ),
  'package.unpinned': approve(
    'This launcher may fetch only what has an exact version. Give one, or have it approved.',
  ),
  'package.bin': approve(
    'The program differs from the package that it should come from, so another one could run. Name the package alone.',
  ),
  'package.missing': approve('No package is named. Write the package that is the server.'),
  'launcher.option': approve(
    'This option of the launcher is not among the few that are known to be harmless. Leave it out, or have it approved.',
  ),
  'launcher.command-string': refuse(
    'The launcher is told to run a command line in a shell. Write the program and its arguments apart.',
  ),
  'launcher.subcommand': approve(
    'The launcher is not told to run one server in the form that is known. Use the form in docs/launch.md, or have it approved.',
  ),

  'image.name': approve('This is no plain name of an image. Write REGISTRY/NAME@sha256:...'),
  'image.registry': approve(
    'The image comes from a registry that is not one of the large public ones. Have it approved.',
  ),
  'container.mount': danger(
    'The container is given a part of this machine. Leave the mount out, or have it approved.',
  ),
  'container.open': danger(
    'The container is not closed: it gets rights, devices or namespaces of this machine. Leave the option out, or have it approved.',
  ),
  'container.entrypoint': danger(
    'Another program than that of the image is started in it. Leave it out, or have it approved.',
  ),

  'script.place': approve(
    'The script is not in a folder that the operator vouches for. Write its absolute path and vouch for its folder, or have it approved.',
  ),
  'script.kind': approve(
    'This is no script that this interpreter runs by its file name. Name a file of its language.',
  ),
  'script.code': danger(
    'The interpreter is told to run code from its arguments, its input or a module. Name a script by its absolute path.',
  ),
  'script.option': approve(
    'Options of the interpreter can load other code. Leave them out, or have it approved.',
  ),

  'program.unknown': approve(
    'Nothing is known of this program. Have it approved, or let the operator vouch for it.',
  ),
  'program.shell': danger('This program runs a shell or any other program. Name the server itself.'),
  'program.encoded': refuse(
    'The command is encoded, so nobody can read what would run. Write it in plain text.',
  ),
  'program.place': approve(
    'The program is not in a folder of the system. Write its bare name, or have it approved.',
  ),
  'program.batch': approve(
    'Batch files run in a shell on Windows. Name the program itself, or have it approved.',
  ),
  'program.spelling': refuse(
    'This is no name or path of a program that people can read: blanks at an end, shell signs, a share or URL, or letters that look like others.',
  ),
  'program.line': approve(
    'The command looks like a whole command line or a place to fill in. Write the program alone, and each argument apart.',
  ),

  'args.shell': approve('An argument holds signs that a shell acts on. Leave them out, or have it approved.'),
  'args.code': danger(
    'An argument of the server looks like an option that loads or runs code. Leave it out, or have it approved.',
  ),
  'args.program': danger('An argument of the server names a shell. Leave it out, or have it approved.'),
  'args.traversal': approve('An argument leads out of its folder with "..". Write the absolute path.'),
  'args.long': approve(
    'There is more text than people read before they agree. Shorten it, or have it approved.',
  ),
  'args.lines': approve('A value has line ends or tabs in it. Write it on one line, or have it approved.'),

  'env.code': danger(
    'This variable makes programs load or run other code. Leave it out, or have it approved.',
  ),
  'env.preload': refuse('This variable puts code into every program that starts. Leave it out.'),
  'env.source': danger(
    'This variable changes where programs, packages or settings come from. Leave it out, or have it approved.',
  ),
  'env.trust': danger(
    'This variable changes whom connections trust or where they go. Leave it out, or have it approved.',
  ),
  'env.unknown': approve(
    'This is no variable in the form APP_SETTING whose words are known to be harmless. Have it approved.',
  ),
  'env.name': refuse('This is no name of an environment variable: letters, digits and _ only.'),
  'env.value': approve(
    'The value of this variable looks like code, an option, a program or an internal address. Have it approved.',
  ),

  'cwd.relative': approve(
    'The working directory is relative or leads out of its folder. Write an absolute path without "..".',
  ),
  'cwd.place': approve(
    'What lies in a working directory can change what a launcher runs. Leave it out, or have it approved.',
  ),

  'text.hidden': refuse(
    'There are characters that cannot be seen: controls, invisible ones or changes of direction. Remove them.',
  ),
  'text.lookalike': refuse(
    'There are letters outside ASCII where names have none, so that it may look like another name. Write it in ASCII.',
  ),
  'launch.malformed': refuse(
    'This is no launch: command must be text, args a list of texts, env texts by name, cwd text.',
  ),
});

/** The stable name of a rule. */
export type LaunchRuleId = keyof typeof LAUNCH_RULES;

/** A rule that a launch fell under, and where: `command`, `args[2]`, `env.NAME` or `cwd`. */
export interface Finding {
  readonly rule: LaunchRuleId;
  readonly at?: string;
}

/** How far a rule is from being accepted: greater is worse. */
export function severityOf(rule: LaunchRuleId): number {
  return VERDICTS.indexOf(LAUNCH_RULES[rule].verdict);
}
