// The parts of an OpenAPI 3.1 document that the reference shows.

export type Schema = {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
};

type Content = Record<string, { schema?: Schema }>;
export type Parameter = { name: string; in: string; required?: boolean; schema?: Schema };
export type Operation = {
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, { description?: string; content?: Content }>;
};
export type OpenApi = {
  info: { title: string; version: string; summary?: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
};

export type Route = { method: string; path: string; operation: Operation };

/** The routes of the document under their first tag, in the document's order. */
export function routesByTag(document: OpenApi): Map<string, Route[]> {
  const groups = new Map<string, Route[]>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? 'other';
      const route = { method: method.toUpperCase(), path, operation };
      groups.set(tag, [...(groups.get(tag) ?? []), route]);
    }
  }
  return groups;
}

/** A schema written the way TypeScript writes a type. */
export function typeText(schema: Schema | undefined, document: OpenApi, indent = ''): string {
  if (schema === undefined) return 'unknown';
  if (schema.$ref !== undefined) return typeText(resolve(schema.$ref, document), document, indent);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf) {
    return schema.anyOf.map((one) => typeText(one, document, indent)).join(' | ');
  }
  if (schema.type === 'array') return arrayText(typeText(schema.items, document, indent));
  if (schema.properties) return objectText(schema, document, indent);
  if (schema.type === 'object') return 'object';
  return schema.format ? `${schema.type} (${schema.format})` : (schema.type ?? 'unknown');
}

function arrayText(item: string): string {
  return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
}

function objectText(schema: Schema, document: OpenApi, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const optional = schema.required?.includes(name) ? '' : '?';
    return `${inner}${name}${optional}: ${typeText(property, document, inner)}`;
  });
  return ['{', ...lines, `${indent}}`].join('\n');
}

function resolve(reference: string, document: OpenApi): Schema {
  const name = reference.split('/').at(-1) ?? '';
  return document.components?.schemas?.[name] ?? {};
}
