/** True for `application/json` in UTF-8, the one form in which MCP bodies come. */
export function isJsonBody(contentType: string): boolean {
  const [type = '', ...parameters] = splitOutsideQuotes(contentType, ';');
  if (type.trim().toLowerCase() !== 'application/json') return false;
  return parameters.every((parameter) => {
    const [name = '', value = ''] = parameter.split('=', 2);
    if (name.trim().toLowerCase() !== 'charset') return true;
    const charset = value.trim().replace(/^"(.*)"$/, '$1');
    return charset.toLowerCase() === 'utf-8' || charset.toLowerCase() === 'utf8';
  });
}

/** Which of the two forms of an MCP answer a client takes. */
export interface Accepted {
  readonly json: boolean;
  readonly eventStream: boolean;
}

/**
 * Reads an Accept header (RFC 9110 §12.5.1). The most specific range decides, `q=0` excludes. An empty header takes
 * anything, as an absent one does.
 */
export function readAccept(accept: string): Accepted {
  const weights = new Map<string, number>();
  for (const part of splitOutsideQuotes(accept, ',')) {
    const [range = '', ...parameters] = splitOutsideQuotes(part, ';');
    const name = range.trim().toLowerCase();
    if (name !== '') weights.set(name, Math.max(weights.get(name) ?? 0, weightOf(parameters)));
  }
  if (weights.size === 0) return { json: true, eventStream: true };
  const takes = (type: string, group: string) =>
    (weights.get(type) ?? weights.get(group) ?? weights.get('*/*') ?? 0) > 0;
  return {
    json: takes('application/json', 'application/*'),
    eventStream: takes('text/event-stream', 'text/*'),
  };
}

function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=', 2);
    if (name.trim().toLowerCase() !== 'q') continue;
    const weight = Number(value.trim());
    return Number.isFinite(weight) ? weight : 0;
  }
  return 1;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quoted && char === '\\') part += char + text.charAt(++at);
    else if (!quoted && char === separator) {
      parts.push(part);
      part = '';
    } else {
      if (char === '"') quoted = !quoted;
      part += char;
    }
  }
  return [...parts, part];
}
