import type { LaunchRuleId } from './rules.ts';

/** A family of variables: what the rule says of those whose name, in capitals, fits. */
interface Family {
  readonly rule: LaunchRuleId;
  readonly names: RegExp;
}

const family = (rule: LaunchRuleId, ...names: readonly string[]): Family => ({
  rule,
  names: new RegExp(`^(?:${names.join('|')})$`),
});

/**
 * Variables that programs, launchers and run-times themselves listen to; `.*` makes a whole prefix theirs. The first
 * family that fits decides. A name that is in none still has to fit the form of a setting.
 */
const FAMILIES: readonly Family[] = [
  family('env.preload', 'LD_PRELOAD.*', 'LD_AUDIT.*', 'DYLD_INSERT_LIBRARIES', 'BASH_ENV', 'BASH_FUNC_.*'),
  family(
    'env.trust',
    '.*_?PROXY',
    'NO_PROXY',
    'SSL_.*',
    'SSLKEYLOGFILE',
    'CURL_.*',
    'REQUESTS_.*',
    'WGETRC',
    'HOSTALIASES',
  ),
  family('env.trust', 'RES_OPTIONS', 'LOCALDOMAIN', 'NODE_EXTRA_CA_CERTS', 'NODE_TLS_.*', 'KRB5.*', 'NSS_.*'),
  family(
    'env.trust',
    '(?:[A-Z0-9]+_)*(?:CA|CACERT|CERT|CERTS|CAFILE|TRUST|INSECURE|VERIFY|REJECT|UNAUTHORIZED|KEYLOG)(?:_[A-Z0-9]+)*',
  ),
  family(
    'env.source',
    'PATH',
    'PATHEXT',
    'HOME',
    'USERPROFILE',
    'APPDATA',
    'LOCALAPPDATA',
    'XDG_.*',
    'TMP',
    'TEMP',
    'TMPDIR',
    'PWD',
    'OLDPWD',
    'CDPATH',
  ),
  family('env.source', 'SYSTEMROOT', 'WINDIR', 'COMSPEC', 'PROGRAM(?:FILES|DATA).*', 'PSMODULEPATH'),
  family(
    'env.source',
    'NPM_.*',
    'YARN_.*',
    'PNPM_.*',
    'COREPACK_.*',
    'BUN_.*',
    'UV_.*',
    'UVX_.*',
    'PIP_.*',
    'PIPX_.*',
    'POETRY_.*',
    'HATCH_.*',
    'PDM_.*',
    'RYE_.*',
  ),
  family(
    'env.source',
    'VIRTUAL_ENV.*',
    'CONDA_.*',
    'MAMBA_.*',
    'NVM_.*',
    'FNM_.*',
    'VOLTA_.*',
    'ASDF_.*',
    'MISE_.*',
    'PYENV_.*',
    'RBENV_.*',
    'HOMEBREW_.*',
  ),
  family(
    'env.source',
    'DOCKER_.*',
    'CONTAINER_.*',
    'CONTAINERS_.*',
    'PODMAN_.*',
    'BUILDKIT_.*',
    'BUILDX_.*',
    'COMPOSE_.*',
    'KUBE.*',
    'HELM_.*',
    'REGISTRY_.*',
  ),
  family(
    'env.source',
    'AWS_CONFIG_FILE',
    'AWS_SHARED_CREDENTIALS_FILE',
    'AWS_ENDPOINT_URL.*',
    'CLOUDSDK_.*',
    'GOPROXY',
    'GOSUMDB',
    'GONOSUM.*',
    'GOPRIVATE',
  ),
  family(
    'env.code',
    'NODE_(?!ENV$).*',
    'DENO_.*',
    'V8_.*',
    'ELECTRON_.*',
    'TS_NODE_.*',
    'TSX_.*',
    'JITI_.*',
    'BABEL_.*',
  ),
  family(
    'env.code',
    'PYTHON(?!(?:UNBUFFERED|UTF8|DONTWRITEBYTECODE)$).*',
    'PY_.*',
    'PYDEVD_.*',
    'PYTEST_.*',
    'IPYTHON.*',
    'JUPYTER_.*',
  ),
  family(
    'env.code',
    'LD_.*',
    'DYLD_.*',
    'LIBRARY_PATH',
    'GCONV_.*',
    'GLIBC_.*',
    'MALLOC_.*',
    'LOCPATH',
    'NLSPATH',
    '[A-Z]+SAN_.*',
    'OPENSSL_.*',
  ),
  family(
    'env.code',
    'BASH.*',
    'ZSH.*',
    'ZDOTDIR',
    'ENV',
    'FPATH',
    'SHELL',
    'SHELLOPTS',
    'SHLVL',
    'PROMPT_COMMAND',
    'PS[0-9]',
    'IFS',
    'FIGNORE',
    'GLOBIGNORE',
    'HISTFILE',
    'INPUTRC',
  ),
  family(
    'env.code',
    'EDITOR',
    'VISUAL',
    'PAGER',
    'BROWSER',
    'LESS.*',
    'MAN[A-Z]*',
    'TERMINFO.*',
    'TERMCAP',
    '[A-Z]+RC',
    'SUDO_.*',
    'SSH_.*',
    'RSYNC_.*',
    'CVS_.*',
    'SVN_.*',
  ),
  family(
    'env.code',
    'GIT_(?!BRANCH$|REPO$|REPOSITORY$|TOKEN$|USERNAME$|USER$).*',
    'GPG.*',
    'GNUPG.*',
    'HG[A-Z]*',
  ),
  family(
    'env.code',
    '_?JAVA_.*',
    'JAVA.*',
    'JDK_.*',
    'JRE_.*',
    'JVM_.*',
    'CLASSPATH',
    'MAVEN_.*',
    'GRADLE_.*',
    'SBT_.*',
    'KOTLIN_.*',
  ),
  family(
    'env.code',
    'DOTNET_.*',
    'CORECLR_.*',
    'COR_.*',
    'COMPLUS_.*',
    'NUGET_.*',
    'MSBUILD.*',
    'MONO_.*',
    'ASPNETCORE_HOSTINGSTARTUP.*',
  ),
  family(
    'env.code',
    'RUBY.*',
    'GEM_.*',
    'BUNDLE_.*',
    'BUNDLER_.*',
    'PERL.*',
    'PHP.*',
    'LUA_.*',
    'LUA[A-Z]*',
    'TCL.*',
    'ERL_.*',
    'ERL[A-Z]+',
    'ELIXIR_.*',
    'R_.*',
    'JULIA_.*',
    'GUILE_.*',
    'OCAML.*',
    'GHC.*',
  ),
  family(
    'env.code',
    'GO(?:FLAGS|PATH|ROOT|BIN|ENV|TOOLDIR|EXPERIMENT|DEBUG|CACHE|MODCACHE|WORK|TOOLCHAIN)',
    'CGO_.*',
    'CARGO.*',
    'RUST.*',
    'CC',
    'CXX',
    'CPP',
    'LD',
    'AR',
    'LLVM_.*',
    'CMAKE_.*',
    'MAKE.*',
    'PKG_CONFIG.*',
  ),
  family(
    'env.code',
    'QT_.*',
    'QML.*',
    'GTK_.*',
    'GDK_.*',
    'GIO_.*',
    'GST_.*',
    'GI_.*',
    'LIBGL_.*',
    'VK_.*',
    'MESA_.*',
    'FONTCONFIG_.*',
    'MAGICK_.*',
    'GS_.*',
    'SQLITE_.*',
    'PSQL.*',
    'DBUS_.*',
    'SYSTEMD_.*',
    'OCL_.*',
    'CUDA_.*',
    'TF_.*',
    'XLA_.*',
    'VIM.*',
    'EMACS.*',
  ),
];

