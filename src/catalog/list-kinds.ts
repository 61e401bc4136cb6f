/** The four lists of MCP: their method, the member that holds the items, and the member that tells an item from others. */
export const LIST_KINDS = {
  tools: { method: 'tools/list', member: 'tools', key: 'name', changed: 'toolsListChanged' },
  prompts: { method: 'prompts/list', member: 'prompts', key: 'name', changed: 'promptsListChanged' },
  resources: { method: 'resources/list', member: 'resources', key: 'uri', changed: 'resourcesListChanged' },
  templates: {
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    changed: 'resourcesListChanged',
  },
} as const;

/** Which of the lists. */
export type ListKind = keyof typeof LIST_KINDS;

/** The list that a method asks for. */
export function listKindOf(method: string): ListKind | undefined {
  switch (method) {
    case 'tools/list':
      return 'tools';
    case 'prompts/list':
      return 'prompts';
    case 'resources/list':
      return 'resources';
    case 'resources/templates/list':
      return 'templates';
    default:
      return undefined;
  }
}
