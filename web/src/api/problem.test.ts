import { describe, expect, it } from 'vitest';
import { describeProblem } from '../i18n/problems.ts';
import { asProblem, Problem, problemFromText } from './problem.ts';

describe('problems', () => {
  it('are read from the body', () => {
    const body = '{"status":413,"title":"Too large","detail":"Over the limit.","code":"too_large"}';
    expect(problemFromText(413, body)).toMatchObject({
      status: 413,
      code: 'too_large',
      detail: 'Over the limit.',
    });
  });

  it.each(['', 'null', '[]', '<html>Bad gateway</html>', '"x"'])('survive the body %j', (body) => {
    expect(problemFromText(502, body)).toMatchObject({ status: 502, code: 'unexpected_error' });
  });

  it('wrap anything thrown', () => {
    const problem = new Problem(404, 'not_found');
    expect(asProblem(problem)).toBe(problem);
    expect(asProblem(new TypeError('x')).code).toBe('unexpected_error');
  });

  it('are told in the language of the page, else in the words of the server', () => {
    const network = new Problem(0, 'network_error');
    expect(describeProblem(network, 'en')).toContain('cannot be reached');
    expect(describeProblem(network, 'zh')).toContain('无法连接');
    const full = { code: 'storage_full', detail: 'The disk is full.' };
    expect(describeProblem(full, 'en')).toBe('The disk is full.');
    expect(describeProblem(full, 'zh')).toContain('磁盘已满');
    expect(describeProblem({ code: 'new_code', detail: 'Do this.' }, 'zh')).toBe('Do this.');
    expect(describeProblem({ code: 'new_code', detail: '' }, 'en')).toContain('went wrong');
  });
});
