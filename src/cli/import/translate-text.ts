import { escapeReferences } from '../config-file/make-entry.ts';

/** What the variables in a client's texts stand for. */
export interface VariableSource {
  readonly variables: Readonly<Record<string, string>>;
  readonly home: string;
  /** Undefined for files of a user, which belong to no folder. */
  readonly project: string | undefined;
}

/** Why an entry cannot be moved: for people, a whole sentence. */
export class NotMovable extends Error {
  override readonly name = 'NotMovable';
}

/**
 * `${env:NAME}`, `${NAME}` and `${NAME:-default}` of most clients, `{env:NAME}` of opencode, `${input:...}`,
 * `${userHome}` and `${workspaceFolder}` of VS Code.
 */
const MARK = /\$\{([^{}]*)\}|\{(env:[A-Za-z_]\w*|file:[^{}]*)\}|^\$([A-Z_][A-Z0-9_]*)$/g;
const VARIABLE = /^(?:env:)?([A-Za-z_]\w*)(?::-(.*))?$/s;

/**
 * A text of a client as the configuration of the gateway has it: variables of the environment as `${NAME}`, everything
 * else as it is meant literally.
 *
 * @throws NotMovable for what only the client can fill in, and for variables that are not set.
 */
export function translateText(text: string, source: VariableSource): string {
  let at = 0;
  let made = '';
  for (const match of text.matchAll(MARK)) {
    const inner = match[1] ?? match[2] ?? match[3] ?? '';
    made += escapeReferences(text.slice(at, match.index)) + translateMark(inner, source);
    at = match.index + match[0].length;
  }
  return made + escapeReferences(text.slice(at));
}

function translateMark(inner: string, { variables, home, project }: VariableSource): string {
  if (inner === 'userHome') return escapeReferences(home);
  if (inner === 'pathSeparator' || inner === '/') return '/';
  if (inner === 'workspaceFolder' && project !== undefined) return escapeReferences(project);
  const [, name, preset] = VARIABLE.exec(inner) ?? [];
  if (name === undefined || inner.startsWith('workspaceFolder'))
    throw new NotMovable(
      `Only the client can fill in \${${inner}}. Write the value itself, then import again.`,
    );
  if (Object.hasOwn(variables, name)) return `\${${name}}`;
  if (preset !== undefined) return escapeReferences(preset);
  throw new NotMovable(`It needs the variable ${name}, which is not set here. Set it, then import again.`);
}

/** The text that the gateway makes of one in its configuration. What has no value stays. */
export function resolveText(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$\{|\$\{([^{}]*)\}/g, (mark, name: string | undefined) =>
    name === undefined ? '${' : (variables[name] ?? mark),
  );
}
