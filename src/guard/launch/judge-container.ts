import { checkServerArgs } from './check-args.ts';
import { judgeVariable } from './check-env.ts';
import { namesBaseImage, namesRunner } from './program-names.ts';
import { type OptionRule, readOptions, switches } from './read-options.ts';
import type { Finding, LaunchRuleId } from './rules.ts';

const allow =
  (pattern: RegExp, otherwise: LaunchRuleId): OptionRule =>
  (value) =>
    pattern.test(value) ? undefined : otherwise;

const judgeEnv: OptionRule = (value) => {
  const equals = value.indexOf('=');
  return equals === -1
    ? judgeVariable(value, '')
    : judgeVariable(value.slice(0, equals), value.slice(equals + 1));
};
const SIZE = allow(/^\d+(?:\.\d+)?[bkmg]?$/i, 'launcher.option');

/** All that may stand between `run` and the image. None of it opens the container to the machine. */
const KNOWN: Readonly<Record<string, OptionRule>> = {
  ...switches(
    '-i',
    '--interactive',
    '-t',
    '-it',
    '-ti',
    '--tty',
    '--rm',
    '--init',
    '--read-only',
    '-q',
    '--quiet',
  ),
  '-e': judgeEnv,
  '--env': judgeEnv,
  '--name': allow(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'launcher.option'),
  '--pull': allow(/^(?:always|missing|never)$/, 'launcher.option'),
  '--platform': allow(/^linux\/(?:amd64|arm64)$/, 'launcher.option'),
  '--network': allow(/^(?:none|bridge)$/, 'container.open'),
  '--net': allow(/^(?:none|bridge)$/, 'container.open'),
  '--cap-drop': allow(/^[A-Za-z_]+$/, 'launcher.option'),
  '--security-opt': allow(/^no-new-privileges(?:[:=]true)?$/, 'container.open'),
  '--user': allow(/^[1-9]\d*(?::[1-9]\d*)?$/, 'launcher.option'),
  '-u': allow(/^[1-9]\d*(?::[1-9]\d*)?$/, 'launcher.option'),
  ...{ '-m': SIZE, '--memory': SIZE, '--cpus': SIZE, '--pids-limit': SIZE },
};

const MOUNT = /^(?:-v.*|--volume|--mount|--volumes-from|--device|--tmpfs|--env-file)$/;
const OPEN =
  /^(?:--privileged|--pid|--ipc|--uts|--userns|--cgroupns|--cgroup-parent|--cap-add|--group-add|--device-.*|--gpus|--runtime|--sysctl|--add-host|--dns.*|--link|-p.*|-P|--publish.*|--security-opt|--oom-.*)$/;

function judgeUnknown(option: string): LaunchRuleId {
  if (MOUNT.test(option)) return 'container.mount';
  if (OPEN.test(option)) return 'container.open';
  return option === '--entrypoint' ? 'container.entrypoint' : 'launcher.option';
}

/** `docker run -i --rm OPTIONS IMAGE@sha256:... ARGS`, also as `docker container run`, and by podman. */
export function judgeContainer(args: readonly string[]): Finding[] {
  const run = args[0] === 'container' ? 1 : 0;
  if (args[run] !== 'run') return [{ rule: 'launcher.subcommand', at: 'args[0]' }];
  const { next, findings } = readOptions(args, run + 1, { known: KNOWN, judgeUnknown });
  const image = args[next];
  if (image === undefined) return findings.length > 0 ? [...findings] : [{ rule: 'package.missing' }];
  const inside = args[next + 1];
  const entry: Finding[] =
    inside !== undefined && namesRunner(inside)
      ? [{ rule: 'container.entrypoint', at: `args[${next + 1}]` }]
      : [];
  return [
    ...findings,
    { rule: judgeImage(image), at: `args[${next}]` },
    ...entry,
    ...checkServerArgs(args, next + 1),
  ];
}

/** The reference grammar of OCI distribution: `host[:port]/path[:tag][@digest]`. */
const PATH = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
const TAIL = /^(.*?)(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@.*)?$/;
const DIGEST = /^@sha256:[0-9a-f]{64}$/;
const REGISTRIES: ReadonlySet<string> = new Set([
  ...[
    'docker.io',
    'ghcr.io',
    'quay.io',
    'mcr.microsoft.com',
    'gcr.io',
    'public.ecr.aws',
    'registry.gitlab.com',
  ],
  ...['registry.k8s.io', 'cgr.dev', 'lscr.io', 'dhi.io', 'registry.access.redhat.com', 'registry.redhat.io'],
]);

function judgeImage(image: string): LaunchRuleId {
  const slash = image.indexOf('/');
  const first = slash === -1 ? '' : image.slice(0, slash);
  const host = /[.:]/.test(first) || first === 'localhost' ? first : undefined;
  const [, path = '', digest] = TAIL.exec(host === undefined ? image : image.slice(slash + 1)) ?? [];
  if (!PATH.test(path) || (digest !== undefined && !DIGEST.test(digest))) return 'image.name';
  if (host !== undefined && !REGISTRIES.has(host)) return 'image.registry';
  const isOfficial = !path.includes('/') || path.startsWith('library/');
  if (isOfficial ? namesRunner(path) : namesBaseImage(path)) return 'package.program';
  return digest === undefined ? 'image.digest' : 'image.exact';
}
