import { JsonText } from '../lib/json-text.ts';

/** Gives the URI under which clients know an upstream's URI. */
export type ToClient = (uri: string) => string;

/** Puts clients' URIs into a result: contents read, links, embedded resources. The same text if none changes. */
export function restoreResultUris(result: JsonText, toClient: ToClient): JsonText {
  return changeMembers(result, {
    contents: (contents) => changeItems(contents, (item) => restoreUri(item, toClient)),
    content: (content) => changeItems(content, (block) => restoreBlock(block, toClient)),
    messages: (messages) =>
      changeItems(messages, (message) =>
        changeMembers(message, { content: (block) => restoreBlock(block, toClient) }),
      ),
  });
}

/** Puts the client's URI into an error that names a resource (2026-07-28 resources §Error Handling). */
export function restoreErrorUri(error: JsonText, toClient: ToClient): JsonText {
  return changeMembers(error, { data: (data) => restoreUri(data, toClient) });
}

/** Puts clients' URIs into a tool's references to its user interface (extension io.modelcontextprotocol/ui). */
export function restoreToolUris(tool: JsonText, toClient: ToClient): JsonText {
  const change = (uri: JsonText): JsonText => restoreText(uri, toClient);
  return changeMembers(tool, {
    _meta: (meta) =>
      changeMembers(meta, {
        'ui/resourceUri': change,
        ui: (ui) => changeMembers(ui, { resourceUri: change }),
      }),
  });
}

function restoreBlock(block: JsonText, toClient: ToClient): JsonText {
  switch (block.get('type')?.string()) {
    case 'resource_link':
      return restoreUri(block, toClient);
    case 'resource':
      return changeMembers(block, { resource: (resource) => restoreUri(resource, toClient) });
    default:
      return block;
  }
}

function restoreUri(object: JsonText, toClient: ToClient): JsonText {
  return changeMembers(object, { uri: (uri) => restoreText(uri, toClient) });
}

function restoreText(uri: JsonText, toClient: ToClient): JsonText {
  const before = uri.string();
  if (before === undefined) return uri;
  const after = toClient(before);
  return after === before ? uri : JsonText.of(after);
}

type Change = (value: JsonText) => JsonText;

/** The object with some members changed; itself if none of them did. */
function changeMembers(object: JsonText, changes: Readonly<Record<string, Change>>): JsonText {
  const changed: Record<string, JsonText> = {};
  for (const [key, change] of Object.entries(changes)) {
    const before = object.get(key);
    const after = before === undefined ? undefined : change(before);
    if (after !== undefined && after !== before) changed[key] = after;
  }
  return Object.keys(changed).length === 0 ? object : object.with(changed);
}

/** The array with its items changed; itself if none of them did. */
function changeItems(array: JsonText, change: Change): JsonText {
  const before = array.items();
  const after = before.map(change);
  if (after.every((item, index) => item === before[index])) return array;
  return JsonText.written(`[${after.map((item) => item.text).join(',')}]`);
}
