import { expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { OpenQuestions } from './open-questions.ts';
import type { ReverseReply, ReverseRequest } from './reverse-request.ts';

function elicit(url: string): ReverseRequest & { readonly replies: ReverseReply[] } {
  const replies: ReverseReply[] = [];
  return {
    id: '1',
    method: 'elicitation/create',
    params: JsonText.of({ mode: 'url', message: 'm', url, elicitationId: 'e' }),
    withdrawn: new AbortController().signal,
    respond: async (reply) => {
      replies.push(reply);
      return true;
    },
    replies,
  };
}

it.each(['javascript:alert(1)', 'file:///etc/passwd', 'https://u:p@example.com/', ''])(
  'a server that would have %j opened is told so, and nobody is asked',
  (url) => {
    const questions = new OpenQuestions(() => undefined);
    const asked = elicit(url);
    questions.add(asked);
    expect(questions.size).toBe(0);
    expect(asked.replies).toMatchObject([{ error: expect.anything() }]);
  },
);

it('an address of the web is asked for', () => {
  const questions = new OpenQuestions(() => undefined);
  const asked = elicit('https://example.com/sign-in');
  questions.add(asked);
  expect(questions.size).toBe(1);
  expect(asked.replies).toEqual([]);
});
