import { namesRunnerPackage } from './program-names.ts';
import type { LaunchRuleId } from './rules.ts';

/** A package as a launcher is told to fetch it. */
export interface PackageSpec {
  /** Its name without the scope, as npm and uv name the program of a package. */
  readonly bin: string;
  readonly rule: LaunchRuleId;
}

/** npm: lower case, URL-safe, an optional scope. What npm would read as a path, a URL or `owner/repo` does not fit. */
const NPM = /^(?:@[a-z0-9][a-z0-9._-]*\/)?([a-z0-9][a-z0-9._-]*)$/;
const MAX_NPM_NAME = 214;
/** Semantic Versioning 2.0.0. */
const NPM_EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
/** A tag such as `latest`, or a simple range. */
const NPM_LOOSE =
  /^(?:[a-z][a-z0-9._-]*|(?:[\^~=v]|[<>]=?)?(?:\d+|x|\*)(?:\.(?:\d+|x|\*)){0,2}(?:-[0-9A-Za-z.-]+)?)$/;
/** Names that end like a file or an archive are read as one where such a file lies about. */
const FILE_LIKE = /\.(?:tgz|tar|gz|zip|whl|py|pyz|pyw|sh|git)$/i;

/** Judges `name`, `name@version`, `@scope/name@version` as `npx` reads them (npm package arguments). */
export function readNpmPackage(text: string): PackageSpec {
  const at = text.indexOf('@', 1);
  const name = at === -1 ? text : text.slice(0, at);
  const wanted = at === -1 ? undefined : text.slice(at + 1);
  const bin = NPM.exec(name)?.[1];
  const isName = bin !== undefined && name.length <= MAX_NPM_NAME && !FILE_LIKE.test(name);
  return { bin: bin ?? name, rule: isName ? judgeNpm(name, wanted) : sourceRule(text) };
}

function judgeNpm(name: string, wanted: string | undefined): LaunchRuleId {
  if (namesRunnerPackage(name)) return 'package.program';
  if (wanted === undefined) return 'npm.version';
  if (NPM_EXACT.test(wanted)) return 'npm.exact';
  return NPM_LOOSE.test(wanted) ? 'npm.version' : sourceRule(wanted);
}

/** PyPI: PEP 508 names, with extras. */
const PYPI = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[A-Za-z0-9._, -]*\])?(?:(==|@)(.*))?$/;
/** PEP 440, one version without a wildcard. */
const PYPI_EXACT = /^(?:\d+!)?\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?$/;
const PYPI_LOOSE = /^(?:latest|\d+(?:\.\d+)*\.\*)$/;
/** `>=1.2`, `~=1.2,<2`: a range after the name. */
const PYPI_RANGE =
  /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[A-Za-z0-9._, -]*\])?(?:[<>~!]=?|===)[0-9A-Za-z.*,<>=!~ ]+$/;

/** Judges `name`, `name==version`, `name@version` and `name[extra]==version` as `uvx` reads them. */
export function readPypiPackage(text: string): PackageSpec {
  const range = PYPI_RANGE.exec(text);
  if (range !== null) return { bin: range[1] ?? text, rule: judgePypi(range[1] ?? text, undefined) };
  const [, name, , wanted] = PYPI.exec(text) ?? [];
  if (name === undefined || FILE_LIKE.test(name)) return { bin: text, rule: sourceRule(text) };
  return { bin: name, rule: judgePypi(name, wanted) };
}

/** Packages of PyPI alone that run a file or a module which their arguments name. */
const PYPI_RUNNERS = new Set(['mcp', 'fastmcp', 'uvicorn', 'gunicorn', 'hypercorn', 'flask', 'streamlit']);

function judgePypi(name: string, wanted: string | undefined): LaunchRuleId {
  if (namesRunnerPackage(name) || PYPI_RUNNERS.has(name.toLowerCase())) return 'package.program';
  if (wanted === undefined || PYPI_LOOSE.test(wanted)) return 'pypi.version';
  return PYPI_EXACT.test(wanted) ? 'pypi.exact' : sourceRule(wanted);
}

const ASCII = /^[\x20-\x7e]*$/;

/** Letters outside ASCII have no place in the name of a package: they are there to look like others. */
function sourceRule(text: string): LaunchRuleId {
  return ASCII.test(text) ? 'package.source' : 'text.lookalike';
}
