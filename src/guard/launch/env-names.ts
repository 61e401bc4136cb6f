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
  family(
    'env.trust',
    'RES_OPTIONS',
    'LOCALDOMAIN',
    'NODE_EXTRA_CA_CERTS',
    '(?:[A-Z0-9]+_)*METADATA_(?:HOST|IP|ROOT|SERVER|URL)',
    'NODE_TLS_.*',
    'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
    'KRB5.*',
    'NSS_.*',
  ),
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
    'CONTAINER_(?:HOST|CONNECTION|SSHKEY)',
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
    'AWS_CONTAINER_.*',
    'AWS_EC2_METADATA.*',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
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
    'PYCHARM_.*',
    'PYDEVD_.*',
    'PYTEST_.*',
    'IPYTHON.*',
    'JUPYTER_(?:PATH|CONFIG.*|DATA.*|RUNTIME.*)',
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
    'LESS[A-Z]*',
    'MAN[A-Z]*',
    'TERMINFO.*',
    'TERMCAP',
    '[A-Z]+RC',
    'SUDO_.*',
    'SSH_(?!HOST$|PORT$|USER$|USERNAME$|PASSWORD$).*',
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
    'R_(?:HOME|LIBS.*|PROFILE.*|ENVIRON.*)',
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
    'RUST(?:C|FLAGS|DOC|UP).*',
    'CC',
    'CXX',
    'CPP',
    'LD',
    'AR',
    'LLVM_.*',
    'CMAKE_.*',
    'MAKE[A-Z]+',
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
    'VK_(?:ICD|LAYER|INSTANCE|ADD|DRIVER).*',
    'MESA_.*',
    'FONTCONFIG_.*',
    'MAGICK_.*',
    'GS_(?:LIB|OPTIONS)',
    'SQLITE_TMPDIR',
    'PSQL.*',
    'DBUS_.*',
    'SYSTEMD_.*',
    'OCL_.*',
    'CUDA_INJECTION.*',
    'TF_(?:CLI|PLUGIN|DATA).*',
    'XLA_.*',
    'VIM(?:INIT|RUNTIME)?',
    'EMACS.*',
  ),
];

/** Words by which a setting says that it names code, options, programs or the place of them. */
const WORDS_OF_CODE = new Set(
  `OPTIONS OPTION OPTS OPT FLAGS ARGS ARGV ARGUMENTS PRELOAD COMMAND COMMANDS CMD SHELL EXEC EXECUTE EXECUTABLE EXECUTABLES EVAL BIN BINARY LIB LIBS LIBRARY LIBRARIES
  MODULE MODULES PLUGIN PLUGINS PLUG ADDON ADDONS HOOK HOOKS STARTUP PROFILER LOADER INTERPRETER RUNTIME INIT INITRC SCRIPT SCRIPTS WRAPPER LAUNCHER
  EDITOR PAGER ASKPASS JAVAAGENT CONFIG CONFIGS CONF CFG RC REGISTRY MIRROR CLASSPATH PYTHONPATH SOCKET SOCK DEBUGGER INSPECT`.split(
    /\s+/,
  ),
);

/** Words that tell of code only where the name ends in them: `ACME_HOME`, but not `HOME_ASSISTANT_URL`. */
const LAST_WORDS_OF_CODE = new Set([
  'HOME',
  'REQUIRE',
  'IMPORT',
  'BROWSER',
  'EXTENSION',
  'EXTENSIONS',
  'EXTERNAL',
]);

/** A name that ends in one of these is a number, a mark or a secret, whatever words stand before. */
const MARKS = new Set(
  'ID KEY TOKEN SECRET PASSWORD ENABLED DISABLED TIMEOUT MS SECONDS COUNT LIMIT LEVEL PORT SIZE TYPE MODE'.split(
    ' ',
  ),
);

/** What may stand before PATH: it is data that lies there. */
const PATHS_OF_DATA = new Set(
  'FILE FILES DATA ALLOWED BASE ROOT CSV PDF MODEL GRAPH SOURCE TARGET SAVE EXPORT BACKUP TEMPLATES SCREENSHOT SCREENSHOTS MEDIA AUDIO VIDEO TODO TASKS VAULT PROJECT REPO REPOSITORY WORKSPACE DB DATABASE STORAGE LOG LOGS OUTPUT NOTES DOCS DOCUMENTS MEMORY CREDENTIALS KEY TOKEN CACHE IMAGE IMAGES DOWNLOAD DOWNLOADS UPLOAD UPLOADS STATE'.split(
    ' ',
  ),
);

/** Settings of one word that are common and harmless; every other needs the prefix of its program. */
const SINGLE = new Set(
  'DEBUG MODEL TEMPERATURE PORT HOST REGION TIMEOUT MODE TOKEN APIKEY TZ LANG LANGUAGE LOCALE VERBOSE USERNAME PASSWORD EMAIL DOMAIN TENANT ENVIRONMENT TRANSPORT STAGE PYTHONUNBUFFERED PYTHONUTF8 PYTHONDONTWRITEBYTECODE LOGLEVEL PROVIDER PROJECT DATABASE'.split(
    ' ',
  ),
);

/** Where an installer or a library fetches from what it then runs. */
const SOURCE =
  /(?:^|_)(?:DOWNLOADS?|CDN|DIST|RELEASES?|INSTALL(?:ER)?)(?:_[A-Z0-9]+)*_(?:URL|HOST|ORIGIN|SITE|SERVER|ENDPOINT)$|_CDNURL$|^HF_ENDPOINT$/;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SETTING = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/;

/** Which rule the name of a variable falls under, or none where it has the form of a program's own setting. */
export function judgeEnvName(name: string): LaunchRuleId | undefined {
  const capitals = name.toUpperCase();
  const found = FAMILIES.find(({ names }) => names.test(capitals));
  if (found !== undefined && (NAME.test(name) || found.rule === 'env.preload')) return found.rule;
  if (!NAME.test(name)) return 'env.name';
  if (!SETTING.test(name)) return 'env.unknown';
  if (SOURCE.test(name)) return 'env.source';
  const words = name.split('_');
  if (words.length === 1) return SINGLE.has(name) ? undefined : 'env.unknown';
  if (MARKS.has(words.at(-1) ?? '')) return undefined;
  if (LAST_WORDS_OF_CODE.has(words.at(-1) ?? '')) return 'env.unknown';
  return words.some((word, index) => tellsOfCode(word, words[index - 1])) ? 'env.unknown' : undefined;
}

function tellsOfCode(word: string, before: string | undefined): boolean {
  if (word === 'PATH' || word === 'PATHS') return before === undefined || !PATHS_OF_DATA.has(before);
  return WORDS_OF_CODE.has(word);
}
