import { refused } from './client.ts';
import { Problem } from './problem.ts';
import type { SourceDocument } from './types.ts';

/**
 * Uploads one file. XMLHttpRequest, because fetch does not report how much it has sent.
 * @param onProgress called with the fraction sent, 0..1
 */
export function uploadDocument(
  file: File,
  collection: string,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<SourceDocument> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', 'v1/documents');
    request.setRequestHeader('Accept', 'application/json');
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as SourceDocument);
      else reject(refused(request.status, 'v1/documents', 'POST', request.responseText));
    };
    request.onerror = () => reject(new Problem(0, 'network_error'));
    request.onabort = () => reject(new Problem(0, 'upload_cancelled'));
    signal.addEventListener('abort', () => request.abort());
    // `collection` goes first, so that the server can refuse before it has read the file.
    const form = new FormData();
    form.append('collection', collection);
    form.append('file', file, file.name);
    request.send(form);
  });
}