/** Words by which a setting says that it names code, options, programs or the place of them. */
const WORDS_OF_CODE = new Set(
  `OPTIONS OPTION OPTS OPT FLAGS FLAG ARGS ARGV ARGUMENTS PRELOAD REQUIRE IMPORT COMMAND COMMANDS CMD SHELL EXEC EXECUTE EXECUTABLE EXECUTABLES EXTERNAL EVAL BIN BINARY LIB LIBS LIBRARY LIBRARIES
  MODULE MODULES PLUGIN PLUGINS PLUG EXTENSION EXTENSIONS ADDON ADDONS HOOK HOOKS STARTUP PROFILER LOADER INTERPRETER RUNTIME INIT INITRC SCRIPT SCRIPTS WRAPPER LAUNCHER
  EDITOR PAGER BROWSER ASKPASS TRIGGER JAVAAGENT CONFIG CONFIGS CONF CFG RC SETTINGS HOME REGISTRY MIRROR CLASSPATH PYTHONPATH PREFIX SOCKET SOCK DEBUGGER INSPECT`.split(
    /\s+/,
  ),
);

/** What may stand before PATH: it is data that lies there. */
const PATHS_OF_DATA = new Set(
  'FILE DATA VAULT PROJECT REPO REPOSITORY WORKSPACE DB DATABASE STORAGE LOG LOGS OUTPUT NOTES DOCS DOCUMENTS MEMORY CREDENTIALS KEY TOKEN CACHE IMAGE IMAGES DOWNLOAD DOWNLOADS UPLOAD UPLOADS STATE'.split(
    ' ',
  ),
);

/** Settings of one word that are common and harmless; every other needs the prefix of its program. */
const SINGLE = new Set(
  'DEBUG MODEL TEMPERATURE PORT HOST REGION TIMEOUT MODE TOKEN APIKEY TZ LANG LANGUAGE LOCALE VERBOSE USERNAME PASSWORD EMAIL DOMAIN TENANT ENVIRONMENT TRANSPORT STAGE PYTHONUNBUFFERED PYTHONUTF8 PYTHONDONTWRITEBYTECODE LOGLEVEL PROVIDER PROJECT DATABASE'.split(
    ' ',
  ),
);

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SETTING = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/;

/** Which rule the name of a variable falls under, or none where it has the form of a program's own setting. */
export function judgeEnvName(name: string): LaunchRuleId | undefined {
  const capitals = name.toUpperCase();
  const found = FAMILIES.find(({ names }) => names.test(capitals));
  if (found !== undefined && (NAME.test(name) || found.rule === 'env.preload')) return found.rule;
  if (!NAME.test(name)) return 'env.name';
  if (!SETTING.test(name)) return 'env.unknown';
  const words = name.split('_');
  if (words.length === 1) return SINGLE.has(name) ? undefined : 'env.unknown';
  return words.some((word, index) => tellsOfCode(word, words[index - 1])) ? 'env.unknown' : undefined;
}

function tellsOfCode(word: string, before: string | undefined): boolean {
  if (word === 'PATH' || word === 'PATHS') return before === undefined || !PATHS_OF_DATA.has(before);
  return WORDS_OF_CODE.has(word);
}
