import { type Document, isMap, isSeq, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import { follow, keyText, offsetOf, placeAt, type YamlText } from './locate.ts';

/** Aliases that may be followed in one file. More is an attack or an accident ("billion laughs"). */
const MAX_ALIASES = 1000;

/** After the first few syntax errors the parser only guesses. */
const MAX_SYNTAX_PROBLEMS = 5;

/**
 * Reads one YAML 1.2 document (JSON is a subset of it). Syntax errors, duplicate keys, unknown tags and several
 * documents in one file are problems. Never throws.
 */
export function parseYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    merge: true,
    schema: 'core',
    logLevel: 'error',
    stringKeys: true,
  });
  const problems = chooseFaults([...document.errors, ...document.warnings], text).map(
    ({ offset, message }) => ({
      ...placeAt(lines, offset),
      key: '',
      message,
    }),
  );
  for (const { offset, message } of problems.length === 0 ? findMisuse(document) : []) {
    problems.push({ ...placeAt(lines, offset), key: '', message });
  }
  return { document, lines, problems };
}

interface SyntaxFault {
  readonly offset: number;
  readonly message: string;
}

/** An unquoted `${NAME}` between the brackets of YAML breaks all that follows, so it alone is told. */
function chooseFaults(faults: readonly YAMLError[], text: string): SyntaxFault[] {
  const bare = faults.find(({ pos }) => text.slice(pos[0] - 1, pos[0] + 1) === '${');
  if (bare !== undefined) {
    const message = `Put the text with "\${" in quotes: between { } and [ ] YAML takes its "{" for a map.`;
    return [{ offset: bare.pos[0] - 1, message }];
  }
  return faults
    .slice(0, MAX_SYNTAX_PROBLEMS)
    .map(({ code, message, pos }) => ({ offset: pos[0], message: describeFault(code, message) }));
}

/** What the parser lets through, and what following the aliases or reading the value would stumble over. */
function findMisuse(document: Document): SyntaxFault[] {
  const faults: SyntaxFault[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined) faults.push({ offset: offsetOf(alias) ?? 0, message: STAR });
    },
    Pair: (_, { key, value }) => {
      const offset = offsetOf(key) ?? 0;
      const name = keyText(key);
      // The schema would pass over this key in silence.
      if (name === '__proto__') faults.push({ offset, message: 'No key may have the name "__proto__".' });
      if (name === '<<' && !isMergeable(document, value)) {
        faults.push({
          offset,
          message: 'What "<<" merges must be a map, an alias of one, or a list of these.',
        });
      }
    },
  });
  return faults;
}

function isMergeable(document: Document, value: unknown): boolean {
  const node = follow(document, value);
  return isMap(node) || (isSeq(node) && node.items.every((item) => isMap(follow(document, item))));
}

const STAR =
  'A text that begins with "*" must stand in quotes; without them it names an anchor, and there is none.';

/** The parser's own words may repeat what stands in the file, so those that do are put in others. */
function describeFault(code: string, message: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'This key stands twice in its map; keep one of them.';
    case 'MULTIPLE_DOCS':
      return 'The file holds more than one YAML document; keep one and remove the "---" after it.';
    case 'TAB_AS_INDENT':
      return 'A tab indents this line; YAML wants spaces.';
    case 'TAG_RESOLVE_FAILED':
      return 'This YAML tag is not known here, or does not fit its value. A text that begins with "!" must stand in quotes.';
    case 'BAD_DIRECTIVE':
      return 'This YAML directive is not known here; remove the line.';
    case 'BAD_ALIAS':
      return STAR;
    case 'BAD_SCALAR_START':
      return 'A text that begins with this character must stand in quotes.';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'A second key on this line, or a wrong indent. A text that holds ": " must stand in quotes.';
    case 'MISSING_CHAR':
      return 'A quote or bracket that opened before has no end.';
    case 'UNEXPECTED_TOKEN':
      return 'This does not belong here: a quote, bracket, comma or line break is missing before it.';
    case 'BAD_INDENT':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'The indent of this line does not fit, a bracket has no end, or a ":" is missing.';
    case 'RESOURCE_EXHAUSTION':
      return 'The file is nested too deeply.';
    default:
      return /call stack/i.test(message)
        ? 'The file is nested too deeply.'
        : `This is not valid YAML (${code}).`;
  }
}

/** The plain value of the document, its aliases followed. Throws what the YAML library throws on too many aliases. */
export function plainValue(document: Document): unknown {
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}
