/**
 * Programs that run a shell, a script or any other program, as they are named on a PATH, in an image or as a package.
 * The list only makes reasons better and keeps these out of what else would be accepted as a package or an image; for
 * programs of the machine the grammar does not rest on it.
 */
const SHELLS =
  'sh bash zsh dash ash ksh mksh csh tcsh fish nu elvish xonsh rbash busybox toybox cmd cmd.exe command.com powershell powershell.exe pwsh pwsh.exe wsl wsl.exe';

const INTERPRETERS =
  'node nodejs deno bun python pythonw pypy ipython jupyter ruby irb perl php lua luajit tclsh wish expect java jshell groovy kotlin scala clojure racket guile r rscript julia erl elixir iex ghci runghc ocaml swift go cargo dotnet csi osascript wscript cscript mshta rundll32 regsvr32 awk gawk mawk sed ed vi vim nvim emacs nano gdb lldb sqlite3 psql mysql';

const STARTERS =
  'env nohup nice ionice timeout setsid stdbuf time watch xargs parallel find script unbuffer sudo doas su runuser gosu tini dumb-init chroot unshare nsenter flock strace ltrace make cmake ninja just task ssh scp sftp rsync nc ncat netcat socat telnet curl wget tar git docker podman nerdctl kubectl helm systemd-run at crontab screen tmux start open xdg-open';

/** Packages of npm and PyPI whose arguments name what they run. */
const RUNNERS =
  'npm npx pnpm pnpx yarn bunx corepack ts-node ts-node-dev tsx tsm esno esm jiti vite-node babel-node swc-node sucrase-node coffee coffeescript zx shx shelljs shell-exec execa-cli cross-env cross-env-shell env-cmd dotenv dotenv-cli dotenvx nodemon pm2 forever supervisor concurrently npm-run-all npm-run-all2 run-s run-p wireit nx turbo lerna gulp gulp-cli grunt grunt-cli jake electron nw node-gyp husky onchange chokidar-cli nexe create-react-app degit tiged giget cowsay-sh supergateway mcp-proxy mcp-inspector inspector mcpo mcp-cli uv uvx pip pipx pipenv poetry hatch pdm tox nox invoke fabric ansible honcho circus pyinstaller ipykernel http-server serve live-server json-server localtunnel ngrok cloudflared eslint webpack webpack-cli rollup vite vitest jest mocha ava tap c8 nyc karma parcel esbuild tsup tsc typescript babel prettier stylelint postcss knex sequelize typeorm prisma plop hygen yo storybook next nuxt astro gatsby cypress nightwatch pytest celery scrapy mitmproxy ansible-playbook jupyterlab notebook httpie awscli sucrase bpython ptpython pex shiv serverless wsrun esm swc esbuild-register';

/** Packages of operating systems and languages that are no server: as images they run what they are told. */
const BASES =
  'alpine ubuntu debian fedora centos rockylinux almalinux amazonlinux archlinux opensuse oraclelinux photon wolfi-base chainguard-base scratch buildpack-deps golang rust openjdk eclipse-temurin gcc dind docker-in-docker devcontainers nginx httpd';

/** Words in the name of a package that starts what it is told; where `mcp` stands beside, it is a server about that. */
const STARTING_WORDS =
  /(?:^|[-_./])(?:run|runner|exec|execute|cmd|repl|loader|register|launcher|spawn|eval|daemonize)(?:$|[-_.])/;

const split = (text: string): string[] => text.split(' ');
const SHELL_SET = new Set([...split(SHELLS), ...split('env xargs')]);
const BASE_SET = new Set([SHELLS, INTERPRETERS, BASES].flatMap(split));
const PROGRAM_SET = new Set([SHELLS, INTERPRETERS, STARTERS, RUNNERS, BASES].flatMap(split));

/** Whether a word or a path names a shell, or what starts any program. */
export function namesShell(word: string): boolean {
  return SHELL_SET.has(lastPart(word).toLowerCase());
}

const LINE_STARTS = new Set([
  ...[SHELLS, INTERPRETERS].flatMap(split),
  ...split('npx npm pnpm yarn bunx uvx uv pipx docker podman curl wget env sudo'),
]);

/** Whether a text is a whole command line: a program that runs others, and more behind it. */
export function startsCommandLine(text: string): boolean {
  const words = text.trim().split(/\s+/, 2);
  return words.length > 1 && LINE_STARTS.has(lastPart(words[0] ?? '').toLowerCase());
}

/**
 * Whether a name is that of a program which runs whatever its arguments say; a version at its end, a scope and a
 * Windows ending do not hide it: `python3.12`, `@babel/node`, `Node.EXE`.
 */
export function namesRunner(name: string): boolean {
  return spellingsOf(name).some((word) => PROGRAM_SET.has(word));
}

/** Whether a package by its name is a runner, or one of its kind that no list has. */
export function namesRunnerPackage(name: string): boolean {
  const plain = name.toLowerCase();
  return namesRunner(name) || (STARTING_WORDS.test(plain) && !plain.includes('mcp'));
}

/** Whether the name of an image is that of a shell, a language or an operating system, which is no server. */
export function namesBaseImage(name: string): boolean {
  return spellingsOf(name).some((word) => BASE_SET.has(word));
}

function spellingsOf(name: string): string[] {
  const plain = lastPart(name)
    .toLowerCase()
    .replace(/\.(exe|cmd|bat|ps1|com)$/, '');
  // The digits and dots at the end in one run, so that a long name costs no more than its length.
  const stem = plain.replace(/(?<![\d.])[-_.]?\d[\d.]*$/, '').replace(/[-_](cli|bin|js|slim|alpine)$/, '');
  return [plain, stem, plain.replaceAll('_', '-').replaceAll('.', '-')];
}

function lastPart(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}
