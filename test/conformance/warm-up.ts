/** What clients of the 2026-07-28 suite declare: the gateway has a process for each, since legacy servers are told once. */
const DECLARED: readonly object[] = [{}, { elicitation: {} }, { elicitation: {}, sampling: {}, roots: {} }];

const REVISION = '2026-07-28';

/**
 * Calls a tool as modern clients do, so that the processes behind the gateway run before a scenario that gives an
 * answer half a second begins. Throws if a call is not answered with 200.
 */
export async function warmUp(url: string): Promise<void> {
  for (const capabilities of DECLARED) {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': REVISION,
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    };
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': REVISION,
        'Mcp-Method': 'tools/call',
        'Mcp-Name': 'test_simple_text',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'test_simple_text', arguments: {}, _meta },
      }),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}: ${text}`);
  }
}
