import { describe, expect, it } from 'vitest';
import { routesByTag, typeText, type OpenApi } from './openapi.ts';

const document: OpenApi = {
  info: { title: 'Test', version: '1' },
  paths: {
    '/a': { get: { tags: ['x'], responses: {} }, post: { tags: ['y'], responses: {} } },
    '/b': { get: { tags: ['x'], responses: {} }, delete: { responses: {} } },
  },
  components: {
    schemas: {
      Box: { properties: { page: { type: 'integer' } }, required: ['page'] },
      Role: { enum: ['owner', 'reader'], type: 'string' },
    },
  },
};

describe('the API reference', () => {
  it('groups routes by their first tag', () => {
    const groups = [...routesByTag(document)].map(([tag, routes]) => [
      tag,
      routes.map(({ method, path }) => `${method} ${path}`),
    ]);
    expect(groups).toEqual([
      ['x', ['GET /a', 'GET /b']],
      ['y', ['POST /a']],
      ['other', ['DELETE /b']],
    ]);
  });

  it('writes schemas as types', () => {
    const schema = {
      properties: {
        roles: { type: 'array', items: { $ref: '#/components/schemas/Role' } },
        boxes: { type: 'array', items: { $ref: '#/components/schemas/Box' } },
        when: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
      },
      required: ['roles', 'when'],
    };
    expect(typeText(schema, document)).toBe(
      [
        '{',
        '  roles: ("owner" | "reader")[]',
        '  boxes?: {',
        '    page: integer',
        '  }[]',
        '  when: string (date-time) | null',
        '}',
      ].join('\n'),
    );
    expect(typeText(undefined, document)).toBe('unknown');
  });
});
